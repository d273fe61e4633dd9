//! The real program under load, and what must hold after whatever was done to it: everything acknowledged is there once,
//! nothing was sent twice, the agents' sockets have seen the log without a gap, and neither panics nor secrets are logged.

use crate::database::Place;
use crate::people::{Agent, Browser, Socket};
use crate::program::{Server, Town, found, webhook};
use crate::support::{APP_SECRET, PASSWORD, wait_for};
use ism_simulator::Simulator;
use ism_store::{NO_WORKSPACE, Options, Store};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Webhooks a second.
const RATE: u32 = 200;
/// A healthy server answers within this time.
const HEALTHY: Duration = Duration::from_secs(1);
/// What a server may hold in memory, in kB, whatever is done to it. A debug build; releases need less.
const MEMORY: u64 = 400 * 1024;

/// Files that a server holds open when it has nothing to do.
const FILES: usize = 100;

/// How often a fault is repeated: `ISM_ROUNDS`, or a few times.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
pub fn rounds(quick: u32) -> u32 {
    let asked = std::env::var("ISM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    asked.unwrap_or(quick)
}

/// Whether there is time: `ISM_LONG`.
pub fn long() -> bool {
    std::env::var_os("ISM_LONG").is_some_and(|value| !value.is_empty())
}

/// What the test knows to have been acknowledged.
#[derive(Default)]
pub struct Acknowledged {
    /// Texts of webhooks that were answered 2xx at least once.
    pub webhooks: BTreeSet<String>,
    /// All that were sent at least once.
    pub tried: BTreeSet<String>,
    /// Client ids of replies that were answered 2xx.
    pub replies: BTreeSet<String>,
    /// Answers of 503.
    pub refused: u32,
}

/// A server, its providers, two agents, and the traffic between them.
pub struct Rig {
    pub server: Server,
    pub sim: Simulator,
    pub town: Arc<Town>,
    pub browser: Browser,
    pub agents: Vec<Agent>,
    pub known: Arc<Mutex<Acknowledged>>,
    pub name: &'static str,
    begun: Instant,
    over: Arc<AtomicBool>,
    /// The event up to which the sockets watch, once it is known.
    goal: Arc<AtomicI64>,
    watching: Vec<JoinHandle<()>>,
    traffic: Option<(JoinHandle<u32>, JoinHandle<()>)>,
}

impl Rig {
    pub async fn start(place: Place) -> Self {
        Self::start_with(Server::new(place)).await
    }

    /// Founds an installation for a server that was not started, and starts it.
    pub async fn start_with(mut server: Server) -> Self {
        let name = if server.place.postgres.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        // The provider outlives the server.
        let sim = Simulator::new(ism_simulator::Options::default()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(ism_simulator::serve_with(listener, sim.clone(), std::future::pending()));
        let town = Arc::new(found(&server, &sim, &sim_url).await);
        let mut browser = Browser::new(&server.url());
        // Connections kept for later would be counted as the server's.
        let few = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(8);
        browser.http = few.timeout(Duration::from_secs(60)).build().unwrap();
        server.start();
        server.ready(&browser.http).await;
        let agents = [0; 2].map(|_| browser.sign_in("owner@example.com", PASSWORD));
        let agents = futures::future::join_all(agents).await;
        Self {
            server,
            sim,
            town,
            browser,
            agents,
            known: Arc::default(),
            name,
            begun: Instant::now(),
            over: Arc::default(),
            goal: Arc::new(AtomicI64::new(i64::MAX)),
            watching: Vec::new(),
            traffic: None,
        }
    }

    /// Begins the traffic.
    pub fn load(&mut self) {
        let watchers = self.agents.iter();
        self.watching = watchers
            .map(|agent| tokio::spawn(watch(agent.clone(), self.goal.clone())))
            .collect();
        let (browser, known, over) = (self.browser.clone(), self.known.clone(), self.over.clone());
        let traffic = tokio::spawn(deliver(browser, self.town.clone(), known, over, RATE));
        let answering = tokio::spawn(answer(self.agents[0].clone(), self.known.clone(), self.over.clone()));
        self.traffic = Some((traffic, answering));
    }

    /// Begins the webhooks, if they have not begun, without the agents' sockets and replies.
    pub fn ticking(&mut self, rate: u32) {
        if self.traffic.is_none() {
            let (browser, known, over) = (self.browser.clone(), self.known.clone(), self.over.clone());
            let traffic = tokio::spawn(deliver(browser, self.town.clone(), known, over, rate));
            self.traffic = Some((traffic, tokio::spawn(async {})));
        }
    }

    /// How many webhooks were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.known.lock().unwrap().webhooks.len()
    }

    /// How many webhooks were refused so far.
    pub fn refused(&self) -> u32 {
        self.known.lock().unwrap().refused
    }

    /// Gives up a server that cannot go on.
    pub fn abandon(&mut self) {
        for task in self.watching.drain(..) {
            task.abort();
        }
        if let Some((traffic, answering)) = self.traffic.take() {
            traffic.abort();
            answering.abort();
        }
        self.server.kill();
    }

    /// Waits until traffic is taken again.
    pub async fn flows(&self) {
        let before = self.acknowledged();
        wait_for("webhooks to be taken", async || {
            (self.acknowledged() > before + 20).then_some(())
        })
        .await;
    }

    pub async fn is_healthy(&self) {
        let begun = Instant::now();
        let answer = self.browser.get("/healthz").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(begun.elapsed() < HEALTHY, "healthz took {:?}", begun.elapsed());
    }

    /// A line of `/proc/PID/status`, in kB.
    pub fn memory(&self, line: &str) -> u64 {
        let path = format!("/proc/{}/status", self.server.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).unwrap();
        let found = status.lines().find(|found| found.starts_with(line)).unwrap();
        found.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// How many files the server holds open.
    pub fn files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.server.pid().as_raw_nonzero());
        std::fs::read_dir(path).unwrap().count()
    }

    /// Ends the traffic. Returns how many webhooks were sent.
    pub async fn quiet(&mut self) -> u32 {
        self.over.store(true, Ordering::SeqCst);
        let Some((traffic, answering)) = self.traffic.take() else {
            return 0;
        };
        let sent = traffic.await.unwrap();
        answering.await.unwrap();
        sent
    }

    /// Ends the traffic, waits until all has settled, stops the server and compares. Returns figures in words.
    pub async fn settle(&mut self) -> String {
        let sent = self.quiet().await;
        // What was on the wire when the server died is told apart, and the sockets reach the head. On PostgreSQL a message
        // that a dead node had on the wire stays marked until its lease is over, and keeps its place before the next ones
        // to the same customer.
        let store = open(&self.server.place).await;
        wait_for("the outbox to empty", async || {
            let queued = store.read(NO_WORKSPACE, |tx| {
                let sql = "SELECT count(*) FROM outbox o WHERE state = 'queued' AND NOT EXISTS (SELECT 1 FROM outbox s \
                           WHERE s.contact_channel_id = o.contact_channel_id AND s.state = 'sending')";
                tx.rows(sql, &[])?.first_mut().map_or(Ok(0_i64), ism_store::Row::take)
            });
            (queued.await.unwrap() == 0).then_some(())
        })
        .await;
        drop(store);
        let agent = &self.agents[0];
        let head = wait_for("the log to rest", async || {
            let before = agent.get("").await.ok()["seq"].as_i64().unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let after = agent.get("").await.ok()["seq"].as_i64().unwrap();
            (before == after).then_some(after)
        })
        .await;
        self.goal.store(head, Ordering::SeqCst);
        for watching in std::mem::take(&mut self.watching) {
            let seen = tokio::time::timeout(crate::support::DEADLINE, watching).await;
            assert!(
                seen.is_ok_and(|ended| ended.is_ok()),
                "a socket did not see all {head} events"
            );
        }
        self.is_healthy().await;
        let memory = self.memory("VmHWM");
        assert!(memory < MEMORY, "{memory} kB");
        let files = wait_for("files to be closed", async || {
            let files = self.files();
            (files < FILES).then_some(files)
        })
        .await;
        self.server.stop().await;
        let known = self.compare().await;
        format!(
            "{}: {sent} webhooks sent, {} of {} acknowledged, {} refused; {} replies; {head} events; {} MB at most, {files} files; {:.1} s",
            self.name,
            known.webhooks.len(),
            known.tried.len(),
            known.refused,
            known.replies.len(),
            memory / 1024,
            self.begun.elapsed().as_secs_f64()
        )
    }

    /// Compares what a stopped server has kept with what it has acknowledged.
    pub async fn compare(&self) -> Acknowledged {
        let report = tokio::task::block_in_place(|| self.server.command(&["verify"]));
        assert_eq!(report["ok"], true, "{report:#}");
        let known = std::mem::take(&mut *self.known.lock().unwrap());
        check(&self.server.place, &known, &self.sim).await;
        self.log_is_clean();
        known
    }

    /// Neither a panic nor a secret.
    pub fn log_is_clean(&self) {
        let log = self.server.log();
        assert!(!log.contains("panicked"), "{log}");
        let bot = "A".repeat(35);
        for secret in [
            PASSWORD,
            APP_SECRET,
            "EAAG-test",
            &bot,
            &self.town.telegram.1,
            &self.town.custom.2,
        ] {
            assert!(!log.contains(secret), "a secret is in the log");
        }
    }
}

