//! Every socket comes back at once, sockets that never read, and frames without end.

use crate::database::on_each;
use crate::people::Agent;
use crate::support::wait_for;
use crate::traffic::{Rig, long, rounds};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How soon everybody must be back.
const BACK: Duration = Duration::from_secs(30);

/// Keeps a socket open through every loss, with the pauses of the web app: soon at first, then longer, never all at once.
async fn stay(agent: Agent, mut seq: i64, number: u64, live: Arc<AtomicUsize>, over: Arc<AtomicBool>) {
    let mut tries = 0;
    while !over.load(Ordering::Relaxed) {
        let opening = tokio::time::timeout(Duration::from_secs(10), agent.try_socket(&[]));
        if let Ok(Ok(mut socket)) = opening.await {
            socket.seq = seq;
            if socket.try_say(&json!({ "type": "resume", "seq": seq })).await {
                let mut counted = false;
                while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(60), socket.next_text()).await {
                    if frame.contains("\"caught_up\"") {
                        tries = 0;
                        counted = true;
                        live.fetch_add(1, Ordering::Relaxed);
                    }
                    seq = number_in(&frame).unwrap_or(seq);
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                if counted {
                    live.fetch_sub(1, Ordering::Relaxed);
                }
            }
        }
        tries += 1;
        let longest = 250 << tries.min(5);
        tokio::time::sleep(Duration::from_millis(number * 7919 % longest)).await;
    }
}

/// The number of a frame, without reading all of it: thousands of clients in one process have no time for that.
fn number_in(frame: &str) -> Option<i64> {
    let (_, after) = frame.split_once("\"seq\":")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn everybody_is_back_soon_after_a_restart() {
    crate::database::one_after_the_other(async |place| {
        let wanted: usize = if long() { 1_000 } else { 150 };
        let rounds = rounds(1);
        let mut rig = Rig::start(place).await;
        let (live, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let head = rig.agents[0].get("").await.ok()["seq"].as_i64().unwrap();
        let sockets: Vec<_> = (0..wanted as u64)
            .map(|number| tokio::spawn(stay(rig.agents[0].clone(), head, number, live.clone(), over.clone())))
            .collect();
        let all = async || {
            let begun = Instant::now();
            while live.load(Ordering::Relaxed) < wanted {
                assert!(
                    begun.elapsed() < 2 * BACK,
                    "{} of {wanted} are there",
                    live.load(Ordering::Relaxed)
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            begun.elapsed()
        };
        let first = all().await;
        let mut slowest = Duration::ZERO;
        for round in 0..rounds {
            if round % 2 == 0 {
                rig.server.stop().await;
            } else {
                rig.server.kill();
            }
            while live.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            rig.server.start();
            rig.server.ready(&rig.browser.http).await;
            let refused = rig.refused();
            // Every webhook is a few frames for each socket, and all sockets are read by this process.
            rig.ticking(if long() { 1 } else { 5 });
            slowest = slowest.max(all().await);
            assert_eq!(rig.refused(), refused, "webhooks were refused meanwhile");
        }
        rig.is_healthy().await;
        let memory = rig.memory("VmRSS");
        over.store(true, Ordering::Relaxed);
        for socket in &sockets {
            socket.abort();
        }
        println!(
            "{wanted} sockets there in {first:.1?}, back in {slowest:.1?} at most after {rounds} restarts, {} MB; {}",
            memory / 1024,
            rig.settle().await
        );
        assert!(slowest < BACK, "{slowest:?}");
    });
}

/// Opens a socket by hand, with a small window, so that what is not read stays at the server.
async fn by_hand(rig: &Rig) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], rig.server.port).into()).await.unwrap();
    let agent = &rig.agents[0];
    let request = format!(
        "GET /realtime?workspace={} HTTP/1.1\r\nhost: h\r\ncookie: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        agent.workspace, agent.cookie
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

/// A text frame as clients send it, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    bytes.extend(text.as_bytes());
    bytes
}

#[test]
fn sockets_that_never_read_are_given_up_and_endless_frames_end() {
    on_each(async |place| {
        let mut rig = Rig::start(place).await;
        rig.load();
        wait_for("a long log", async || (rig.acknowledged() > 500).then_some(())).await;
        let files = rig.files();
        let memory = rig.memory("VmRSS");
        // They ask for the whole log again and again, and read nothing of it.
        let begun = Instant::now();
        let mut deaf = Vec::new();
        for _ in 0..20 {
            let mut stream = by_hand(&rig).await;
            for _ in 0..40 {
                drop(stream.write_all(&frame(r#"{"type":"resume","seq":0}"#)).await);
            }
            deaf.push(stream);
        }
        let open = rig.files();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let more = rig.memory("VmRSS").saturating_sub(memory);
        let count = deaf.len();
        wait_for("the deaf to be given up", async || {
            (rig.files() + count / 2 < open.max(files + count)).then_some(())
        })
        .await;
        let lasted = begun.elapsed();
        drop(deaf);
        // A frame of 100 MB: only its head and as much as is taken.
        let mut stream = by_hand(&rig).await;
        let mut head = vec![0x82, 0xff];
        head.extend((100_u64 << 20).to_be_bytes());
        head.extend([0; 4]);
        stream.write_all(&head).await.unwrap();
        let block = vec![0; 1 << 16];
        let mut taken = 0;
        while taken < (100 << 20) && stream.write_all(&block).await.is_ok() {
            taken += block.len();
        }
        assert!(taken < (8 << 20), "{taken} bytes of a frame were taken");
        // Fragments without end.
        let mut stream = by_hand(&rig).await;
        let mut fragments = 0;
        let mut piece = vec![0x01, 0x81, 0, 0, 0, 0, b'x'];
        while fragments < 1_000_000 && stream.write_all(&piece).await.is_ok() {
            piece[0] = 0x00;
            fragments += 1;
        }
        assert!(fragments < 1_000_000, "a million fragments were taken");
        rig.is_healthy().await;
        println!(
            "{count} deaf sockets given up after {lasted:.1?}, {} kB of memory each; {taken} bytes of a frame and {fragments} fragments taken; {}",
            more / count as u64,
            rig.settle().await
        );
        assert!(lasted < Duration::from_secs(30), "{lasted:?}");
    });
}
