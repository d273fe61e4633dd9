//! A whole system for one story: the server's parts over a database of their own, the simulator beside them, and people
//! who use them the way browsers, programs and phones do, over HTTP and WebSockets only.

use crate::database::Place;
use crate::people::{Agent, Answer, Browser};
use ism_bus::Bus;
use ism_services::{Secrets, Services, Settings};
use ism_simulator::world::Phone;
use ism_simulator::{Knobs, NewPhone, Simulator};
use ism_store::{Options, Store};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long anything may take on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// The owner's, and everybody else's.
pub const PASSWORD: &str = "correct horse battery";
/// Signs WhatsApp's webhooks.
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What Meta sends in the handshake.
pub const VERIFY_TOKEN: &str = "the-verify-token";

/// Tells a story on SQLite and, where a server is at hand, on PostgreSQL, both at once.
///
/// # Panics
/// When the story does, after saying on which database.
pub fn on_each_database<F, Fut>(story: F)
where
    F: Fn(System) -> Fut,
    Fut: Future<Output = ()>,
{
    crate::database::on_each(async |place| {
        let system = System::start(&place).await;
        story(system.clone()).await;
        system.verify().await;
        system.stop().await;
    });
}

/// See the module's documentation.
#[derive(Clone)]
pub struct System {
    pub services: Services,
    pub sim: Simulator,
    /// Without a trailing slash.
    pub url: String,
    pub browser: Browser,
    pub owner: Agent,
    stop: CancellationToken,
}

/// A connected channel, as its owner and its provider know it.
#[derive(Clone)]
pub struct Channel {
    pub id: i64,
    pub source: &'static str,
    /// The account's key at the simulator.
    pub account: String,
    pub public_id: String,
    pub secret: String,
    pub webhook_url: String,
    pub config: Value,
}

