//! A simulator on a free port, and a business that records what its webhooks get.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use ism_simulator::{Options, Simulator};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const SOON: Duration = Duration::from_secs(10);

/// One webhook request.
#[derive(Clone)]
pub struct Hook {
    pub headers: HeaderMap,
    pub raw: Bytes,
    pub body: Value,
}

/// The product's side.
#[derive(Clone)]
pub struct Business {
    pub url: String,
    hooks: Arc<Mutex<Vec<Hook>>>,
    /// Answers for the next requests; 200 when empty.
    answers: Arc<Mutex<VecDeque<u16>>>,
    count: watch::Sender<usize>,
    verify_token: Arc<str>,
}

impl Business {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let business = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            hooks: Arc::default(),
            answers: Arc::default(),
            count: watch::Sender::new(0),
            verify_token: "right-token".into(),
        };
        let app = Router::new()
            .route("/hook", get(handshake).post(hook))
            .with_state(business.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        business
    }

    pub fn answer_next(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    pub fn hooks(&self) -> Vec<Hook> {
        self.hooks.lock().unwrap().clone()
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.hooks().into_iter().map(|h| h.body).collect()
    }

    /// The requests, once there are at least so many.
    pub async fn wait(&self, count: usize) -> Vec<Hook> {
        let mut counted = self.count.subscribe();
        let waited = tokio::time::timeout(SOON, counted.wait_for(|have| *have >= count)).await;
        assert!(
            waited.is_ok(),
            "only {} of {count} webhooks came: {:#?}",
            self.hooks().len(),
            self.bodies()
        );
        self.hooks()
    }

    /// The first request with such a body, once it is there.
    pub async fn wait_until(&self, wanted: impl Fn(&Value) -> bool) -> Hook {
        let mut counted = self.count.subscribe();
        let found = tokio::time::timeout(SOON, async {
            loop {
                if let Some(hook) = self.hooks().into_iter().find(|h| wanted(&h.body)) {
                    return hook;
                }
                counted.changed().await.unwrap();
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("no such webhook among {:#?}", self.bodies()))
    }
}

async fn handshake(
    State(business): State<Business>,
    Query(query): Query<Vec<(String, String)>>,
) -> (StatusCode, String) {
    let of = |name: &str| {
        query
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    };
    if of("hub.mode") == "subscribe" && of("hub.verify_token") == *business.verify_token {
        (StatusCode::OK, of("hub.challenge"))
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

async fn hook(State(business): State<Business>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let status = business.answers.lock().unwrap().pop_front().unwrap_or(200);
    let body = serde_json::from_slice(&raw).unwrap();
    business.hooks.lock().unwrap().push(Hook { headers, raw, body });
    business.count.send_modify(|count| *count += 1);
    StatusCode::from_u16(status).unwrap()
}

pub struct Running {
    pub sim: Simulator,
    pub url: String,
    pub http: reqwest::Client,
}

/// With short pauses between retries.
pub async fn start() -> Running {
    start_with(Options {
        retry_base: Duration::from_millis(20),
        ..Options::default()
    })
    .await
}

pub async fn start_with(options: Options) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sim = Simulator::new(options).unwrap();
    let serving = sim.clone();
    tokio::spawn(async move {
        ism_simulator::serve_with(listener, serving, std::future::pending())
            .await
            .unwrap()
    });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Running { sim, url, http }
}

impl Running {
    /// POST with JSON; the status and the answer.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth("EAAG-test")
            .json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth("EAAG-test");
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}
