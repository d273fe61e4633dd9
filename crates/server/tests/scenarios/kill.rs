//! The real program is killed again and again while providers deliver and agents answer. What was acknowledged must be there
//! once, the invariants must hold, and the agents' sockets must see the log without a gap.
//!
//! `tests/faults/kill.sh ROUNDS` runs this for longer, through `ISM_KILL_ROUNDS`.

use crate::database::{Place, on_each};
use crate::people::{Agent, Browser, Socket};
use crate::program::{Server, Town, found, webhook};
use crate::support::{PASSWORD, wait_for};
use ism_simulator::Simulator;
use ism_store::{NO_WORKSPACE, Options, Store};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Webhooks a second.
const RATE: u32 = 200;
/// How long the server is left alone at most before the next kill.
const LONGEST_LIFE: u64 = 1_500;

/// What the test knows to have been acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Texts of webhooks that were answered 2xx at least once.
    webhooks: BTreeSet<String>,
    /// All that were sent at least once.
    tried: BTreeSet<String>,
    /// Client ids of replies that were answered 2xx.
    replies: BTreeSet<String>,
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed() {
    on_each(async |place| tell(place, rounds()).await);
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn rounds() -> u32 {
    std::env::var("ISM_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(3)
}

async fn tell(place: Place, rounds: u32) {
    let begun = Instant::now();
    let name = if place.postgres.is_some() {
        "PostgreSQL"
    } else {
        "SQLite"
    };
    let mut server = Server::new(place);
    // The provider outlives the server.
    let sim = Simulator::new(ism_simulator::Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sim_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(ism_simulator::serve_with(listener, sim.clone(), std::future::pending()));
    let town = Arc::new(found(&server, &sim, &sim_url).await);
    let browser = Browser::new(&server.url());
    server.start();
    server.ready(&browser.http).await;
    let agents = [0; 2].map(|_| browser.sign_in("owner@example.com", PASSWORD));
    let agents = futures::future::join_all(agents).await;
    let over = Arc::new(AtomicBool::new(false));
    let watching: Vec<_> = agents
        .iter()
        .map(|agent| tokio::spawn(watch(agent.clone(), over.clone())))
        .collect();

    let known = Arc::new(Mutex::new(Acknowledged::default()));
    let traffic = tokio::spawn(deliver(browser.clone(), town.clone(), known.clone(), over.clone()));
    let answering = tokio::spawn(answer(agents[0].clone(), known.clone(), over.clone()));
    let mut random = u64::from(server.port);
    for _ in 0..rounds {
        // An ordinary generator: any moment will do, and the port says which series it was.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(300 + (random >> 33) % LONGEST_LIFE)).await;
        server.kill();
        server.start();
        server.ready(&browser.http).await;
    }
    over.store(true, Ordering::SeqCst);
    let sent = traffic.await.unwrap();
    answering.await.unwrap();

    // Everything settles: what was on the wire when the server died is told apart, and the sockets reach the head.
    // On PostgreSQL a message that a dead node had on the wire stays marked until its lease is over, which takes minutes,
    // and keeps its place before the next ones to the same customer.
    let store = open(&server.place).await;
    wait_for("the outbox to empty", async || {
        let queued = store.read(NO_WORKSPACE, |tx| {
            let sql = "SELECT count(*) FROM outbox o WHERE state = 'queued' AND NOT EXISTS (SELECT 1 FROM outbox s \
                       WHERE s.contact_channel_id = o.contact_channel_id AND s.state = 'sending')";
            tx.rows(sql, &[])?.first_mut().map_or(Ok(0_i64), ism_store::Row::take)
        });
        (queued.await.unwrap() == 0).then_some(())
    })
    .await;
    let mut heads = Vec::new();
    for (agent, watching) in agents.iter().zip(watching) {
        let head = wait_for("the log to rest", async || {
            let before = agent.get("").await.ok()["seq"].as_i64().unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            let after = agent.get("").await.ok()["seq"].as_i64().unwrap();
            (before == after).then_some(after)
        })
        .await;
        let seen = watching.await.unwrap();
        assert!(seen >= head, "a socket saw {seen} events of {head}");
        heads.push(head);
    }
    server.stop().await;

    let report = server.command(&["verify"]);
    assert_eq!(report["ok"], true, "{report:#}");
    let known = std::mem::take(&mut *known.lock().unwrap());
    check(&server.place, &known, &sim).await;
    println!(
        "{name}: {rounds} kills; {sent} webhooks sent, {} of {} acknowledged; {} replies; {} events, all seen by both sockets; {:.1} s",
        known.webhooks.len(),
        known.tried.len(),
        known.replies.len(),
        heads[0],
        begun.elapsed().as_secs_f64()
    );
}

/// Sends webhooks at a fixed rate whatever happens to them, a fifth of them twice. Returns how many requests were made.
async fn deliver(browser: Browser, town: Arc<Town>, known: Arc<Mutex<Acknowledged>>, over: Arc<AtomicBool>) -> u32 {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut sending = tokio::task::JoinSet::new();
    let (mut number, mut sent) = (0, 0);
    while !over.load(Ordering::SeqCst) {
        number += 1;
        let copies = if number % 5 == 0 { 2 } else { 1 };
        for copy in 0..copies {
            ticks.tick().await;
            sent += 1;
            // The copy of an earlier one, so that the original has been answered, lost, or is on its way.
            let number = if copy == 0 { number } else { number - number.min(60) / 2 };
            let number = number.max(1);
            let (browser, town, known) = (browser.clone(), town.clone(), known.clone());
            sending.spawn(async move {
                let (url, headers, body) = webhook(&town, number);
                known.lock().unwrap().tried.insert(format!("n{number}"));
                let mut request = browser
                    .http
                    .post(url)
                    .header("content-type", "application/json")
                    .body(body);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                match request.send().await {
                    Ok(answer) if answer.status().is_success() => {
                        known.lock().unwrap().webhooks.insert(format!("n{number}"));
                    }
                    Ok(answer) if answer.status() != 503 => panic!("{}", answer.status()),
                    _ => {}
                }
            });
        }
    }
    while let Some(done) = sending.join_next().await {
        done.unwrap();
    }
    sent
}

/// Answers customers of the custom channel, repeating under the same client id until an answer comes back.
async fn answer(agent: Agent, known: Arc<Mutex<Acknowledged>>, over: Arc<AtomicBool>) {
    let mut number = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(60));
    while !over.load(Ordering::SeqCst) {
        pause.tick().await;
        let list = agent
            .request(reqwest::Method::GET, "/inbox?inbox=all&status=all&limit=100")
            .send()
            .await;
        let Ok(list) = list else { continue };
        let Ok(list) = list.json::<Value>().await else { continue };
        let Some(contacts) = list["items"].as_array() else {
            continue;
        };
        let mia = contacts
            .iter()
            .filter(|contact| contact["first_name"] == "Mia")
            .map(|contact| contact["id"].clone());
        let mia: Vec<Value> = mia.collect();
        if mia.is_empty() {
            continue;
        }
        number += 1;
        let client_id = format!("reply-{number}");
        let body = json!({ "client_id": client_id, "content": { "type": "text", "text": format!("answer {number}") } });
        let path = format!("/contacts/{}/messages", mia[number % mia.len()]);
        let repeating = Instant::now();
        loop {
            let answer = agent.request(reqwest::Method::POST, &path).json(&body).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                known.lock().unwrap().replies.insert(client_id);
                break;
            }
            assert!(
                repeating.elapsed() < crate::support::DEADLINE,
                "{client_id} is never taken"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Follows the log from its beginning through every loss of the connection; ends when it has been at rest for a while
/// after the traffic. Returns how many events came; the socket itself checks that none was left out or came twice.
async fn watch(agent: Agent, over: Arc<AtomicBool>) -> i64 {
    let mut seq = 0;
    let mut last_event = Instant::now();
    loop {
        if let Ok(mut socket) = agent.try_socket(&[]).await {
            socket.seq = seq;
            let resume = json!({ "type": "resume", "seq": seq });
            if socket.try_say(&resume).await {
                loop {
                    match tokio::time::timeout(Duration::from_millis(200), socket.next()).await {
                        Ok(Some(frame)) => {
                            assert_ne!(frame["type"], "reload", "a socket was told to start over");
                            if socket.seq > seq {
                                last_event = Instant::now();
                            }
                            seq = socket.seq;
                            forget(&mut socket);
                        }
                        Ok(None) => break,
                        Err(_) if over.load(Ordering::SeqCst) && last_event.elapsed() > Duration::from_secs(2) => {
                            return seq;
                        }
                        Err(_) => {}
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn forget(socket: &mut Socket) {
    socket.frames.clear();
}

/// The database, beside a server that runs on it.
async fn open(place: &Place) -> Store {
    let options = Options {
        readers: 1,
        writers: 1,
        holder: "check".to_owned(),
        ..Options::new(place.database())
    };
    Store::open(options).await.unwrap()
}

/// Compares the database with what was acknowledged.
async fn check(place: &Place, known: &Acknowledged, sim: &Simulator) {
    let store = open(place).await;
    let rows: Vec<(String, String, String)> = store
        .read(NO_WORKSPACE, |tx| {
            let sql = "SELECT direction, content, coalesce(client_id, '') FROM message";
            tx.rows(sql, &[])?
                .iter_mut()
                .map(|row| Ok((row.take()?, row.take()?, row.take()?)))
                .collect::<Result<_, ism_store::Error>>()
        })
        .await
        .unwrap();
    let mut incoming: BTreeMap<String, u32> = BTreeMap::new();
    let mut outgoing: BTreeMap<String, u32> = BTreeMap::new();
    for (direction, content, client_id) in rows {
        let content: Value = serde_json::from_str(&content).unwrap();
        let text = content["text"].as_str().unwrap().to_owned();
        match direction.as_str() {
            "incoming" => *incoming.entry(text).or_default() += 1,
            _ => *outgoing.entry(client_id).or_default() += 1,
        }
    }
    for text in &known.webhooks {
        assert_eq!(incoming.get(text), Some(&1), "{text} was acknowledged");
    }
    for (text, count) in &incoming {
        assert_eq!(*count, 1, "{text} is there more than once");
        assert!(known.tried.contains(text), "{text} was never sent");
    }
    for id in &known.replies {
        assert_eq!(outgoing.get(id), Some(&1), "{id} was acknowledged");
    }
    let counters = sim.counters("custom:town").await.unwrap();
    assert_eq!(
        counters.same_content, 0,
        "a customer received an answer twice: {counters:?}"
    );
    assert!(counters.accepted > 0 || known.replies.is_empty(), "{counters:?}");
}
