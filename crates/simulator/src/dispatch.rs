//! Webhooks on their way to the business.
//!
//! One worker per chat keeps the order Telegram promises; with batches or reordering all chats of an account share a
//! worker. A refused Telegram update holds back its chat, as at Telegram; refused WhatsApp and bridge events step
//! aside and come again later.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::simulator::{Inner, Simulator};
use crate::world::AccountKind;
use crate::{custom, log, telegram, whatsapp};

/// How long batches and reordering wait for company.
const GATHER: Duration = Duration::from_millis(200);
/// Providers give up after about a day.
const GIVE_UP_MS: i64 = 24 * 60 * 60 * 1_000;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One thing that happened, in the provider's JSON but without the envelope.
pub struct Event {
    /// Which chat's queue.
    pub phone: String,
    /// Telegram: the update. WhatsApp: `{field, value}`. Bridge: the request body with one event.
    pub body: Value,
    pub born: i64,
    /// Told after the first attempt.
    pub attempted: Option<oneshot::Sender<()>>,
}

/// A request that can be sent.
pub struct Request {
    pub url: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Default)]
pub struct Queues {
    /// By account and chat; `*` is the shared queue. A queue exists while its worker runs.
    queues: HashMap<(String, String), VecDeque<Event>>,
    /// Permits of each account: Telegram's `max_connections`.
    permits: HashMap<String, Arc<Semaphore>>,
}

impl Queues {
    pub fn set_connections(&mut self, account: &str, connections: usize) {
        self.permits
            .insert(account.to_owned(), Arc::new(Semaphore::new(connections)));
    }

    fn permits(&mut self, account: &str) -> Arc<Semaphore> {
        self.permits
            .entry(account.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(40)))
            .clone()
    }

    /// Events that were not delivered yet.
    pub fn pending(&self, account: &str) -> usize {
        self.queues
            .iter()
            .filter(|((a, _), _)| a == account)
            .map(|(_, q)| q.len())
            .sum()
    }

    pub fn forget(&mut self, account: Option<&str>) {
        for ((of, _), queue) in &mut self.queues {
            if account.is_none_or(|account| account == of) {
                queue.clear();
            }
        }
    }
}

/// Queues an event and makes sure somebody works on it.
pub fn enqueue(sim: &Simulator, account: &str, event: Event) {
    let shared = sim.read(|world| {
        world
            .accounts
            .get(account)
            .is_some_and(|a| a.knobs.batch > 1 || a.knobs.reorder)
    });
    let lane = if shared { "*".to_owned() } else { event.phone.clone() };
    let key = (account.to_owned(), lane);
    let mut queues = sim.inner.queues();
    if let Some(queue) = queues.queues.get_mut(&key) {
        queue.push_back(event);
        return;
    }
    queues.queues.insert(key.clone(), VecDeque::from([event]));
    drop(queues);
    let sim = sim.clone();
    sim.inner.spawn(work(sim.clone(), key));
}

async fn work(sim: Simulator, key: (String, String)) {
    let (account, lane) = &key;
    loop {
        let Some(knobs) = sim.read(|world| world.accounts.get(account).map(|a| a.knobs.clone())) else {
            sim.inner.queues().queues.remove(&key);
            return;
        };
        if lane == "*" {
            tokio::time::sleep(GATHER).await;
        }
        let pause = knobs.delay_ms
            + if knobs.jitter_ms > 0 {
                rand::rng().random_range(0..=knobs.jitter_ms)
            } else {
                0
            };
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let batches = {
            let mut queues = sim.inner.queues();
            let Some(queue) = queues.queues.get_mut(&key) else {
                return;
            };
            if queue.is_empty() {
                queues.queues.remove(&key);
                return;
            }
            let take = if lane == "*" { queue.len() } else { 1 };
            let mut events: Vec<Event> = queue.drain(..take).collect();
            if knobs.reorder {
                events.reverse();
            }
            split(events, knobs.batch.max(1), sim.kind_of(account))
        };
        for batch in batches {
            deliver(&sim, account, batch, knobs.duplicate_rate).await;
        }
    }
}

/// Which events may share a request.
fn split(events: Vec<Event>, size: usize, kind: Option<&'static str>) -> Vec<Vec<Event>> {
    let mut batches: Vec<Vec<Event>> = Vec::new();
    for event in events {
        let fits = |batch: &Vec<Event>| match kind {
            Some("whatsapp") => batch.len() < size,
            // A bridge's request is about one contact.
            Some("custom") => batch.len() < size && batch[0].phone == event.phone,
            _ => false,
        };
        match batches.last_mut() {
            Some(batch) if fits(batch) => batch.push(event),
            _ => batches.push(vec![event]),
        }
    }
    batches
}

/// Sends a batch; an ordered one stays here until it is through, another one steps aside after its first failure.
async fn deliver(sim: &Simulator, account: &str, mut batch: Vec<Event>, duplicate_rate: f64) {
    let waiting: Vec<_> = batch.iter_mut().filter_map(|e| e.attempted.take()).collect();
    let born = batch.first().map(|e| e.born).unwrap_or_default();
    let bodies: Vec<Value> = batch.into_iter().map(|e| e.body).collect();
    let ordered = sim.kind_of(account) == Some("telegram");

    let first = attempt(sim, account, &bodies, 0, duplicate_rate).await;
    for told in waiting {
        let _ = told.send(());
    }
    match first {
        Outcome::Done => {}
        Outcome::Again { .. } if !ordered => {
            let (again, account) = (sim.clone(), account.to_owned());
            sim.inner
                .spawn(async move { persist(&again, &account, &bodies, born, first).await });
        }
        Outcome::Again { .. } => persist(sim, account, &bodies, born, first).await,
    }
}

