//! Bodies that are huge, endless, deep, wide, compressed, or no text at all.

use crate::database::on_each;
use crate::traffic::Rig;
use serde_json::json;
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much more memory all of it may take, in kB.
const MORE: u64 = 20 * 1024;

/// An open door, its headers, and what its body is wrapped in.
struct Door {
    name: &'static str,
    head: String,
}

fn doors(rig: &Rig) -> Vec<Door> {
    let port = rig.server.port;
    let path = |url: &str| url.split_once(&format!(":{port}")).unwrap().1.to_owned();
    let (telegram, secret) = &rig.town.telegram;
    let (custom, _, token) = &rig.town.custom;
    let agent = &rig.agents[0];
    let contacts = format!("/api/workspaces/{}/contacts", agent.workspace);
    let json = "content-type: application/json\r\n";
    vec![
        Door {
            name: "Telegram's webhook",
            head: format!(
                "POST {} HTTP/1.1\r\nhost: h\r\n{json}x-telegram-bot-api-secret-token: {secret}\r\n",
                path(telegram)
            ),
        },
        Door {
            name: "WhatsApp's webhook",
            head: format!(
                "POST {} HTTP/1.1\r\nhost: h\r\n{json}x-hub-signature-256: sha256=00\r\n",
                path(&rig.town.whatsapp.0)
            ),
        },
        Door {
            name: "custom webhook",
            head: format!(
                "POST {} HTTP/1.1\r\nhost: h\r\n{json}authorization: Bearer {token}\r\n",
                path(custom)
            ),
        },
        Door {
            name: "sign-in",
            head: format!("POST /api/session HTTP/1.1\r\nhost: h\r\n{json}x-ism-client: web\r\n"),
        },
        Door {
            name: "new contact",
            head: format!(
                "POST {contacts} HTTP/1.1\r\nhost: h\r\n{json}x-ism-client: web\r\ncookie: {}\r\n",
                agent.cookie
            ),
        },
        Door {
            name: "Developer API",
            head: format!("POST /v2/contact/id:1/message HTTP/1.1\r\nhost: h\r\n{json}authorization: Bearer x\r\n"),
        },
    ]
}

/// Sends a whole request and reads the status; 0 when the connection ended without one.
async fn send(rig: &Rig, head: &str, body: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", rig.server.port)).await.unwrap();
    let head = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let (mut reading, mut writing) = stream.split();
    let write = async {
        // The server may have had enough before the end.
        if writing.write_all(head.as_bytes()).await.is_ok() {
            drop(writing.write_all(body).await);
        }
    };
    let read = async {
        let mut answer = Vec::new();
        drop(reading.read_to_end(&mut answer).await);
        answer
    };
    let ((), answer) = tokio::join!(write, read);
    status(&answer)
}

fn status(answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer).into_owned();
    text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Chunks for as long as they are taken; how long that was, and the status.
async fn endless(rig: &Rig, head: &str) -> (Duration, u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", rig.server.port)).await.unwrap();
    let begun = Instant::now();
    let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(std::iter::repeat_n(b' ', 0x10000));
    chunk.extend(b"\r\n");
    let (mut reading, mut writing) = stream.split();
    let write = async { while begun.elapsed() < Duration::from_secs(40) && writing.write_all(&chunk).await.is_ok() {} };
    let mut answer = [0; 256];
    let read = async { reading.read(&mut answer).await.unwrap_or(0) };
    let ((), got) = tokio::join!(write, read);
    (begun.elapsed(), status(&answer[..got]))
}

