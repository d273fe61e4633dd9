//! The server is told to stop under load, started twice, and kept short of files.

use crate::database::on_each;
use crate::support::wait_for;
use crate::traffic::{Rig, rounds};
use rustix::process::Signal;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[test]
fn a_server_told_to_stop_under_load_drains_and_loses_nothing() {
    on_each(async |place| {
        let rounds = rounds(2);
        let mut rig = Rig::start(place).await;
        rig.load();
        let mut slowest = Duration::ZERO;
        for _ in 0..rounds {
            rig.flows().await;
            rig.server.signal(Signal::TERM);
            let begun = Instant::now();
            let status = rig.server.ended().await;
            assert!(status.success(), "{status}");
            slowest = slowest.max(begun.elapsed());
            rig.server.start();
            rig.server.ready(&rig.browser.http).await;
        }
        assert!(slowest < Duration::from_secs(10), "{slowest:?}");
        // A message that was on the wire has been waited for, so none is left in doubt.
        println!("{rounds} stops, {slowest:.1?} at most; {}", rig.settle().await);
    });
}

#[test]
fn a_second_signal_under_load_ends_at_once_and_loses_nothing() {
    on_each(async |place| {
        let mut rig = Rig::start(place).await;
        rig.load();
        rig.flows().await;
        // Something that would be waited for.
        let _half = half_a_request(&rig).await;
        rig.server.signal(Signal::TERM);
        wait_for("the server to stop listening", async || {
            TcpStream::connect(("127.0.0.1", rig.server.port)).await.err()
        })
        .await;
        rig.server.signal(Signal::TERM);
        let begun = Instant::now();
        let status = rig.server.ended().await;
        assert_eq!(status.code(), Some(130));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        rig.server.start();
        rig.server.ready(&rig.browser.http).await;
        println!("{}", rig.settle().await);
    });
}

async fn half_a_request(rig: &Rig) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", rig.server.port)).await.unwrap();
    let head = "POST /api/session HTTP/1.1\r\nhost: h\r\nx-ism-client: web\r\ncontent-type: application/json\r\n\
                content-length: 37\r\nexpect: 100-continue\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes())
        .await
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    stream
}

#[test]
fn a_second_server_on_the_same_file_refuses_to_start() {
    on_each(async |place| {
        if place.postgres.is_some() {
            return;
        }
        let mut rig = Rig::start(place).await;
        rig.load();
        for _ in 0..rounds(3) {
            rig.flows().await;
            let output = tokio::task::block_in_place(|| {
                Command::new(crate::program::binary())
                    .args(["serve", "--listen", "127.0.0.1:0", "--data"])
                    .arg(rig.server.place.folder())
                    .output()
                    .unwrap()
            });
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("Another server is running on"), "{said}");
            assert_eq!(said.trim().lines().count(), 1, "{said}");
        }
        println!("{}", rig.settle().await);
    });
}

#[test]
fn a_server_short_of_files_turns_connections_away_and_recovers() {
    on_each(async |place| {
        let mut server = crate::program::Server::new(place);
        server.wrapper = ["prlimit", "--nofile=256:256"].map(str::to_owned).to_vec();
        let mut rig = Rig::start_with(server).await;
        rig.load();
        rig.flows().await;
        let mut held = Vec::new();
        let mut turned_away = 0;
        for _ in 0..400 {
            let mut stream = TcpStream::connect(("127.0.0.1", rig.server.port)).await.unwrap();
            let mut answer = [0; 64];
            // Those that have room hear nothing, as they say nothing.
            match tokio::time::timeout(Duration::from_millis(20), stream.read(&mut answer)).await {
                Ok(Ok(read)) => {
                    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
                    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
                    turned_away += 1;
                }
                Ok(Err(_)) => turned_away += 1,
                Err(_) => held.push(stream),
            }
        }
        assert!(
            turned_away > 200 && held.len() > 20,
            "{turned_away} turned away, {} held",
            held.len()
        );
        let files = rig.files();
        assert!(files < 250, "{files}");
        // Connections that are already open go on, and background work has files left.
        rig.flows().await;
        let held = held.len();
        // Those that say nothing are given up, and there is room again without anyone's doing.
        wait_for("room for a connection", async || {
            let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = fresh.get(format!("{}/healthz", rig.server.url())).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        println!(
            "{held} silent connections held, {turned_away} turned away, {files} files; {}",
            rig.settle().await
        );
    });
}
