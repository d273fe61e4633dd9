//! The handle: one lock around the world, a signal on every change, and a stream of events for the page.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use crate::dispatch::{self, Event, Queues};
use crate::faults::Knobs;
use crate::world::{AccountKind, Chat, Content, Counters, FileEntry, MediaKind, Message, Side, StatusChange, World};
use crate::{Error, Options, Result, log, state_file};

/// Bytes of files kept; the oldest go first.
const FILES_BYTES: usize = 256 * 1024 * 1024;
/// How long a provider waits for a webhook's answer.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// A cheap handle on a running simulator.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub options: Options,
    pub http: reqwest::Client,
    world: Mutex<World>,
    queues: Mutex<Queues>,
    log: Mutex<VecDeque<log::Entry>>,
    version: watch::Sender<u64>,
    events: broadcast::Sender<Arc<str>>,
    closing: watch::Sender<bool>,
    address: OnceLock<SocketAddr>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// A poisoned lock means a panic elsewhere; the data are plain and still usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub fn queues(&self) -> MutexGuard<'_, Queues> {
        locked(&self.queues)
    }

    /// Runs something in the background until the simulator closes.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if *self.closing.borrow() {
            return;
        }
        let mut tasks = locked(&self.tasks);
        if tasks.len() > 256 {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(tokio::spawn(task));
    }
}