/// Malformed bodies: what each is, its bytes, and more headers.
fn bad() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut keys = String::from("{");
    for number in 0..1_000_000 {
        write!(keys, "\"k{number}\":1,").unwrap();
    }
    keys.push_str("\"last\":1}");
    let bomb = |encoding: &str| {
        // 50 MB of spaces, by the program everyone has; what is not there is not thrown.
        let made = std::process::Command::new("sh")
            .args(["-c", &format!("head -c 50000000 /dev/zero | tr '\\0' ' ' | {encoding}")])
            .output();
        made.map(|made| made.stdout).unwrap_or_default()
    };
    vec![
        ("nothing", Vec::new(), ""),
        ("100,000 arrays in each other", "[".repeat(100_000).into_bytes(), ""),
        (
            "100,000 objects in each other",
            "{\"a\":".repeat(100_000).into_bytes(),
            "",
        ),
        (
            "closed depths",
            ["[".repeat(100_000), "]".repeat(100_000)].concat().into_bytes(),
            "",
        ),
        ("a million keys", keys.into_bytes(), ""),
        ("a number beyond measure", b"{\"update_id\":1e999999}".to_vec(), ""),
        (
            "half a surrogate",
            b"{\"email\":\"\\ud800\",\"channelId\":\"\\udfff\",\"update_id\":\"\\ud800\"}".to_vec(),
            "",
        ),
        (
            "not UTF-8",
            b"{\"email\":\"\xff\xfe\",\"channelId\":\"\xff\"}".to_vec(),
            "",
        ),
        ("NUL in it", b"{\"email\":\"a\0b\"}".to_vec(), ""),
        ("only NUL", vec![0; 5_000], ""),
        ("a list", b"[1,2,3]".to_vec(), ""),
        ("null", b"null".to_vec(), ""),
        ("a gzip bomb", bomb("gzip -9"), "content-encoding: gzip\r\n"),
        (
            "a zstd bomb",
            bomb("zstd -19 2>/dev/null || gzip"),
            "content-encoding: zstd\r\n",
        ),
        (
            "a brotli bomb",
            bomb("brotli 2>/dev/null || gzip"),
            "content-encoding: br\r\n",
        ),
    ]
}

#[test]
fn bodies_that_are_too_much_are_refused_and_cost_little() {
    on_each(async |place| {
        let mut rig = Rig::start(place).await;
        let warm = vec![b' '; 8 << 20];
        for door in doors(&rig) {
            send(&rig, &door.head, &warm).await;
        }
        let before = rig.memory("VmRSS");
        let mut thrown = 0;
        let huge = vec![b' '; 100 << 20];
        for door in doors(&rig) {
            let status = send(&rig, &door.head, &huge).await;
            // A door that knows nobody need not listen to the end.
            let wanted = if door.name == "Developer API" { 401 } else { 413 };
            assert!(status == wanted || status == 0, "{}, 100 MB: {status}", door.name);
            let (lasted, status) = endless(&rig, &door.head).await;
            assert!(
                lasted < Duration::from_secs(15),
                "{}: endless for {lasted:?}",
                door.name
            );
            assert!(status == wanted || status == 0, "{}, endless: {status}", door.name);
            thrown += 2;
        }
        drop(huge);
        for (what, body, headers) in bad() {
            for door in doors(&rig) {
                let begun = Instant::now();
                let status = send(&rig, &format!("{}{headers}", door.head), &body).await;
                // An authentic request of Telegram that means nothing is kept and counted, so that it isn't sent for ever.
                let kept = status == 200 && door.name == "Telegram's webhook";
                assert!((400..500).contains(&status) || kept, "{}, {what}: {status}", door.name);
                assert!(
                    begun.elapsed() < Duration::from_secs(5),
                    "{}, {what}: {:?}",
                    door.name,
                    begun.elapsed()
                );
                thrown += 1;
            }
        }
        let more = rig.memory("VmRSS").saturating_sub(before);
        rig.is_healthy().await;
        println!(
            "{thrown} bodies; {} MB more memory; {}",
            more / 1024,
            rig.settle().await
        );
        assert!(more < MORE, "{more} kB more memory");
    });
}

#[test]
fn odd_but_authentic_text_is_stored_clean() {
    on_each(async |place| {
        let mut rig = Rig::start(place).await;
        let (url, channel, token) = rig.town.custom.clone();
        let at = crate::wire::now() * 1000;
        // The same key twice: the last counts, as everywhere; NUL cannot be stored and goes.
        let body = format!(
            "{{\"channelId\":{channel},\"contactId\":\"odd\",\"contactId\":\"odd-2\",\"events\":[{{\"type\":\"message\",\"mId\":\"m1\",\
             \"timestamp\":{at},\"message\":{{\"type\":\"text\",\"text\":\"a\\u0000b \\ud83d\\ude00\"}}}}]}}"
        );
        let request = rig.browser.http.post(url).bearer_auth(token).body(body);
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let list = rig.agents[0].get("/inbox?inbox=all&status=all").await.ok();
        assert_eq!(list["items"][0]["last_message"]["preview"], json!("ab 😀"), "{list}");
        {
            let mut known = rig.known.lock().unwrap();
            known.tried.insert("ab 😀".to_owned());
            known.webhooks.insert("ab 😀".to_owned());
        }
        println!("{}", rig.settle().await);
    });
}
