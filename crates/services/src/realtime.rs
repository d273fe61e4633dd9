//! The log reaches sockets.
//!
//! One pump per workspace reads new events, loads the entities they concern, and hands the frames to every socket of the
//! workspace. A socket that was away reads the same frames from the log. Frames carry whole entities as they are now, so that
//! applying them in order always ends at what a reload would show.

use crate::views::{self, CommentView, ContactChannelView, ContactView, ConversationView, EventView, MessageView};
use crate::{Error, Result, Services};
use bytes::Bytes;
use ism_bus::Wake;
use ism_domain::message::Message;
use ism_domain::{CommentId, ContactChannelId, ContactId, ConversationId, MessageId, Timestamp, UserId, WorkspaceId};
use ism_store::tables::{channels, comments, contacts, conversations, messages};
use ism_store::{Event, Tx, log};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::broadcast;

/// Frames a slow socket may be behind before it has to read the log again.
const BACKLOG: usize = 1_024;
/// Events read at once.
const PAGE: i64 = 256;
/// A client further behind than this fetches everything anew.
pub const TOO_FAR: i64 = 2_000;
/// How often every workspace with sockets is looked at, in case a wake-up was lost.
const SWEEP: Duration = Duration::from_secs(1);

/// Something for the sockets of a workspace.
#[derive(Debug, Clone)]
pub enum Frame {
    /// An event of the log.
    Event(Arc<EventFrame>),
    /// Typing and the like: shown if it arrives, not missed if it does not. JSON text.
    Ephemeral(Bytes),
    /// Who is here has changed.
    Presence(Arc<Vec<UserId>>),
    /// A user's sockets must close.
    Closed(UserId),
}

/// An event with the entities it concerns.
#[derive(Debug)]
pub struct EventFrame {
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    pub contact_id: Option<ContactId>,
    /// The message of the event, for sockets of visitors.
    pub message: Option<Message>,
    /// `"seq":…,"event":{…},…` without the braces: what follows `"prev":…,` in a frame.
    body: String,
}

impl EventFrame {
    /// The frame's text for a connection whose last frame was `prev`.
    #[must_use]
    pub fn text(&self, prev: i64) -> String {
        format!(r#"{{"type":"event","prev":{prev},{}"#, self.body)
    }
}

#[derive(Serialize)]
struct Parts {
    seq: i64,
    event: EventView,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<CommentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_channel: Option<ContactChannelView>,
}

/// The sockets of this node.
#[derive(Default)]
pub struct Hub {
    feeds: Mutex<HashMap<WorkspaceId, Feed>>,
}

struct Feed {
    sender: broadcast::Sender<Frame>,
    /// The newest event handed out.
    seq: i64,
    /// Sockets per user.
    present: BTreeMap<UserId, usize>,
}

impl Hub {
    fn feeds(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Feed>> {
        self.feeds.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Users with an open socket.
    #[must_use]
    pub fn online(&self, workspace: WorkspaceId) -> Vec<UserId> {
        self.feeds()
            .get(&workspace)
            .map(|feed| feed.present.keys().copied().collect())
            .unwrap_or_default()
    }

    /// Sockets of this node.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.feeds().values().map(|feed| feed.sender.receiver_count()).sum()
    }

    fn send(&self, workspace: WorkspaceId, frame: Frame) {
        if let Some(feed) = self.feeds().get(&workspace) {
            // Nobody listening is fine.
            drop(feed.sender.send(frame));
        }
    }

    fn close_user(&self, user: UserId) {
        for feed in self.feeds().values() {
            drop(feed.sender.send(Frame::Closed(user)));
        }
    }
}

/// A socket's view of its workspace.
pub struct Subscription {
    services: Services,
    workspace: WorkspaceId,
    user: Option<UserId>,
    frames: broadcast::Receiver<Frame>,
}

impl Subscription {
    /// The next frame; `None` when this socket was too slow and must read the log again.
    pub async fn next(&mut self) -> Option<Frame> {
        match self.frames.recv().await {
            Ok(frame) => Some(frame),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            // The hub keeps a sender as long as it lives.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(user) = self.user else { return };
        let mut feeds = self.services.realtime.feeds();
        if let Some(feed) = feeds.get_mut(&self.workspace) {
            let left = feed.present.get_mut(&user).map_or(0, |count| {
                *count = count.saturating_sub(1);
                *count
            });
            if left == 0 {
                feed.present.remove(&user);
                let present = feed.present.keys().copied().collect();
                drop(feed.sender.send(Frame::Presence(Arc::new(present))));
            }
        }
    }
}

impl Services {
    /// Listens to a workspace, as a user or as a visitor (`None`).
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn subscribe(&self, workspace: WorkspaceId, user: Option<UserId>) -> Result<Subscription> {
        let head = self.log_head(workspace).await?;
        let mut feeds = self.realtime.feeds();
        let feed = feeds.entry(workspace).or_insert_with(|| Feed {
            sender: broadcast::channel(BACKLOG).0,
            seq: head,
            present: BTreeMap::new(),
        });
        if feed.sender.receiver_count() == 0 {
            // Nobody followed while nobody was here.
            feed.seq = feed.seq.max(head);
        }
        let frames = feed.sender.subscribe();
        if let Some(user) = user {
            let sockets = feed.present.entry(user).or_default();
            *sockets += 1;
            // Only when somebody came: telling all sockets of each other socket takes long when all come back at once.
            if *sockets == 1 {
                let present = feed.present.keys().copied().collect();
                drop(feed.sender.send(Frame::Presence(Arc::new(present))));
            }
        }
        drop(feeds);
        Ok(Subscription {
            services: self.clone(),
            workspace,
            user,
            frames,
        })
    }

