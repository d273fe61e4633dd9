//! The server under test: this very program, in a process and a folder of its own.

use crate::http::Connection;
use crate::webhook::APP_SECRET;
use crate::{Error, Place, Result};
use hyper::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "bench password 42";
/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Subject {
    folder: tempfile::TempDir,
    database: Option<String>,
    pub address: SocketAddr,
    child: Option<Child>,
}

pub struct Channels {
    pub workspace: i64,
    pub telegram_path: String,
    pub telegram_secret: String,
    pub whatsapp_path: String,
}

/// Memory of a process in megabytes (of 1,000,000 bytes).
pub struct Memory {
    pub now_mb: f64,
    pub peak_mb: f64,
}

impl Subject {
    pub fn new(place: &Place) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(io("make a temporary folder"))?;
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(io("find a free port"))?;
        Ok(Self {
            folder,
            database: place.on.clone(),
            address,
            child: None,
        })
    }

    pub fn database_name(&self) -> &'static str {
        if self.database.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        }
    }

    fn program(&self) -> Result<Command> {
        let binary = std::env::current_exe().map_err(io("find this program"))?;
        let mut command = Command::new(binary);
        command.arg("--data").arg(self.folder.path());
        if let Some(url) = &self.database {
            command.env("ISM_DATABASE", url);
        }
        command
            .env("ISM_PUBLIC_URL", format!("http://{}", self.address))
            .env("ISM_LOG", "warn")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command of the program and reads its JSON.
    fn command(&self, arguments: &[&str]) -> Result<Value> {
        let output = self
            .program()?
            .args(arguments)
            .arg("--json")
            .output()
            .map_err(io("run this program"))?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            Error::Subject(format!("refused `{}`: {}", arguments.join(" "), said.trim()))
        })
    }

    /// Makes the installation and connects a Telegram bot and a WhatsApp number, whose provider is the simulator.
    pub async fn set_up(&self) -> Result<Channels> {
        let simulator = ism_simulator::Simulator::new(ism_simulator::Options::default())
            .map_err(|error| Error::Subject(format!("has no simulator: {error}")))?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(io("listen for the simulator"))?;
        let provider = listener.local_addr().map_err(io("listen for the simulator"))?;
        let serving = tokio::spawn(ism_simulator::serve_with(listener, simulator, std::future::pending()));
        let made = tokio::task::block_in_place(|| self.found(provider));
        serving.abort();
        made
    }

    fn found(&self, provider: SocketAddr) -> Result<Channels> {
        let made = self.command(&["init", "--email", EMAIL, "--password", PASSWORD, "--workspace", "Bench"])?;
        let workspace = made["workspace_id"]
            .as_i64()
            .ok_or_else(|| Error::Subject(format!("made no workspace: {made}")))?;
        let connect = |source: &str, settings: &[String]| {
            let id = workspace.to_string();
            let mut arguments = vec!["channel", "connect", "--workspace", &id, "--source", source];
            for setting in settings {
                arguments.extend(["--set", setting]);
            }
            self.command(&arguments)
        };
        let telegram = connect(
            "telegram",
            &[
                format!("bot_token=7000000001:{}", "A".repeat(35)),
                format!("base_url=http://{provider}/telegram"),
            ],
        )?;
        let whatsapp = connect(
            "whatsapp_cloud",
            &[
                "phone_number_id=204400000000011".to_owned(),
                "waba_id=304400000000011".to_owned(),
                "access_token=EAAG-bench".to_owned(),
                format!("app_secret={APP_SECRET}"),
                format!("base_url=http://{provider}/whatsapp"),
            ],
        )?;
        let secret = telegram["secret"]
            .as_str()
            .ok_or_else(|| Error::Subject(format!("connected no Telegram bot: {telegram}")))?;
        Ok(Channels {
            workspace,
            telegram_path: format!("/webhooks/telegram/{}", telegram["channel_id"]),
            telegram_secret: secret.to_owned(),
            whatsapp_path: format!("/webhooks/whatsapp_cloud/{}", whatsapp["channel_id"]),
        })
    }

    /// Starts serving; returns how long it took until it was ready.
    pub async fn start(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let child = self
            .program()?
            .args(["serve", "--listen", &self.address.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .map_err(io("start the server"))?;
        let child = self.child.insert(child);
        loop {
            if let Ok(answer) = Connection::to(self.address)
                .send(Method::GET, "/readyz", &[], String::new())
                .await
                && answer.status.is_success()
            {
                return Ok(begun.elapsed());
            }
            if let Some(status) = child.try_wait().map_err(io("watch the server"))? {
                return Err(Error::Subject(format!("ended while it started ({status})")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::Subject(format!("was not ready after {} s", PATIENCE.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Signs in; returns the cookie.
    pub async fn sign_in(&self) -> Result<String> {
        let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let headers = [("x-ism-client", "web".to_owned())];
        let answer = Connection::to(self.address)
            .send(Method::POST, "/api/session", &headers, body)
            .await?;
        answer
            .headers
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok())
            .and_then(|cookie| cookie.split(';').next())
            .map(str::to_owned)
            .ok_or_else(|| Error::Subject(format!("let nobody sign in ({})", answer.status)))
    }

    pub fn memory(&self) -> Result<Memory> {
        let child = self
            .child
            .as_ref()
            .ok_or_else(|| Error::Subject("is not running".to_owned()))?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))
            .map_err(io("read the memory of the server"))?;
        let figure = |key: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok())
                .map_or(0.0, |kib| kib * 1024.0 / 1_000_000.0)
        };
        Ok(Memory {
            now_mb: figure("VmRSS:"),
            peak_mb: figure("VmHWM:"),
        })
    }

    /// Asks the server to stop and waits for its end.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        kill_process(Pid::from_child(&child), Signal::TERM)
            .map_err(|error| Error::Subject(format!("cannot be stopped: {error}")))?;
        let status = tokio::task::block_in_place(|| child.wait()).map_err(io("wait for the server"))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::Subject(format!("ended badly ({status})")))
        }
    }

    /// Whether every invariant holds, and how many incoming messages are stored. The server must have stopped.
    pub fn recount(&self) -> Result<(bool, u64)> {
        let report = tokio::task::block_in_place(|| self.command(&["verify"]))?;
        let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let stored = checks
            .iter()
            .find(|check| {
                check["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("every stored incoming event"))
            })
            .and_then(|check| check["counted"].as_u64())
            .ok_or_else(|| Error::Subject("counted no messages in `verify`".to_owned()))?;
        Ok((report["ok"] == true, stored))
    }

    pub fn binary_size(&self) -> Result<u64> {
        let binary = std::env::current_exe().map_err(io("find this program"))?;
        size(&binary)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn size(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).map_err(io("look at this program"))?.len())
}

pub fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { what, source }
}
