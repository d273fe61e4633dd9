//! The bus among nodes, with a private NATS server per test.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use ism_bus::{Bus, BusError, EphemeralStream, Wake, WakeStream};
use std::{
    future::Future,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// A NATS server on a port of its own; can be stopped and started again on the same port.
struct Server {
    port: u16,
    dir: TempDir,
    process: Option<Child>,
}

impl Server {
    /// Reserves a port without starting.
    fn stopped() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self {
            port,
            dir: TempDir::new().unwrap(),
            process: None,
        }
    }

    fn started() -> Self {
        let mut server = Self::stopped();
        server.start();
        server
    }

    fn start(&mut self) {
        // Debian puts it where the PATH of an ordinary user does not reach.
        let program = if std::path::Path::new("/usr/sbin/nats-server").exists() {
            "/usr/sbin/nats-server"
        } else {
            "nats-server"
        };
        let child = Command::new(program)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string()])
            .current_dir(&self.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server is needed for this test (Debian package nats-server)");
        self.process = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    async fn join(&self) -> Bus {
        Bus::nats(&self.url(), "test").await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Nothing here takes long; what does is stuck.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it did not happen in 30 seconds")
}

async fn next(stream: &mut WakeStream) -> Wake {
    soon(stream.next()).await.unwrap()
}

async fn next_frame(stream: &mut EphemeralStream) -> (i64, String) {
    let (workspace_id, frame) = soon(stream.next()).await.unwrap();
    (workspace_id, String::from_utf8(frame.to_vec()).unwrap())
}

/// Reads until `wanted` comes; returns what came before.
async fn until(stream: &mut WakeStream, wanted: Wake) -> Vec<Wake> {
    let mut before = Vec::new();
    loop {
        match next(stream).await {
            wake if wake == wanted => return before,
            wake => before.push(wake),
        }
    }
}

async fn until_health(bus: &Bus, healthy: bool) {
    soon(async {
        while bus.healthy() != healthy {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

fn events(seq: i64) -> Wake {
    Wake::Events { workspace_id: 7, seq }
}

#[tokio::test]
async fn nodes_hear_each_other_and_themselves_once() {
    let server = Server::started();
    let (a, b) = (server.join().await, server.join().await);
    assert!(a.healthy() && b.healthy());
    let (mut at_a, mut at_b) = (a.subscribe_wakes(), b.subscribe_wakes());

    for seq in 1..=100 {
        a.publish_wake(events(seq));
    }
    for seq in 1..=100 {
        assert_eq!(next(&mut at_b).await, events(seq));
    }
    // By its answer everything A sent has come back from the server, if it was going to.
    b.publish_wake(Wake::Outbox);
    for seq in 1..=100 {
        assert_eq!(next(&mut at_a).await, events(seq));
    }
    assert_eq!(next(&mut at_a).await, Wake::Outbox);
}

#[tokio::test]
async fn a_nodes_own_wake_is_there_at_once() {
    let server = Server::started();
    let bus = server.join().await;
    let mut stream = bus.subscribe_wakes();
    bus.publish_wake(Wake::Jobs);
    // Ready without waiting for any input or output.
    let first = futures::FutureExt::now_or_never(stream.next());
    assert_eq!(first, Some(Some(Wake::Jobs)));
}

#[tokio::test]
async fn ephemeral_frames_cross_nodes_with_their_workspace() {
    let server = Server::started();
    let (a, b) = (server.join().await, server.join().await);
    let (mut at_a, mut at_b) = (a.subscribe_ephemeral(), b.subscribe_ephemeral());
    a.publish_ephemeral(7, "from a".into());
    assert_eq!(next_frame(&mut at_b).await, (7, "from a".to_owned()));
    b.publish_ephemeral(8, "from b".into());
    assert_eq!(next_frame(&mut at_a).await, (7, "from a".to_owned()));
    assert_eq!(next_frame(&mut at_a).await, (8, "from b".to_owned()));
}

#[tokio::test]
async fn another_prefix_is_another_bus() {
    let server = Server::started();
    let (a, b) = (server.join().await, server.join().await);
    let stranger = Bus::nats(&server.url(), "other").await.unwrap();
    let mut at_b = b.subscribe_wakes();
    stranger.publish_wake(Wake::Jobs);
    stranger.publish_ephemeral(1, "x".into());
    // One more round among strangers, so that what could leak had the time to.
    let witness = Bus::nats(&server.url(), "other").await.unwrap();
    let mut at_witness = witness.subscribe_wakes();
    stranger.publish_wake(Wake::Outbox);
    until(&mut at_witness, Wake::Outbox).await;
    a.publish_wake(events(1));
    assert_eq!(next(&mut at_b).await, events(1));
}

#[tokio::test]
async fn after_the_server_was_away_both_sides_sweep_and_go_on() {
    let mut server = Server::started();
    let (a, b) = (server.join().await, server.join().await);
    let (mut at_a, mut at_b) = (a.subscribe_wakes(), b.subscribe_wakes());
    a.publish_wake(events(1));
    assert_eq!((next(&mut at_a).await, next(&mut at_b).await), (events(1), events(1)));

    server.stop();
    until_health(&a, false).await;
    until_health(&b, false).await;
    // A node goes on for itself.
    a.publish_wake(events(2));
    assert_eq!(next(&mut at_a).await, events(2));

    server.start();
    until(&mut at_a, Wake::Lagged).await;
    until(&mut at_b, Wake::Lagged).await;
    until_health(&a, true).await;
    until_health(&b, true).await;
    b.publish_wake(events(3));
    until(&mut at_a, events(3)).await;
    a.publish_wake(events(4));
    until(&mut at_b, events(4)).await;
}

#[tokio::test]
async fn publishing_never_blocks_and_what_was_dropped_ends_in_a_sweep() {
    let mut server = Server::started();
    let (a, b) = (server.join().await, server.join().await);
    let mut at_b = b.subscribe_wakes();
    server.stop();
    until_health(&a, false).await;
    // Far more than any queue holds, from a thread that gives the bus no chance to work it off.
    for seq in 0..50_000 {
        a.publish_wake(events(seq));
    }
    server.start();
    until(&mut at_b, Wake::Lagged).await;
    until_health(&a, true).await;
    until_health(&b, true).await;
    a.publish_wake(Wake::Outbox);
    until(&mut at_b, Wake::Outbox).await;
}

#[tokio::test]
async fn a_node_starts_without_the_server_and_finds_it_later() {
    let mut server = Server::stopped();
    let bus = server.join().await;
    assert!(!bus.healthy());
    let mut wakes = bus.subscribe_wakes();
    server.start();
    assert_eq!(next(&mut wakes).await, Wake::Lagged);
    until_health(&bus, true).await;
}

#[tokio::test]
async fn a_wrong_configuration_is_refused() {
    assert!(matches!(
        Bus::nats("not an address", "ism").await,
        Err(BusError::Address)
    ));
    assert!(matches!(
        Bus::nats("nats://127.0.0.1:1", "a b").await,
        Err(BusError::Prefix(_))
    ));
}

#[tokio::test]
async fn the_streams_end_with_the_bus() {
    let server = Server::started();
    let bus = server.join().await;
    let (mut wakes, mut frames) = (bus.subscribe_wakes(), bus.subscribe_ephemeral());
    drop(bus);
    assert_eq!(soon(wakes.next()).await, None);
    assert_eq!(soon(frames.next()).await, None);
}
