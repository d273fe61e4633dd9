//! The real program on a port of its own, with channels whose providers outlive it.

use crate::database::Place;
use crate::support::{APP_SECRET, PASSWORD, wait_for};
use crate::wire;
use ism_simulator::{Bridge, Simulator};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};

/// The program under test, and how to start it again.
pub struct Server {
    pub place: Place,
    pub port: u16,
    /// Words before the program's name, such as those of `prlimit`.
    pub wrapper: Vec<String>,
    /// More of the environment of the server, not of commands.
    pub environment: Vec<(&'static str, String)>,
    /// More flags of the server.
    pub flags: Vec<String>,
    /// Not in the data folder, which may be full.
    logs: tempfile::TempDir,
    child: Option<Child>,
}

impl Server {
    /// One that was not started yet.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            port: free_port(),
            wrapper: Vec::new(),
            environment: Vec::new(),
            flags: Vec::new(),
            logs: tempfile::tempdir().unwrap(),
            child: None,
        }
    }

    fn program(&self, wrapper: &[String]) -> Command {
        let mut words = wrapper.iter().cloned().chain([binary()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("--data").arg(self.place.folder());
        if let Some(url) = &self.place.postgres {
            command.arg("--database").arg(url);
        }
        command.env("ISM_PUBLIC_URL", self.url()).env("ISM_LOG", "warn");
        command
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs a command to its end and reads its JSON.
    pub fn command(&self, arguments: &[&str]) -> Value {
        let output = self.program(&[]).args(arguments).arg("--json").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.logs.path().join("server.log"));
        let child = self
            .program(&self.wrapper)
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(&self.flags)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.child = Some(child.unwrap());
    }

    /// Starts it where it must fail, and waits for the end.
    pub fn attempt(&self) -> std::process::Output {
        let mut command = self.program(&["timeout".to_owned(), "5".to_owned()]);
        command.args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap()
    }

    /// What it has logged since the first start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.logs.path().join("server.log")).unwrap_or_default()
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(self.child.as_ref().unwrap())
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end; how it ended.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        wait_for("the server to end", async || child.try_wait().unwrap()).await
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop and waits for the end.
    pub async fn stop(&mut self) {
        self.signal(rustix::process::Signal::TERM);
        let status = self.ended().await;
        assert!(status.success(), "{status}: {}", self.log());
    }

    pub async fn ready(&self, http: &reqwest::Client) {
        wait_for("the server to be ready", async || {
            let answer = http.get(format!("{}/readyz", self.url())).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            println!(
                "the server's log ends:\n{}",
                lines[lines.len().saturating_sub(60)..].join("\n")
            );
        }
    }
}

/// The channels and people of an installation that is ready to serve.
pub struct Town {
    pub workspace: String,
    pub telegram: (String, String),
    pub whatsapp: (String, i64),
    pub custom: (String, Value, String),
}

/// The program that was built with this test, or another one, such as a release build to measure.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
pub fn binary() -> String {
    std::env::var("ISM_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_is-messenger").to_owned())
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Makes the installation with the program's own commands.
pub async fn found(server: &Server, sim: &Simulator, sim_url: &str) -> Town {
    let (url, sim_url) = (server.url(), sim_url.to_owned());
    let made = server.command(&[
        "init",
        "--email",
        "owner@example.com",
        "--password",
        PASSWORD,
        "--workspace",
        "Shop",
    ]);
    let workspace = made["workspace_id"].to_string();
    let connect = async |source: &str, settings: &[String]| {
        let mut arguments = vec!["channel", "connect", "--workspace", &workspace, "--source", source];
        for setting in settings {
            arguments.extend(["--set", setting]);
        }
        // The simulator calls back before anything is served, which a command must survive.
        tokio::task::block_in_place(|| server.command(&arguments))
    };
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let telegram = connect(
        "telegram",
        &[
            format!("bot_token=7000000001:{}", "A".repeat(35)),
            format!("base_url={sim_url}/telegram"),
        ],
    )
    .await;
    let whatsapp = connect(
        "whatsapp_cloud",
        &[
            "phone_number_id=204400000000011".to_owned(),
            "waba_id=304400000000011".to_owned(),
            "access_token=EAAG-test".to_owned(),
            format!("app_secret={APP_SECRET}"),
            format!("base_url={sim_url}/whatsapp"),
        ],
    )
    .await;
    let bridge = [format!("base_url={sim_url}/custom/town"), "id_type=custom".to_owned()];
    let custom = connect("custom_channel", &bridge).await;
    let (public_id, secret) = (text(&custom, "public_id"), text(&custom, "secret"));
    sim.register_bridge(Bridge {
        bridge: "town".to_owned(),
        channel_id: public_id.clone(),
        token: secret.clone(),
        webhook_url: format!("{url}/custom/channel/webhook/"),
        id_type: Some("custom".to_owned()),
        name: None,
    })
    .await
    .unwrap();
    Town {
        workspace: workspace.clone(),
        telegram: (
            format!("{url}/webhooks/telegram/{}", telegram["channel_id"]),
            text(&telegram, "secret"),
        ),
        whatsapp: (
            format!("{url}/webhooks/whatsapp_cloud/{}", whatsapp["channel_id"]),
            whatsapp["channel_id"].as_i64().unwrap(),
        ),
        custom: (format!("{url}/custom/channel/webhook/"), json!(public_id), secret),
    }
}

/// One webhook as bytes with its headers, the way its provider would send it.
pub fn webhook(town: &Town, number: u32) -> (String, Vec<(&'static str, String)>, String) {
    let customer = i64::from(number % 37);
    match number % 8 {
        0 => {
            let (url, channel, secret) = &town.custom;
            let event = wire::custom_text(&format!("c{number}"), &format!("n{number}"));
            let body = wire::custom(channel, &format!("customer-{}", customer % 5), vec![event]).to_string();
            (url.clone(), vec![("authorization", format!("Bearer {secret}"))], body)
        }
        1..=3 => {
            let (url, secret) = &town.telegram;
            let number = i64::from(number);
            let body = wire::telegram_text(number, 5_000_000 + customer, number, &format!("n{number}")).to_string();
            (
                url.clone(),
                vec![("x-telegram-bot-api-secret-token", secret.clone())],
                body,
            )
        }
        _ => {
            let (url, _) = &town.whatsapp;
            let phone = format!("4477009{customer:05}");
            let message = wire::whatsapp_text(&phone, &format!("wamid.{number}"), &format!("n{number}"));
            let body =
                json!({ "object": "whatsapp_business_account", "entry": [{ "id": "304400000000011", "changes": [{
                    "field": "messages", "value": {
                        "messaging_product": "whatsapp",
                        "metadata": { "display_phone_number": "15550100", "phone_number_id": "204400000000011" },
                        "contacts": [{ "profile": { "name": "Wei Zhang" }, "wa_id": phone }],
                        "messages": [message],
                    },
                }]}]})
                .to_string();
            let signature = wire::meta_signature(APP_SECRET, body.as_bytes());
            (url.clone(), vec![("x-hub-signature-256", signature)], body)
        }
    }
}