    /// The number of the newest event.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn log_head(&self, workspace: WorkspaceId) -> Result<i64> {
        Ok(self.store.read(workspace, move |tx| log::head(tx, workspace)).await?)
    }

    /// Frames after a number, oldest first; at most a page.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn frames_after(&self, workspace: WorkspaceId, seq: i64) -> Result<Vec<Arc<EventFrame>>> {
        self.store.snapshot(workspace, move |tx| frames(tx, seq)).await
    }

    /// Tells everyone in a workspace that someone types. `user` is absent for the customer.
    pub fn typing(&self, workspace: WorkspaceId, contact: ContactId, user: Option<UserId>) {
        let frame = serde_json::json!({ "type": "typing", "contact_id": contact, "user_id": user });
        self.bus.publish_ephemeral(workspace.0, Bytes::from(frame.to_string()));
    }
}

/// Pumps the log to this node's sockets until the process stops.
pub(crate) async fn run(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    let mut ephemeral = services.bus.subscribe_ephemeral();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let mut dirty: BTreeSet<WorkspaceId> = BTreeSet::new();
        tokio::select! {
            () = services.stopping.cancelled() => return,
            frame = ephemeral.next() => {
                let Some((workspace, frame)) = frame else { return };
                services.realtime.send(WorkspaceId(workspace), Frame::Ephemeral(frame));
            }
            wake = wakes.next() => match wake {
                Some(Wake::Events { workspace_id, .. }) => drop(dirty.insert(WorkspaceId(workspace_id))),
                Some(Wake::SessionEnded { user_id, .. }) => services.realtime.close_user(UserId(user_id)),
                Some(Wake::AccessChanged { user_id, .. }) => services.realtime.close_user(UserId(user_id)),
                Some(Wake::Lagged) => dirty.extend(services.realtime.feeds().keys().copied()),
                Some(_) => {}
                None => return,
            },
            _ = sweep.tick() => {
                metrics::gauge!("ism_realtime_sockets").set(services.realtime.sockets() as f64);
                dirty.extend(services.realtime.feeds().keys().copied());
            }
        }
        futures::future::join_all(dirty.into_iter().map(|workspace| pump(&services, workspace))).await;
    }
}

async fn pump(services: &Services, workspace: WorkspaceId) {
    loop {
        let from = {
            let feeds = services.realtime.feeds();
            match feeds.get(&workspace) {
                Some(feed) if feed.sender.receiver_count() > 0 => feed.seq,
                _ => return,
            }
        };
        let found = match services.frames_after(workspace, from).await {
            Ok(found) => found,
            Err(error) => {
                metrics::counter!("ism_realtime_errors").increment(1);
                tracing::warn!(%error, %workspace, "the log could not be read");
                return;
            }
        };
        let Some(last) = found.last().map(|frame| frame.seq) else {
            return;
        };
        let full = found.len() as i64 == PAGE;
        metrics::gauge!("ism_realtime_depth").set(found.len() as f64);
        if let Some(oldest) = found.first() {
            let age = (services.store.now().0 - oldest.at.0).max(0) as f64 / 1e6;
            metrics::histogram!("ism_realtime_age_seconds").record(age);
        }
        let mut feeds = services.realtime.feeds();
        let Some(feed) = feeds.get_mut(&workspace) else { return };
        metrics::counter!("ism_realtime_frames").increment(found.len() as u64);
        for frame in found.into_iter().filter(|frame| frame.seq > feed.seq) {
            drop(feed.sender.send(Frame::Event(frame)));
        }
        feed.seq = feed.seq.max(last);
        if !full {
            return;
        }
    }
}

