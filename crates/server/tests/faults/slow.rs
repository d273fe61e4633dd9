//! Thousands of connections that say little, slowly: heads and bodies a byte at a time, and nothing at all.

use crate::database::{Place, on_each, one_after_the_other};
use crate::traffic::{Rig, long};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

/// When a connection that keeps the server busy for nothing must have ended.
const CUT: Duration = Duration::from_secs(16);

/// Opens a connection from an address of its own and goes on as slowly as it is let. Returns how long that was.
async fn attack(number: usize, port: u16) -> Option<Duration> {
    let socket = TcpSocket::new_v4().unwrap();
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, u8::try_from(2 + number % 50).unwrap()));
    socket.bind(SocketAddr::new(from, 0)).ok()?;
    let mut stream = socket
        .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .ok()?;
    let begun = Instant::now();
    let (start, drop): (&str, &str) = match number % 4 {
        0 => ("GET /healthz HTTP/1.1\r\nhost: h\r\nx-slow: ", "a"),
        1 => (
            "POST /api/session HTTP/1.1\r\nhost: h\r\nx-ism-client: web\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n{",
            " ",
        ),
        2 => (
            "POST /custom/channel/webhook/ HTTP/1.1\r\nhost: h\r\nauthorization: Bearer x\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\n \r\n",
        ),
        _ => ("", ""),
    };
    stream.write_all(start.as_bytes()).await.ok()?;
    let mut answer = [0; 1024];
    loop {
        // The end is what is waited for; an answer that says why comes before it.
        match tokio::time::timeout(Duration::from_secs(1), stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return Some(begun.elapsed()),
            Ok(Ok(_)) => {}
            Err(_) => {
                if stream.write_all(drop.as_bytes()).await.is_err() {
                    return Some(begun.elapsed());
                }
            }
        }
        if begun.elapsed() > 3 * CUT {
            return Some(begun.elapsed());
        }
    }
}

/// The slowest of a hundred ordinary requests, but one.
async fn p99(rig: &Rig) -> Duration {
    let mut took = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        rig.agents[0].get("/inbox?inbox=all&status=all").await.ok();
        took.push(begun.elapsed());
    }
    took.sort();
    took[98]
}

#[test]
fn thousands_of_slow_connections_are_cut_and_others_hardly_notice() {
    // Thousands take the files of this process for themselves.
    let each = if long() { one_after_the_other } else { on_each };
    each(tell);
}

async fn tell(place: Place) {
    {
        let wanted = if long() { 10_000 } else { 1_000 };
        // Each takes a file here and one there.
        use rustix::process::{Resource, getrlimit};
        let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let count = wanted.min(usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(1_000));
        let mut rig = Rig::start(place).await;
        let calm = p99(&rig).await;
        let memory = rig.memory("VmRSS");
        let mut attackers = JoinSet::new();
        for number in 0..count {
            attackers.spawn(attack(number, rig.server.port));
        }
        // Measured while they are all there.
        tokio::time::timeout(Duration::from_secs(30), async {
            while rig.files() < count * 95 / 100 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .ok();
        let there = rig.files();
        let busy = p99(&rig).await;
        let more = rig.memory("VmRSS").saturating_sub(memory);
        let mut slowest = Duration::ZERO;
        let mut ended = 0;
        while let Some(attacker) = attackers.join_next().await {
            let lasted = attacker.unwrap().expect("an attacker could not connect");
            slowest = slowest.max(lasted);
            ended += 1;
        }
        assert_eq!(ended, count);
        println!(
            "{count} slow connections (of {wanted} wanted), {there} files at once, the last cut after {slowest:.1?}; \
             p99 of others {calm:.1?} before, {busy:.1?} meanwhile; {} MB more memory; {}",
            more / 1024,
            rig.settle().await
        );
        assert!(slowest < CUT + Duration::from_secs(4), "{slowest:?}");
        assert!(
            busy < (2 * calm).max(Duration::from_millis(500)),
            "{busy:?} after {calm:?}"
        );
        assert!(there > count * 9 / 10, "{there} files");
    }
}