impl Simulator {
    /// Reads the state file, if one is named and exists.
    pub fn new(options: Options) -> Result<Self> {
        let world = match &options.state_file {
            Some(path) => state_file::load(path)?,
            None => World::default(),
        };
        let http = reqwest::Client::builder()
            .timeout(WEBHOOK_TIMEOUT)
            .user_agent("ism-simulator/1.0")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let mut queues = Queues::default();
        for account in world.accounts.values() {
            if let AccountKind::Telegram(bot) = &account.kind
                && let Some(webhook) = &bot.webhook
            {
                queues.set_connections(&account.key, webhook.max_connections);
            }
        }
        let inner = Inner {
            options,
            http,
            world: Mutex::new(world),
            queues: Mutex::new(queues),
            log: Mutex::new(VecDeque::new()),
            version: watch::Sender::new(0),
            events: broadcast::Sender::new(512),
            closing: watch::Sender::new(false),
            address: OnceLock::new(),
            tasks: Mutex::new(Vec::new()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn now(&self) -> i64 {
        (self.inner.options.clock)()
    }

    pub(crate) fn listening_on(&self, address: SocketAddr) {
        let _ = self.inner.address.set(address);
    }

    /// Where the product reaches us, for links in webhooks.
    pub(crate) fn base_url(&self) -> String {
        match (&self.inner.options.public_url, self.inner.address.get()) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(address)) if address.ip().is_unspecified() => format!("http://127.0.0.1:{}", address.port()),
            (None, Some(address)) => format!("http://{address}"),
            (None, None) => "http://127.0.0.1".to_owned(),
        }
    }

    /// Looks at the world. The closure must not call back into the simulator.
    pub fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&locked(&self.inner.world))
    }

    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut locked(&self.inner.world));
        self.inner.version.send_modify(|version| *version += 1);
        result
    }

    /// Ready at the next change of anything.
    pub(crate) async fn changed(&self) {
        let _ = self.inner.version.subscribe().changed().await;
    }

    pub(crate) fn version(&self) -> u64 {
        *self.inner.version.borrow()
    }

    /// Ready when the simulator is told to end.
    pub(crate) async fn closed(&self) {
        let _ = self.inner.closing.subscribe().wait_for(|closing| *closing).await;
    }

    pub(crate) fn close(&self) {
        self.inner.closing.send_replace(true);
        for task in locked(&self.inner.tasks).drain(..) {
            task.abort();
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.inner.events.subscribe()
    }

    /// Tells the pages that are open.
    pub(crate) fn tell(&self, event: &Value) {
        if self.inner.events.receiver_count() > 0 {
            let _ = self.inner.events.send(event.to_string().into());
        }
    }

    pub(crate) fn tell_message(&self, account: &str, phone: &str, message: &Message) {
        self.tell(&json!({"type": "message", "account": account, "phone": phone, "message": message}));
    }

    pub(crate) fn tell_chat(&self, account: &str, phone: &str) {
        self.tell(&json!({"type": "chat", "account": account, "phone": phone}));
    }

    pub(crate) fn tell_accounts(&self) {
        self.tell(&json!({"type": "accounts"}));
    }

    pub(crate) fn log(&self, mut entry: log::Entry) {
        entry.at = self.now();
        entry.seq = self.write(World::tick);
        self.tell(&json!({"type": "log", "entry": &entry}));
        let mut log = locked(&self.inner.log);
        log.push_back(entry);
        if log.len() > log::KEPT {
            log.pop_front();
        }
    }

    pub(crate) fn logged(&self) -> Vec<log::Entry> {
        locked(&self.inner.log).iter().cloned().collect()
    }

    pub(crate) fn clear_log(&self) {
        locked(&self.inner.log).clear();
    }

    pub(crate) fn kind_of(&self, account: &str) -> Option<&'static str> {
        self.read(|world| {
            Some(match world.accounts.get(account)?.kind {
                AccountKind::Telegram(_) => "telegram",
                AccountKind::Whatsapp(_) => "whatsapp",
                AccountKind::Custom(_) => "custom",
            })
        })
    }

    pub(crate) fn knobs(&self, account: &str) -> Knobs {
        self.read(|world| world.accounts.get(account).map(|a| a.knobs.clone()))
            .unwrap_or_default()
    }

    /// Puts an event of a chat on its way to the business.
    pub(crate) fn send_webhook(&self, account: &str, phone: &str, body: Value) {
        let event = Event {
            phone: phone.to_owned(),
            body,
            born: self.now(),
            attempted: None,
        };
        dispatch::enqueue(self, account, event);
    }

    /// As [`Self::send_webhook`], and waits until the first attempt was answered.
    pub(crate) async fn send_webhook_and_wait(&self, account: &str, phone: &str, body: Value) {
        let (told, attempted) = tokio::sync::oneshot::channel();
        let event = Event {
            phone: phone.to_owned(),
            body,
            born: self.now(),
            attempted: Some(told),
        };
        dispatch::enqueue(self, account, event);
        let _ = tokio::time::timeout(WEBHOOK_TIMEOUT, attempted).await;
    }

    /// Keeps a file and returns its id.
    pub(crate) fn store_file(
        &self,
        bytes: Bytes,
        mime: &str,
        name: Option<String>,
        owner: Option<String>,
    ) -> FileEntry {
        self.write(|world| {
            let id = (7_100_000_000_000 + world.tick()).to_string();
            let entry = FileEntry {
                id: id.clone(),
                mime: mime.to_owned(),
                name,
                size: bytes.len(),
                bytes,
                owner,
            };
            world.files.insert(id, entry.clone());
            let mut total: usize = world.files.values().map(|f| f.bytes.len()).sum();
            while total > FILES_BYTES
                && let Some((_, oldest)) = world.files.pop_first()
            {
                total -= oldest.bytes.len();
            }
            entry
        })
    }

    /// Content for a stored file.
    pub(crate) fn media(kind: MediaKind, file: &FileEntry, caption: Option<String>) -> Content {
        Content::Media {
            kind,
            file: file.id.clone(),
            mime: file.mime.clone(),
            name: file.name.clone(),
            size: file.size,
            caption,
        }
    }

    /// Takes a message of the business into the chat and counts it.
    pub(crate) fn receive(&self, account: &str, phone: &str, message: Message) {
        self.write(|world| {
            let hash = content_hash(&message);
            let chat = world.chat_mut(account, phone);
            chat.typing_until = 0;
            let same = chat.hashes.contains(&hash);
            chat.hashes.push_back(hash);
            if chat.hashes.len() > 500 {
                chat.hashes.pop_front();
            }
            chat.push(message.clone());
            if let Some(counters) = world.counters(account) {
                counters.accepted += 1;
                counters.same_content += u64::from(same);
            }
        });
        self.tell_message(account, phone, &message);
    }

    /// Notes a status on a message of the business; false when the message is unknown.
    pub(crate) fn note_status(&self, account: &str, phone: &str, id: &str, change: StatusChange) -> bool {
        let changed = self.write(|world| {
            let message = world.chat_mut(account, phone).message_mut(id)?;
            message.statuses.push(change);
            Some(message.clone())
        });
        if let Some(message) = &changed {
            self.tell_message(account, phone, message);
        }
        changed.is_some()
    }

    // ---- for tests and the control API -------------------------------------------------------------------------

    /// The chat between an account and a phone, as it is now.
    pub async fn chat(&self, account: &str, phone: &str) -> Option<Chat> {
        self.read(|world| world.chat(account, phone).cloned())
    }

    /// Everything in the chat, oldest first.
    pub async fn messages(&self, account: &str, phone: &str) -> Vec<Message> {
        self.read(|world| world.chat(account, phone).map(|c| c.messages.iter().cloned().collect()))
            .unwrap_or_default()
    }

    /// What the customer received, oldest first.
    pub async fn received(&self, account: &str, phone: &str) -> Vec<Message> {
        self.messages(account, phone)
            .await
            .into_iter()
            .filter(|m| m.from == Side::Business)
            .collect()
    }

    pub async fn counters(&self, account: &str) -> Result<Counters> {
        self.read(|world| world.accounts.get(account).map(|a| a.counters.clone()))
            .ok_or_else(|| Error::NotFound(format!("There is no account {account}.")))
    }

    /// Webhooks that were not accepted yet.
    pub async fn pending_webhooks(&self, account: &str) -> usize {
        self.inner.queues().pending(account)
    }

    /// Changes an account's behaviour.
    pub async fn set_knobs(&self, account: &str, change: impl FnOnce(&mut Knobs)) -> Result<Knobs> {
        let knobs = self.write(|world| {
            let account = world.accounts.get_mut(account)?;
            change(&mut account.knobs);
            Some(account.knobs.clone())
        });
        self.tell_accounts();
        knobs.ok_or_else(|| Error::NotFound(format!("There is no account {account}.")))
    }

    /// Waits until `look` finds what it wants, checking after every change.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        deadline: Duration,
        mut look: impl FnMut(&World) -> Option<T>,
    ) -> Result<T> {
        let mut changes = self.inner.version.subscribe();
        let found = tokio::time::timeout(deadline, async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.read(&mut look) {
                    return Some(found);
                }
                if changes.changed().await.is_err() {
                    return None;
                }
            }
        })
        .await;
        match found {
            Ok(Some(found)) => Ok(found),
            _ => Err(Error::Late {
                what: what.to_owned(),
                seconds: deadline.as_secs(),
            }),
        }
    }

    /// Waits for a message the customer received.
    pub async fn wait_received(
        &self,
        account: &str,
        phone: &str,
        deadline: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message> {
        self.wait_for("a message for the customer", deadline, |world| {
            world.chat(account, phone)?.received().find(|m| wanted(m)).cloned()
        })
        .await
    }

    /// Forgets everything: accounts, phones, chats, files, log.
    pub async fn reset(&self) {
        self.write(|world| {
            *world = World {
                next: world.next,
                ..World::default()
            }
        });
        self.inner.queues().forget(None);
        self.clear_log();
        self.tell(&json!({"type": "reset"}));
    }

    pub(crate) fn save(&self) -> Result<()> {
        let Some(path) = &self.inner.options.state_file else {
            return Ok(());
        };
        let world = self.read(World::clone);
        state_file::save(path, &world)
    }

    /// Saves soon after a change, for as long as it is polled.
    pub(crate) async fn keep_saving(self) -> std::convert::Infallible {
        let mut saved = self.version();
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let version = self.version();
            if version == saved || self.inner.options.state_file.is_none() {
                continue;
            }
            saved = version;
            let sim = self.clone();
            match tokio::task::spawn_blocking(move || sim.save()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the simulator could not save its state"),
                Err(error) => tracing::warn!(%error, "saving the simulator's state was cut off"),
            }
        }
    }
}

/// Equal for messages a customer would take for the same.
fn content_hash(message: &Message) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    match &message.content {
        // A file is stored anew with every upload, so its id says nothing.
        Content::Media {
            kind,
            mime,
            name,
            size,
            caption,
            ..
        } => {
            (*kind as u8, mime, name, size, caption).hash(&mut hasher);
        }
        other => serde_json::to_string(other).unwrap_or_default().hash(&mut hasher),
    }
    message.reply_to.hash(&mut hasher);
    hasher.finish()
}
