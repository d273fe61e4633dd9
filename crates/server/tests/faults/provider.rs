//! Providers that refuse, fail, answer slowly, half, never, or with a web page.

use crate::database::on_each;
use crate::people::Agent;
use crate::support::wait_for;
use crate::traffic::{Rig, rounds};
use crate::wire;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a bridge answers a message.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// 429 with `Retry-After: 1` twice, then it takes it.
    Limits,
    /// 503 with `Retry-After: 1` once, then it takes it.
    Away,
    Status500,
    /// 502 with a web page.
    Html,
    /// A byte of the answer every second.
    Drips,
    /// Half an answer, then the connection breaks.
    Half,
    Never,
    /// It takes the message, and the connection breaks.
    Lost,
}

/// What becomes of a message, and how often the bridge may see it.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Sent(u32),
    Failed,
    Uncertain,
}

impl Habit {
    const ALL: [Self; 8] = [
        Self::Limits,
        Self::Away,
        Self::Status500,
        Self::Html,
        Self::Drips,
        Self::Half,
        Self::Never,
        Self::Lost,
    ];

    fn fate(self) -> Fate {
        match self {
            Self::Limits => Fate::Sent(3),
            Self::Away => Fate::Sent(2),
            Self::Status500 | Self::Html => Fate::Failed,
            Self::Drips | Self::Half | Self::Never | Self::Lost => Fate::Uncertain,
        }
    }
}

/// How often each text was seen, and when last.
type Seen = Arc<Mutex<BTreeMap<String, (u32, Instant)>>>;

/// A bridge with a habit. Returns its address.
async fn bridge(habit: Habit, seen: Seen) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, habit, seen.clone()));
        }
    });
    url
}

