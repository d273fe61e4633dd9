//! The web app's WebSocket: the log from a number on, without a gap, and what does not last (typing, presence).

use crate::App;
use crate::auth::{COOKIE, same_origin, session_token};
use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ism_domain::{ContactId, WorkspaceId};
use ism_services::Member;
use ism_services::realtime::{Frame, Subscription, TOO_FAR};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// A socket that takes no frame for this long is given up; its client resumes.
const SEND: Duration = Duration::from_secs(10);
/// How often we make sure that the other side is there.
const PING: Duration = Duration::from_secs(25);
/// Without a sign of life for this long the socket is closed.
const SILENCE: Duration = Duration::from_secs(70);
/// Close code: the session has ended.
const SIGNED_OUT: u16 = 4401;
/// Close code: the server stops; come back.
const GOING_AWAY: u16 = 1001;

pub fn router() -> Router<App> {
    Router::new().route("/realtime", get(connect))
}

#[derive(Deserialize)]
struct Params {
    workspace: WorkspaceId,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    /// Send everything after this number.
    Resume {
        seq: i64,
    },
    Typing {
        contact_id: ContactId,
    },
    Ping,
}

/// Whether a client's frame is understood.
pub(crate) fn understands(text: &str) -> bool {
    serde_json::from_str::<Said>(text).is_ok()
}

async fn connect(
    State(app): State<App>,
    Query(params): Query<Params>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // Browsers send cookies along with WebSockets of any page: only our own pages may use them.
    if !same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "This page may not connect.").into_response();
    }
    let Some(token) = session_token(&headers).map(str::to_owned) else {
        return (
            StatusCode::UNAUTHORIZED,
            format!("Sign in first: the cookie {COOKIE} is missing."),
        )
            .into_response();
    };
    let signed_in = match app.services.session(&token).await {
        Ok(Some(signed_in)) => signed_in,
        Ok(None) => return (StatusCode::UNAUTHORIZED, "The session has ended.").into_response(),
        Err(error) => return crate::error::ApiError::from(error).into_response(),
    };
    let member = match app.services.member(signed_in.user, params.workspace).await {
        Ok(member) => member,
        Err(error) => return crate::error::ApiError::from(error).into_response(),
    };
    upgrade
        .max_message_size(64 * 1024)
        .on_upgrade(move |socket| async move {
            let subscription = match app.services.subscribe(member.workspace, Some(member.user)).await {
                Ok(subscription) => subscription,
                Err(error) => {
                    tracing::warn!(%error, "a socket could not subscribe");
                    return;
                }
            };
            let mut connection = Connection {
                app,
                socket,
                member,
                token,
                last: None,
                last_typing: None,
            };
            let ended = connection.run(subscription).await;
            if let Some(code) = ended {
                drop(
                    connection
                        .socket
                        .send(Message::Close(Some(CloseFrame {
                            code,
                            reason: "".into(),
                        })))
                        .await,
                );
            }
        })
}

struct Connection {
    app: App,
    socket: WebSocket,
    member: Member,
    token: String,
    /// The newest event this client has.
    last: Option<i64>,
    last_typing: Option<tokio::time::Instant>,
}

impl Connection {
    /// Serves the socket until it ends. Returns a close code if we are the one who ends it.
    async fn run(&mut self, mut subscription: Subscription) -> Option<u16> {
        let mut ping = tokio::time::interval(PING);
        let mut heard = tokio::time::Instant::now();
        let present = json!({ "type": "presence", "online": self.app.services.realtime.online(self.member.workspace) });
        self.send(present.to_string()).await?;
        loop {
            tokio::select! {
                () = self.app.services.stopping.cancelled() => return Some(GOING_AWAY),
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Some(GOING_AWAY);
                    }
                    self.send_message(Message::Ping(bytes::Bytes::new())).await?;
                }
                said = self.socket.recv() => {
                    let said = said?.ok()?;
                    heard = tokio::time::Instant::now();
                    if let Message::Text(text) = said {
                        self.hear(&text).await?;
                    }
                }
                frame = subscription.next() => match frame {
                    Some(Frame::Event(frame)) => match self.last {
                        Some(last) if frame.seq == last + 1 => {
                            self.send(frame.text(last)).await?;
                            self.last = Some(frame.seq);
                        }
                        // Before the client has said where it stands there is nothing to send; a gap is filled from the log.
                        Some(last) if frame.seq > last => self.catch_up().await?,
                        _ => {}
                    },
                    None => self.catch_up().await?,
                    Some(Frame::Ephemeral(bytes)) => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        self.send(text).await?;
                    }
                    Some(Frame::Presence(online)) => {
                        self.send(json!({ "type": "presence", "online": *online }).to_string()).await?;
                    }
                    Some(Frame::Closed(user)) if user == self.member.user => {
                        if !still_allowed(&self.app, &self.token, self.member).await {
                            return Some(SIGNED_OUT);
                        }
                    }
                    Some(Frame::Closed(_)) => {}
                },
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Option<()> {
        match serde_json::from_str(text) {
            Ok(Said::Resume { seq }) => {
                let head = self.app.services.log_head(self.member.workspace).await.ok()?;
                // A number from the future means that the log was restored from a copy.
                if seq > head || head - seq > TOO_FAR || seq < 0 {
                    self.last = Some(head);
                    self.send(json!({ "type": "reload", "seq": head }).to_string()).await?;
                } else {
                    self.last = Some(seq);
                    self.catch_up().await?;
                }
                let seq = self.last;
                self.send(json!({ "type": "caught_up", "seq": seq }).to_string()).await
            }
            Ok(Said::Typing { contact_id }) => {
                let quiet = self
                    .last_typing
                    .is_none_or(|last| last.elapsed() > Duration::from_secs(1));
                if quiet {
                    self.last_typing = Some(tokio::time::Instant::now());
                    self.app
                        .services
                        .typing(self.member.workspace, contact_id, Some(self.member.user));
                }
                Some(())
            }
            Ok(Said::Ping) => self.send(json!({ "type": "pong" }).to_string()).await,
            Err(_) => Some(()),
        }
    }

    /// Sends what the log has beyond the client's number.
    async fn catch_up(&mut self) -> Option<()> {
        loop {
            let Some(last) = self.last else { return Some(()) };
            let frames = self.app.services.frames_after(self.member.workspace, last).await.ok()?;
            if frames.is_empty() {
                return Some(());
            }
            for frame in frames {
                let last = self.last?;
                self.send(frame.text(last)).await?;
                self.last = Some(frame.seq);
            }
        }
    }

    async fn send(&mut self, text: String) -> Option<()> {
        self.send_message(Message::Text(text.into())).await
    }

    async fn send_message(&mut self, message: Message) -> Option<()> {
        match tokio::time::timeout(SEND, self.socket.send(message)).await {
            Ok(Ok(())) => Some(()),
            _ => None,
        }
    }
}

/// Whether the session lives and the role is unchanged; a client whose role changed starts over with new permissions.
async fn still_allowed(app: &App, token: &str, member: Member) -> bool {
    let lives = matches!(app.services.session(token).await, Ok(Some(_)));
    let now = app.services.member(member.user, member.workspace).await;
    lives && now.is_ok_and(|now| now.role == member.role)
}
