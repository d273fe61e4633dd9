//! The bus among several nodes, over NATS core subjects:
//!
//! | subject | carries |
//! | --- | --- |
//! | `PREFIX.wake.NODE` | a [`Wake`] as JSON |
//! | `PREFIX.live.WORKSPACE.NODE` | an ephemeral frame, as it is |
//! | `PREFIX.echo.NODE` | a node's word to itself: heard again, it proves that its subscriptions stand |
//!
//! `NODE` names the sender, so that a node skips what it has already delivered to itself.
//!
//! What NATS loses must not stay unnoticed. After each connection a node waits for its own echo, since only then it is
//! certain to hear the others, and delivers [`Wake::Lagged`] to itself; it also sends one to the others, who may have
//! missed what it could not send meanwhile.

use crate::{Wake, local::Local};
use async_nats::{Client, ConnectOptions, Event, Message, ServerAddr, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// Messages waiting to be handed to the NATS client; what comes on top is dropped and counted.
const QUEUE: usize = 4096;
/// How long a starting node waits for NATS.
const FIRST_CONNECTION: Duration = Duration::from_secs(3);

/// The configuration of the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    // The address itself stays out of the text: it may hold a password.
    #[error("the NATS address is not valid: write nats://HOST:PORT, several with commas between")]
    Address,
    #[error(
        "the NATS prefix \"{0}\" is not valid: use letters, digits, '-' and '_', with single dots between if needed"
    )]
    Prefix(String),
    #[error("could not set up the NATS connection: {0}")]
    Setup(String),
}

pub(crate) struct Cluster {
    wakes: mpsc::Sender<Wake>,
    frames: mpsc::Sender<(i64, Bytes)>,
    link: Arc<Link>,
    tasks: Vec<JoinHandle<()>>,
}

/// What is known about the connection.
struct Link {
    /// Goes up with every connection and disconnection: an echo of an earlier connection proves nothing.
    era: AtomicU64,
    /// Whether the echo of this era was heard.
    hears: watch::Sender<bool>,
    /// There is a new connection to say hello on.
    connected: Notify,
    /// Wakes were dropped, which the other nodes must be told.
    dropped: AtomicBool,
    /// The bus is in use, so from now on a new connection means that something may have been missed.
    in_use: AtomicBool,
}

/// The subjects of this node.
#[derive(Clone)]
struct Subjects {
    prefix: String,
    node: String,
}

impl Cluster {
    pub(crate) async fn join(url: &str, prefix: &str, local: Arc<Local>) -> Result<Self, BusError> {
        let addresses = addresses(url)?;
        check_prefix(prefix)?;
        let link = Arc::new(Link {
            era: AtomicU64::new(0),
            hears: watch::channel(false).0,
            connected: Notify::new(),
            dropped: AtomicBool::new(false),
            in_use: AtomicBool::new(false),
        });
        let client = connect(addresses, &link, &local).await?;
        // An inbox name is unique; its last part serves as the name of this node on the bus.
        let node = client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned();
        let subjects = Subjects {
            prefix: prefix.to_owned(),
            node,
        };

        let subscribe = |subject: String| {
            let client = client.clone();
            async move {
                client
                    .subscribe(subject)
                    .await
                    .map_err(|error| BusError::Setup(error.to_string()))
            }
        };
        let wakes = subscribe(format!("{prefix}.wake.*")).await?;
        let frames = subscribe(format!("{prefix}.live.*.*")).await?;
        // Last, so that the server knows the others when it answers this one.
        let echoes = subscribe(subjects.echo()).await?;

        let (wake_queue, queued_wakes) = mpsc::channel(QUEUE);
        let (frame_queue, queued_frames) = mpsc::channel(QUEUE);
        let tasks = vec![
            tokio::spawn(send(
                client,
                subjects.clone(),
                link.clone(),
                queued_wakes,
                queued_frames,
            )),
            tokio::spawn(receive_wakes(wakes, subjects.clone(), local.clone())),
            tokio::spawn(receive_frames(frames, subjects, local.clone())),
            tokio::spawn(hear_echoes(echoes, link.clone(), local)),
        ];
        let cluster = Self {
            wakes: wake_queue,
            frames: frame_queue,
            link,
            tasks,
        };
        cluster.await_connection().await;
        Ok(cluster)
    }