async fn serve(mut stream: TcpStream, habit: Habit, seen: Seen) {
    // A request each; kept-alive connections are not offered.
    let mut request = Vec::new();
    let body = loop {
        let mut buffer = [0; 4096];
        let Ok(read) = stream.read(&mut buffer).await else {
            return;
        };
        if read == 0 {
            return;
        }
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            break body.to_owned();
        }
    };
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = body["message"]["text"].as_str().unwrap().to_owned();
    let times = {
        let mut seen = seen.lock().unwrap();
        let entry = seen.entry(text).or_insert((0, Instant::now()));
        if entry.0 > 0 && matches!(habit, Habit::Limits | Habit::Away) {
            assert!(
                entry.1.elapsed() > Duration::from_millis(900),
                "Retry-After was not obeyed"
            );
        }
        *entry = (entry.0 + 1, Instant::now());
        entry.0
    };
    let taken = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{\"mId\":\"taken\"}"
        .replace("\"taken\"", &format!("\"t{:04}\"", rand_of(&body)));
    let refuse =
        |status: &str| format!("HTTP/1.1 {status}\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let answer = match habit {
        Habit::Limits if times <= 2 => refuse("429 Too Many Requests"),
        Habit::Away if times <= 1 => refuse("503 Service Unavailable"),
        Habit::Limits | Habit::Away => taken,
        Habit::Status500 => refuse("500 Internal Server Error"),
        Habit::Html => {
            let page = "<html><title>502</title></html>";
            let length = page.len();
            format!(
                "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{page}"
            )
        }
        Habit::Half => taken[..taken.len() - 8].to_owned(),
        Habit::Lost => String::new(),
        Habit::Never => {
            tokio::time::sleep(Duration::from_secs(120)).await;
            return;
        }
        Habit::Drips => {
            for byte in taken.as_bytes() {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            return;
        }
    };
    drop(stream.write_all(answer.as_bytes()).await);
}

/// Four digits that differ between messages.
fn rand_of(body: &Value) -> usize {
    let text = body["message"]["text"].as_str().unwrap();
    text.bytes()
        .fold(7, |sum, byte| (sum * 31 + usize::from(byte)) % 10_000)
}

#[test]
fn messages_meet_bad_providers_and_end_in_the_right_state_once() {
    on_each(async |place| {
        let customers = rounds(2);
        let mut rig = Rig::start(place).await;
        let agent = rig.agents[0].clone();
        let mut waiting = Vec::new();
        for habit in Habit::ALL {
            let seen = Seen::default();
            let url = bridge(habit, seen.clone()).await;
            let workspace = rig.town.workspace.clone();
            let base = format!("base_url={url}");
            let channel = tokio::task::block_in_place(|| {
                let words = [
                    "channel",
                    "connect",
                    "--workspace",
                    &workspace,
                    "--source",
                    "custom_channel",
                ];
                rig.server
                    .command(&[&words[..], &["--set", &base, "--set", "id_type=custom"]].concat())
            });
            for customer in 0..customers {
                let text = format!("{habit:?} {customer}");
                let contact = write_in(&rig, &channel, &format!("{habit:?}{customer}"), &text).await;
                agent.replies(contact, &format!("answer to {text}")).await;
                waiting.push((habit, contact, format!("answer to {text}"), seen.clone()));
            }
        }
        // Meanwhile the other channels go on.
        rig.load();
        rig.flows().await;
        let mut slowest = Duration::ZERO;
        for _ in 0..5 {
            let begun = Instant::now();
            let before = rig.sim.counters("custom:town").await.unwrap().accepted;
            wait_for("an answer to go out elsewhere", async || {
                let now = rig.sim.counters("custom:town").await.unwrap().accepted;
                (now > before).then_some(())
            })
            .await;
            slowest = slowest.max(begun.elapsed());
        }
        assert!(slowest < Duration::from_secs(8), "{slowest:?}");
        for (habit, contact, text, seen) in &waiting {
            let message = wait_for(&format!("the fate of {text}"), async || {
                let message = outgoing(&agent, *contact).await;
                (message["status"] != "pending").then_some(message)
            })
            .await;
            let calls = seen.lock().unwrap()[text].0;
            match habit.fate() {
                Fate::Sent(times) => {
                    assert_eq!(message["status"], "sent", "{habit:?}: {message}");
                    assert_eq!(calls, times, "{habit:?}");
                }
                fate => {
                    assert_eq!(message["status"], "failed", "{habit:?}: {message}");
                    assert_eq!(calls, 1, "{habit:?}");
                    let uncertain = message["failure"]["reason"] == "uncertain";
                    assert_eq!(uncertain, fate == Fate::Uncertain, "{habit:?}: {message}");
                }
            }
        }
        println!(
            "{} messages over 8 bad bridges; others waited {slowest:.1?} at most; {}",
            waiting.len(),
            rig.settle().await
        );
        for (habit, _, text, seen) in &waiting {
            let calls = seen.lock().unwrap()[text].0;
            assert!(calls <= 3, "{habit:?}: {calls} calls");
        }
    });
}

/// A customer of a channel writes. Returns the contact.
async fn write_in(rig: &Rig, channel: &Value, customer: &str, text: &str) -> i64 {
    let event = wire::custom_text(&format!("in {text}"), text);
    let body = wire::custom(&channel["public_id"], customer, vec![event]);
    let answer = rig
        .browser
        .http
        .post(format!("{}/custom/channel/webhook/", rig.server.url()))
        .bearer_auth(channel["secret"].as_str().unwrap())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    {
        let mut known = rig.known.lock().unwrap();
        known.tried.insert(text.to_owned());
        known.webhooks.insert(text.to_owned());
    }
    let list = rig.agents[0].get("/inbox?inbox=all&status=all&limit=100").await.ok();
    let contacts = list["items"].as_array().unwrap();
    let found = contacts
        .iter()
        .find(|contact| contact["last_message"]["preview"] == json!(text));
    found.unwrap()["id"].as_i64().unwrap()
}

async fn outgoing(agent: &Agent, contact: i64) -> Value {
    let page = agent.get(&format!("/contacts/{contact}/timeline?limit=50")).await.ok();
    let items = page["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["message"]["direction"] == "outgoing");
    found.unwrap()["message"].clone()
}