/// Repeats until it is accepted or too old. Telegram repeats at once, then after a second, doubling.
async fn persist(sim: &Simulator, account: &str, bodies: &[Value], born: i64, first: Outcome) {
    let base = sim.inner.options.retry_base;
    let mut outcome = first;
    let mut pause = if sim.kind_of(account) == Some("telegram") {
        Duration::ZERO
    } else {
        base
    };
    let mut tries = 0;
    while let Outcome::Again { after, unready } = outcome {
        if sim.now() - born > GIVE_UP_MS || sim.kind_of(account).is_none() {
            sim.write(|world| {
                if let Some(counters) = world.counters(account) {
                    counters.webhooks_dropped += 1;
                }
            });
            return;
        }
        if unready {
            // No address yet: wait until something changes rather than asking in circles.
            let _ = tokio::time::timeout(Duration::from_secs(1), sim.changed()).await;
        } else {
            tries += 1;
            tokio::time::sleep(after.unwrap_or(pause)).await;
            pause = if pause.is_zero() {
                base
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
        }
        outcome = attempt(sim, account, bodies, tries, 0.0).await;
    }
}

enum Outcome {
    Done,
    Again {
        after: Option<Duration>,
        /// There is nowhere to send to.
        unready: bool,
    },
}

async fn attempt(sim: &Simulator, account: &str, bodies: &[Value], tries: u32, duplicate_rate: f64) -> Outcome {
    let built = sim.read(|world| {
        let account = world.accounts.get(account)?;
        Some(match &account.kind {
            AccountKind::Telegram(bot) => telegram::request(bot, bodies),
            AccountKind::Whatsapp(number) => whatsapp::webhook::request(number, bodies),
            AccountKind::Custom(bridge) => custom::request(bridge, bodies),
        })
    });
    let request = match built {
        // The account is gone, or the business never asked for this kind of event.
        None => return Outcome::Done,
        Some(Target::Unwanted) => return Outcome::Done,
        Some(Target::Nowhere) => {
            return Outcome::Again {
                after: None,
                unready: true,
            };
        }
        Some(Target::Request(request)) => request,
    };
    let permits = sim.inner.queues().permits(account);
    let Ok(_permit) = permits.acquire().await else {
        return Outcome::Done;
    };
    let twice = duplicate_rate > 0.0 && rand::rng().random::<f64>() < duplicate_rate;
    let (answer, _) = if twice {
        futures::future::join(post(sim, account, &request, tries, false), async {
            Some(post(sim, account, &request, tries, true).await)
        })
        .await
    } else {
        (post(sim, account, &request, tries, false).await, None)
    };
    match answer {
        Ok((200..=299, _)) => Outcome::Done,
        Ok((_, after)) => Outcome::Again { after, unready: false },
        Err(()) => Outcome::Again {
            after: None,
            unready: false,
        },
    }
}

/// Where a batch goes.
pub enum Target {
    Request(Request),
    /// No webhook is set; the events wait.
    Nowhere,
    /// The business did not subscribe to this kind; it is dropped.
    Unwanted,
}

async fn post(
    sim: &Simulator,
    account: &str,
    request: &Request,
    tries: u32,
    duplicate: bool,
) -> Result<(u16, Option<Duration>), ()> {
    let inner: &Inner = &sim.inner;
    let started = sim.now();
    let mut headers = request.headers.clone();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let sent = inner
        .http
        .post(&request.url)
        .headers(headers)
        .body(request.body.clone())
        .send()
        .await;
    let (result, answer, status) = match sent {
        Ok(response) => {
            let status = response.status().as_u16();
            let after = response
                .headers()
                .get("retry-after")
                .and_then(|v| v.to_str().ok()?.parse().ok());
            let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(3_600)));
            let text = response.text().await.unwrap_or_default();
            (Ok((status, after)), text, Some(status))
        }
        Err(error) => (Err(()), error.without_url().to_string(), None),
    };
    sim.write(|world| {
        let now = started / 1_000;
        let Some(account) = world.accounts.get_mut(account) else {
            return;
        };
        let counters = &mut account.counters;
        counters.webhooks += 1;
        counters.webhook_retries += u64::from(tries > 0);
        counters.webhook_duplicates += u64::from(duplicate);
        let key = status.map_or_else(|| "error".to_owned(), |s| s.to_string());
        *counters.webhook_answers.entry(key).or_default() += 1;
        if let AccountKind::Telegram(bot) = &mut account.kind {
            match status {
                Some(200..=299) => {}
                Some(status) => {
                    bot.last_error = Some((now, format!("Wrong response from the webhook: {status}")));
                }
                None => bot.last_error = Some((now, "Connection failed".to_owned())),
            }
        }
    });
    let path = url::Url::parse(&request.url)
        .map(|u| u.path().to_owned())
        .unwrap_or_default();
    sim.log(log::Entry {
        account: account.to_owned(),
        direction: log::Direction::Webhook,
        what: path,
        status: status.unwrap_or_default(),
        ms: sim.now() - started,
        request: log::redact_bytes(&request.body),
        response: log::shorten(&answer),
        note: match (duplicate, tries) {
            (true, _) => Some("duplicate on purpose".to_owned()),
            (_, 0) => None,
            (_, n) => Some(format!("retry {n}")),
        },
        ..log::Entry::default()
    });
    result
}