impl System {
    async fn start(place: &Place) -> Self {
        let stop = CancellationToken::new();
        let sim = Simulator::new(ism_simulator::Options {
            // Quick, as a story should not wait for a provider's patience.
            retry_base: Duration::from_millis(100),
            ..ism_simulator::Options::default()
        })
        .unwrap();
        let played = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim_url = format!("http://{}", played.local_addr().unwrap());
        tokio::spawn(ism_simulator::serve_with(
            played,
            sim.clone(),
            stop.clone().cancelled_owned(),
        ));

        let store = Store::open(Options {
            readers: 3,
            writers: 2,
            ..Options::new(place.database())
        })
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let net = ism_net::Client::new(ism_net::Options {
            allow: vec![ism_net::AllowedOrigin::parse(&sim_url).unwrap()],
            ..ism_net::Options::default()
        })
        .unwrap();
        let settings = Settings {
            public_url: url.clone(),
            simulator_url: Some(sim_url),
            data: place.folder().to_owned(),
        };
        let services = Services::new(store, Bus::local(), net, Secrets::new([7; 32]), settings);
        services.start();
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let router = ism_api::router(ism_api::App::new(services.clone(), metrics));
        let stopped = stop.clone();
        tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service)
                .with_graceful_shutdown(stopped.cancelled_owned())
                .await
        });

        services
            .initialise("owner@example.com", PASSWORD, "Northwind Coffee")
            .await
            .unwrap();
        let browser = Browser::new(&url);
        let owner = browser.sign_in("owner@example.com", PASSWORD).await;
        Self {
            services,
            sim,
            url,
            browser,
            owner,
            stop,
        }
    }

    async fn stop(&self) {
        self.stop.cancel();
        self.services.stop().await;
    }

    /// Fails unless every invariant holds, as `is-messenger verify` would say.
    pub async fn verify(&self) {
        let report = self.services.verify().await.unwrap();
        let broken: Vec<_> = report.checks.iter().filter(|check| check.broken != 0).collect();
        assert!(report.ok, "{broken:#?}");
    }

    /// Invites somebody, who accepts and is signed in.
    pub async fn colleague(&self, name: &str, role: &str) -> Agent {
        let email = format!("{}@example.com", name.to_lowercase());
        let invitation = self
            .owner
            .post("/invitations", &json!({ "email": email, "role": role }))
            .await;
        let link = invitation.ok()["url"].as_str().unwrap().to_owned();
        let token = link.rsplit('/').next().unwrap();
        let joining = json!({ "first_name": name, "last_name": "", "password": PASSWORD });
        self.browser
            .post(&format!("/api/invitations/{token}"), &joining)
            .await
            .signed_in(&self.browser)
    }

    /// Another workspace of another organization, as a second installation would make it, with its owner signed in.
    pub async fn foreign_owner(&self) -> Agent {
        crate::database::add_workspace(&self.services.store).await;
        self.browser.sign_in("stranger@example.com", PASSWORD).await
    }

    /// The owner connects a channel to the simulator.
    pub async fn connect(&self, source: &'static str) -> Channel {
        self.connect_with(source, json!({})).await
    }

    /// As [`Self::connect`], with more of the form filled in.
    pub async fn connect_with(&self, source: &'static str, mut config: Value) -> Channel {
        if source == "whatsapp_cloud" {
            config["app_secret"] = json!(APP_SECRET);
            config["verify_token"] = json!(VERIFY_TOKEN);
        }
        let simulated = source != "website_chat";
        let form = json!({ "source": source, "config": config, "simulated": simulated });
        let connected = self.owner.post("/channels", &form).await.ok();
        assert_eq!(connected["warning"], Value::Null, "{connected}");
        let channel = &connected["channel"];
        assert_eq!(channel["status"], "connected", "{channel}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let account = match source {
            "telegram" => format!("telegram:{}", text(&channel["config"]["bot_id"])),
            "whatsapp_cloud" => format!("whatsapp:{}", text(&channel["config"]["phone_number_id"])),
            _ => format!("custom:{}", text(&channel["public_id"])),
        };
        Channel {
            id: channel["id"].as_i64().unwrap(),
            source,
            account,
            public_id: text(&channel["public_id"]),
            secret: text(&connected["secret"]),
            webhook_url: text(&channel["webhook_url"]),
            config: channel["config"].clone(),
        }
    }

    /// A customer with a phone.
    pub async fn customer(&self, first_name: &str, last_name: &str) -> Phone {
        self.sim
            .add_phone(NewPhone::named(first_name, last_name))
            .await
            .unwrap()
    }

    /// A customer writes a text. Returns the provider's id of it.
    pub async fn writes(&self, channel: &Channel, who: &Phone, text: &str) -> String {
        let write = ism_simulator::Write::text(text);
        let said = self
            .sim
            .customer_writes(&channel.account, &who.id, write)
            .await
            .unwrap();
        said[0].id.clone()
    }

    /// Changes how a channel's provider behaves.
    pub async fn knobs(&self, channel: &Channel, change: impl FnOnce(&mut Knobs)) {
        self.sim.set_knobs(&channel.account, change).await.unwrap();
    }

    /// How many messages of ours the provider has taken.
    pub async fn accepted(&self, channel: &Channel) -> u64 {
        self.sim.counters(&channel.account).await.unwrap().accepted
    }

    /// How often the provider was asked to send a message, whatever it answered.
    pub async fn send_calls(&self, channel: &Channel) -> u64 {
        let calls = self.sim.counters(&channel.account).await.unwrap().calls;
        let sends = calls
            .iter()
            .filter(|(method, _)| matches!(method.as_str(), "message" | "messages") || method.starts_with("send"));
        sends
            .filter(|(method, _)| *method != "sendChatAction")
            .map(|(_, count)| count)
            .sum()
    }

    /// Waits until the contact who last said `text` stands in the inbox; returns it.
    pub async fn contact_who_said(&self, text: &str) -> Value {
        wait_for(&format!("a contact who said {text:?}"), async || {
            let list = self.owner.get("/inbox?inbox=all&status=all&limit=100").await.ok();
            let contacts = list["items"].as_array().unwrap();
            contacts
                .iter()
                .find(|contact| contact["last_message"]["preview"] == text)
                .cloned()
        })
        .await
    }

    /// The messages of a contact, oldest first.
    pub async fn messages(&self, contact: i64) -> Vec<Value> {
        let page = self
            .owner
            .get(&format!("/contacts/{contact}/timeline?limit=200"))
            .await
            .ok();
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .filter(|item| item["type"] == "message")
            .map(|item| item["message"].clone())
            .collect()
    }

    /// Waits until a message has a status; returns it. A message that failed instead ends the wait.
    pub async fn message_with_status(&self, contact: i64, id: i64, status: &str) -> Value {
        wait_for(&format!("message {id} to be {status}"), async || {
            let messages = self.messages(contact).await;
            let message = messages.into_iter().find(|message| message["id"] == id).unwrap();
            assert!(
                message["status"] == status || message["status"] != "failed",
                "{message}"
            );
            (message["status"] == status).then_some(message)
        })
        .await
    }

    /// A number of rows, past everything.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.services
            .store
            .read(ism_store::NO_WORKSPACE, move |tx| {
                tx.rows(sql, &[])?.first_mut().map_or(Ok(0), ism_store::Row::take)
            })
            .await
            .unwrap()
    }

    /// Posts bytes as a provider would.
    pub async fn deliver(&self, url: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self
            .browser
            .http
            .post(url)
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Posts WhatsApp changes with Meta's signature.
    pub async fn deliver_whatsapp(&self, channel: &Channel, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = crate::wire::meta_signature(APP_SECRET, body.as_bytes());
        self.deliver(&channel.webhook_url, &[("x-hub-signature-256", &signature)], body)
            .await
    }

    /// Posts a Telegram update with its secret.
    pub async fn deliver_telegram(&self, channel: &Channel, body: &Value) -> Answer {
        let secret = [("x-telegram-bot-api-secret-token", channel.secret.as_str())];
        self.deliver(&channel.webhook_url, &secret, body.to_string()).await
    }
}

/// Asks until there is an answer, and returns it.
///
/// # Panics
/// Names what was waited for when the deadline has passed.
pub async fn wait_for<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