    async fn await_connection(&self) {
        let mut hears = self.link.hears.subscribe();
        if timeout(FIRST_CONNECTION, hears.wait_for(|hears| *hears)).await.is_err() {
            tracing::warn!("NATS cannot be reached yet: other nodes are heard with a delay until it can");
        }
        self.link.in_use.store(true, Ordering::SeqCst);
    }

    pub(crate) fn wake(&self, wake: Wake) {
        if self.wakes.try_send(wake).is_err() {
            self.link.dropped.store(true, Ordering::SeqCst);
            count_dropped("wake");
        }
    }

    pub(crate) fn show(&self, workspace_id: i64, frame: Bytes) {
        if self.frames.try_send((workspace_id, frame)).is_err() {
            count_dropped("ephemeral");
        }
    }

    pub(crate) fn healthy(&self) -> bool {
        *self.link.hears.borrow()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Subjects {
    fn wake(&self) -> String {
        format!("{}.wake.{}", self.prefix, self.node)
    }

    fn live(&self, workspace_id: i64) -> String {
        format!("{}.live.{workspace_id}.{}", self.prefix, self.node)
    }

    fn echo(&self) -> String {
        format!("{}.echo.{}", self.prefix, self.node)
    }

    fn is_own(&self, subject: &str) -> bool {
        subject.rsplit('.').next() == Some(&self.node)
    }
}

fn addresses(url: &str) -> Result<Vec<ServerAddr>, BusError> {
    url.split(',')
        .map(|url| url.trim().parse().map_err(|_| BusError::Address))
        .collect()
}

fn check_prefix(prefix: &str) -> Result<(), BusError> {
    let is_token = |token: &str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if prefix.split('.').all(is_token) {
        Ok(())
    } else {
        Err(BusError::Prefix(prefix.to_owned()))
    }
}

async fn connect(addresses: Vec<ServerAddr>, link: &Arc<Link>, local: &Arc<Local>) -> Result<Client, BusError> {
    let (link, local) = (link.clone(), local.clone());
    ConnectOptions::new()
        .name("is-messenger")
        .retry_on_initial_connect()
        .max_reconnects(None)
        .event_callback(move |event| {
            note(&link, &local, &event);
            std::future::ready(())
        })
        .connect(addresses)
        .await
        .map_err(|error| BusError::Setup(error.to_string()))
}

fn note(link: &Link, local: &Local, event: &Event) {
    match event {
        Event::Connected => {
            link.era.fetch_add(1, Ordering::SeqCst);
            link.connected.notify_one();
        }
        Event::Disconnected | Event::Closed => {
            link.era.fetch_add(1, Ordering::SeqCst);
            link.hears.send_replace(false);
            tracing::warn!("the connection to NATS is lost: other nodes are heard with a delay until it is back");
        }
        // The client dropped messages because we read too slowly.
        Event::SlowConsumer(_) => local.wake(Wake::Lagged),
        Event::ServerError(error) => tracing::warn!(%error, "NATS reports an error"),
        Event::ClientError(error) => tracing::warn!(%error, "the NATS client reports an error"),
        Event::LameDuckMode | Event::Draining => {}
    }
}

/// Hands everything to NATS. While there is no connection the client takes a few thousand messages and then makes this
/// task wait; the queues fill and further messages are dropped.
async fn send(
    client: Client,
    subjects: Subjects,
    link: Arc<Link>,
    mut wakes: mpsc::Receiver<Wake>,
    mut frames: mpsc::Receiver<(i64, Bytes)>,
) {
    loop {
        tokio::select! {
            biased;
            () = link.connected.notified() => {
                let era = link.era.load(Ordering::SeqCst).to_string();
                publish(&client, "echo", subjects.echo(), era.into()).await;
                if link.in_use.load(Ordering::SeqCst) {
                    publish_wake(&client, &subjects, Wake::Lagged).await;
                }
            }
            wake = wakes.recv() => {
                let Some(wake) = wake else { return };
                publish_wake(&client, &subjects, wake).await;
                if wakes.is_empty() && link.dropped.swap(false, Ordering::SeqCst) {
                    publish_wake(&client, &subjects, Wake::Lagged).await;
                }
            }
            frame = frames.recv() => {
                let Some((workspace_id, frame)) = frame else { return };
                publish(&client, "ephemeral", subjects.live(workspace_id), frame).await;
            }
        }
    }
}

async fn publish_wake(client: &Client, subjects: &Subjects, wake: Wake) {
    match serde_json::to_vec(&wake) {
        Ok(json) => publish(client, "wake", subjects.wake(), json.into()).await,
        Err(_) => count_dropped("wake"),
    }
}

async fn publish(client: &Client, kind: &'static str, subject: String, payload: Bytes) {
    match client.publish(subject, payload).await {
        Ok(()) => metrics::counter!("ism_bus_published_total", "kind" => kind).increment(1),
        Err(_) => count_dropped(kind),
    }
}

async fn receive_wakes(mut messages: Subscriber, subjects: Subjects, local: Arc<Local>) {
    while let Some(Message { subject, payload, .. }) = messages.next().await {
        if subjects.is_own(&subject) {
            continue;
        }
        metrics::counter!("ism_bus_received_total", "kind" => "wake").increment(1);
        // A node of a newer version may say what we do not know yet: look everywhere rather than ignore it.
        local.wake(serde_json::from_slice(&payload).unwrap_or(Wake::Lagged));
    }
}

async fn receive_frames(mut messages: Subscriber, subjects: Subjects, local: Arc<Local>) {
    while let Some(Message { subject, payload, .. }) = messages.next().await {
        let workspace = subject.rsplit('.').nth(1).and_then(|token| token.parse().ok());
        if let Some(workspace_id) = workspace
            && !subjects.is_own(&subject)
        {
            metrics::counter!("ism_bus_received_total", "kind" => "ephemeral").increment(1);
            local.show(workspace_id, payload);
        }
    }
}

async fn hear_echoes(mut messages: Subscriber, link: Arc<Link>, local: Arc<Local>) {
    while let Some(message) = messages.next().await {
        let era = std::str::from_utf8(&message.payload)
            .ok()
            .and_then(|era| era.parse::<u64>().ok());
        if era != Some(link.era.load(Ordering::SeqCst)) {
            continue;
        }
        if link.in_use.load(Ordering::SeqCst) {
            tracing::info!("connected to NATS again");
            local.wake(Wake::Lagged);
        }
        link.hears.send_replace(true);
    }
}

fn count_dropped(kind: &'static str) {
    metrics::counter!("ism_bus_dropped_total", "kind" => kind).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_must_be_plain_tokens() {
        for good in ["ism", "prod.ism-1", "a_b"] {
            assert!(check_prefix(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a.*", ">", "a b", "a\r\nPUB"] {
            assert!(check_prefix(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn several_servers_may_be_named_and_a_wrong_one_is_not_repeated() {
        assert_eq!(addresses("nats://a:4222, nats://b:4222").unwrap().len(), 2);
        let error = addresses("http://user:s3cret@a").unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn a_wake_reads_back_as_it_was_written() {
        for wake in [
            Wake::Events {
                workspace_id: 1,
                seq: 2,
            },
            Wake::Outbox,
            Wake::Jobs,
            Wake::ChannelChanged {
                workspace_id: 1,
                channel_id: 2,
            },
            Wake::SessionEnded {
                session_id: 1,
                user_id: 2,
            },
            Wake::AccessChanged {
                workspace_id: 1,
                user_id: 2,
            },
            Wake::Lagged,
        ] {
            let json = serde_json::to_vec(&wake).unwrap();
            assert_eq!(serde_json::from_slice::<Wake>(&json).unwrap(), wake);
        }
    }
}
