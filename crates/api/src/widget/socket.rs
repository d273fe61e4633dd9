//! A visitor's socket. The first frame carries the token, so that it never stands in an address.

use super::check_origin;
use crate::App;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use ism_domain::message::{Direction, Status};
use ism_domain::{ContactId, MessageId, UserId};
use ism_services::realtime::{EventFrame, Frame, Subscription};
use ism_services::widget::Visitor;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const SEND: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(70);
/// How long a new socket has to say who it is.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// Close code: the token is no good.
const SIGNED_OUT: u16 = 4401;
const GOING_AWAY: u16 = 1001;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Auth {
        token: String,
        /// The number the visitor's messages were read at.
        seq: Option<i64>,
    },
    Typing,
    Ping,
}

/// Whether a client's frame is understood.
pub(crate) fn understands(text: &str) -> bool {
    serde_json::from_str::<Said>(text).is_ok()
}

pub async fn connect(State(app): State<App>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(16 * 1024)
        .on_upgrade(move |mut socket| async move {
            let code = serve(app, headers, &mut socket).await;
            if let Some(code) = code {
                drop(
                    socket
                        .send(Message::Close(Some(CloseFrame {
                            code,
                            reason: "".into(),
                        })))
                        .await,
                );
            }
        })
}

async fn serve(app: App, headers: HeaderMap, socket: &mut WebSocket) -> Option<u16> {
    let first = tokio::time::timeout(INTRODUCTION, socket.recv()).await.ok()??.ok()?;
    let Message::Text(text) = first else {
        return Some(SIGNED_OUT);
    };
    let Ok(Said::Auth { token, seq }) = serde_json::from_str(&text) else {
        return Some(SIGNED_OUT);
    };
    let Ok(visitor) = app.services.visitor(&token).await else {
        return Some(SIGNED_OUT);
    };
    if check_origin(&app, &visitor.live, &headers).is_err() {
        return Some(SIGNED_OUT);
    }
    let workspace = visitor.live.row.workspace_id;
    let subscription = app.services.subscribe(workspace, None).await.ok()?;
    let names = app.services.agent_names(workspace).await.ok()?;
    let contact = app.services.visitor_contact(&visitor).await.ok()?;
    let mut connection = Connection {
        app,
        socket,
        visitor,
        contact,
        names,
        last_typing: None,
    };
    let head = connection.app.services.log_head(workspace).await.ok()?;
    // The log of a whole workspace is not for visitors to replay: what they missed they read as messages.
    let hello = if seq == Some(head) { "caught_up" } else { "reload" };
    connection.send(&json!({ "type": hello, "seq": head })).await?;
    connection.run(subscription).await
}

struct Connection<'s> {
    app: App,
    socket: &'s mut WebSocket,
    visitor: Visitor,
    /// Known once the visitor has written.
    contact: Option<ContactId>,
    names: HashMap<UserId, String>,
    last_typing: Option<tokio::time::Instant>,
}

impl Connection<'_> {
    async fn run(&mut self, mut subscription: Subscription) -> Option<u16> {
        let mut ping = tokio::time::interval(PING);
        let mut heard = tokio::time::Instant::now();
        loop {
            tokio::select! {
                () = self.app.services.stopping.cancelled() => return Some(GOING_AWAY),
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Some(GOING_AWAY);
                    }
                    let message = Message::Ping(bytes::Bytes::new());
                    tokio::time::timeout(SEND, self.socket.send(message)).await.ok()?.ok()?;
                }
                said = self.socket.recv() => {
                    let said = said?.ok()?;
                    heard = tokio::time::Instant::now();
                    if let Message::Text(text) = said {
                        self.hear(&text).await?;
                    }
                }
                frame = subscription.next() => match frame {
                    Some(Frame::Event(frame)) => self.event(&frame).await?,
                    Some(Frame::Ephemeral(bytes)) => {
                        let typing: Option<Value> = serde_json::from_slice(&bytes).ok();
                        let by_agent = typing.as_ref().is_some_and(|frame| {
                            frame["type"] == "typing"
                                && !frame["user_id"].is_null()
                                && self.contact.is_some_and(|contact| frame["contact_id"] == contact.0)
                        });
                        if by_agent {
                            self.send(&json!({ "type": "typing" })).await?;
                        }
                    }
                    // Too slow: the visitor reads the messages again.
                    None => self.send(&json!({ "type": "reload" })).await?,
                    Some(Frame::Presence(_) | Frame::Closed(_)) => {}
                },
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Option<()> {
        match serde_json::from_str(text) {
            Ok(Said::Typing) => {
                let quiet = self
                    .last_typing
                    .is_none_or(|last| last.elapsed() > Duration::from_secs(2));
                if let (true, Some(contact)) = (quiet, self.contact) {
                    self.last_typing = Some(tokio::time::Instant::now());
                    self.app
                        .services
                        .typing(self.visitor.live.row.workspace_id, contact, None);
                }
                Some(())
            }
            Ok(Said::Ping) => self.send(&json!({ "type": "pong" })).await,
            _ => Some(()),
        }
    }

    /// Passes a message on, if it is this visitor's.
    async fn event(&mut self, frame: &EventFrame) -> Option<()> {
        let Some(message) = frame
            .message
            .as_ref()
            .filter(|message| message.channel_id == self.visitor.live.row.id)
        else {
            return Some(());
        };
        if self.contact.is_none() {
            self.contact = self.app.services.visitor_contact(&self.visitor).await.ok()?;
        }
        if self.contact != Some(message.contact_id) {
            return Some(());
        }
        let by_agent = message.direction == Direction::Outgoing;
        let unknown = message
            .sender_id
            .is_some_and(|id| !self.names.contains_key(&UserId(id)));
        if by_agent && unknown {
            self.names = self.app.services.agent_names(message.workspace_id).await.ok()?;
        }
        let view = self.app.services.widget_message(message, &self.names);
        self.send(&json!({ "type": "message", "seq": frame.seq, "message": view }))
            .await?;
        if by_agent && message.status == Some(Status::Sent) {
            self.delivered(message.id);
        }
        Some(())
    }

    /// The frame was taken by the visitor's browser.
    fn delivered(&self, up_to: MessageId) {
        let (services, visitor) = (self.app.services.clone(), self.visitor.clone());
        self.app.services.tasks.spawn(async move {
            if let Err(error) = services.visitor_saw(&visitor, up_to, Status::Delivered).await {
                tracing::warn!(%error, "a delivery to a visitor could not be noted");
            }
        });
    }

    async fn send(&mut self, frame: &Value) -> Option<()> {
        let message = Message::Text(frame.to_string().into());
        tokio::time::timeout(SEND, self.socket.send(message)).await.ok()?.ok()
    }
}