/// A page of the log with everything its events concern, loaded as sets.
fn frames(tx: &mut Tx<'_>, seq: i64) -> Result<Vec<Arc<EventFrame>>, Error> {
    let workspace = tx.workspace();
    let events = log::after(tx, workspace, seq, PAGE)?;
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let named = |event: &Event, field: &str| event.payload.get(field).and_then(Value::as_i64);
    let mut message_ids: BTreeSet<MessageId> = BTreeSet::new();
    let mut comment_ids: BTreeSet<CommentId> = BTreeSet::new();
    let mut contact_ids: BTreeSet<ContactId> = BTreeSet::new();
    let mut conversation_ids: BTreeSet<ConversationId> = BTreeSet::new();
    let mut link_ids: BTreeSet<ContactChannelId> = BTreeSet::new();
    for event in &events {
        message_ids.extend(named(event, "message_id").map(MessageId));
        comment_ids.extend(named(event, "comment_id").map(CommentId));
        link_ids.extend(named(event, "contact_channel_id").map(ContactChannelId));
        contact_ids.extend(event.contact_id);
        conversation_ids.extend(event.conversation_id);
    }
    let list = |ids: BTreeSet<MessageId>| ids.into_iter().collect::<Vec<_>>();
    let mut known: HashMap<MessageId, Message> = messages::get_many(tx, workspace, &list(message_ids))?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    link_ids.extend(known.values().map(|message| message.contact_channel_id));
    let quoted: BTreeSet<MessageId> = known.values().filter_map(|message| message.reply_to_id).collect();
    let missing: Vec<MessageId> = quoted.into_iter().filter(|id| !known.contains_key(id)).collect();
    known.extend(
        messages::get_many(tx, workspace, &missing)?
            .into_iter()
            .map(|row| (row.id, row)),
    );
    let notes: HashMap<_, _> = comments::get_many(tx, workspace, &comment_ids.into_iter().collect::<Vec<_>>())?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let people: HashMap<_, _> = contacts::get_many(tx, workspace, &contact_ids.into_iter().collect::<Vec<_>>())?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let talks: HashMap<_, _> =
        conversations::get_many(tx, workspace, &conversation_ids.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
    let links: HashMap<_, _> = contacts::channels_many(tx, workspace, &link_ids.into_iter().collect::<Vec<_>>())?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let endpoints: HashMap<_, _> = if links.is_empty() {
        HashMap::new()
    } else {
        channels::list_all(tx, workspace)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect()
    };
    events
        .iter()
        .map(|event| {
            let message = named(event, "message_id").and_then(|id| known.get(&MessageId(id)));
            let link = message
                .map(|message| message.contact_channel_id)
                .or_else(|| named(event, "contact_channel_id").map(ContactChannelId))
                .and_then(|id| links.get(&id));
            let parts = Parts {
                seq: event.seq,
                event: views::event(event),
                contact: event.contact_id.and_then(|id| people.get(&id)).map(views::contact),
                conversation: event
                    .conversation_id
                    .and_then(|id| talks.get(&id))
                    .map(views::conversation),
                message: message
                    .map(|message| views::message(message, message.reply_to_id.and_then(|id| known.get(&id)))),
                comment: named(event, "comment_id")
                    .and_then(|id| notes.get(&CommentId(id)))
                    .map(views::comment),
                contact_channel: link.map(|link| views::contact_channel(link, endpoints.get(&link.channel_id))),
            };
            let text = serde_json::to_string(&parts).map_err(|error| Error::Internal(error.to_string()))?;
            Ok(Arc::new(EventFrame {
                seq: event.seq,
                at: event.at,
                contact_id: event.contact_id,
                message: message.cloned(),
                body: text.get(1..).unwrap_or_default().to_owned(),
            }))
        })
        .collect()
}