/// Sends webhooks at a fixed rate whatever happens to them, a fifth of them twice. Returns how many requests were made.
async fn deliver(
    browser: Browser,
    town: Arc<Town>,
    known: Arc<Mutex<Acknowledged>>,
    over: Arc<AtomicBool>,
    rate: u32,
) -> u32 {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
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
                    Ok(answer) => {
                        assert_eq!(answer.status(), 503);
                        assert!(answer.headers().contains_key("retry-after"), "no Retry-After");
                        known.lock().unwrap().refused += 1;
                    }
                    Err(_) => {}
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
                repeating.elapsed() < 3 * crate::support::DEADLINE,
                "{client_id} is never taken"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Follows the log from its beginning through every loss of the connection, up to the event `goal`; the socket itself
/// checks that none was left out or came twice.
async fn watch(agent: Agent, goal: Arc<AtomicI64>) {
    let mut seq = 0;
    loop {
        if let Ok(mut socket) = agent.try_socket(&[]).await {
            socket.seq = seq;
            let resume = json!({ "type": "resume", "seq": seq });
            if socket.try_say(&resume).await {
                loop {
                    match tokio::time::timeout(Duration::from_millis(200), socket.next()).await {
                        Ok(Some(frame)) => {
                            assert_ne!(frame["type"], "reload", "a socket was told to start over");
                            seq = socket.seq;
                            forget(&mut socket);
                        }
                        Ok(None) => break,
                        Err(_) if seq >= goal.load(Ordering::SeqCst) => return,
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
pub async fn open(place: &Place) -> Store {
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
