//! The settings checked, as the rest of the program uses them.

use super::{Origin, Settings, mask_url};
use crate::failure::Failure;
use ism_store::Database;
use std::io::IsTerminal;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use url::Url;

/// Which database the operator chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseChoice {
    Sqlite,
    Postgres(String),
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// What the operator decided.
#[derive(Clone)]
pub struct Config {
    pub data: PathBuf,
    pub database: DatabaseChoice,
    pub nats: Option<String>,
    pub nats_prefix: String,
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub simulator: Option<SocketAddr>,
    pub secret_key: Option<String>,
    /// Filter of the logs; each command has its own default.
    pub log: Option<String>,
    pub log_format: LogFormat,
}

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// Names the first value that cannot be used, where it came from, and what it should be.
    pub fn check(settings: &Settings) -> Result<Self, Failure> {
        let text = |name: &str| settings.get(name).map(|value| value.text.clone());
        Ok(Self {
            data: PathBuf::from(text("data").unwrap_or_default()),
            database: checked(settings, "database", database)?.unwrap_or(DatabaseChoice::Sqlite),
            nats: checked(settings, "nats", nats)?,
            nats_prefix: text("nats_prefix").unwrap_or_default(),
            listen: checked(settings, "listen", address)?.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: checked(settings, "public_url", public_url)?,
            simulator: checked(settings, "simulator", address)?,
            secret_key: checked(settings, "secret_key", |text| {
                ism_services::Secrets::load(Some(text), Path::new(""))
                    .map(|_| text.to_owned())
                    .map_err(|error| error.to_string())
            })?,
            log: checked(settings, "log", |text| {
                tracing_subscriber::EnvFilter::try_new(text)
                    .map(|_| text.to_owned())
                    .map_err(|_| {
                        "use error, warn, info, debug or trace, or parts such as info,ism_store=debug".to_owned()
                    })
            })?,
            log_format: checked(settings, "log_format", log_format)?.unwrap_or(LogFormat::Json),
        })
    }

    /// The database for the store.
    #[must_use]
    pub fn store_database(&self) -> Database {
        match &self.database {
            DatabaseChoice::Sqlite => Database::Sqlite(self.data.clone()),
            DatabaseChoice::Postgres(url) => Database::Postgres(url.clone()),
        }
    }

    /// The address of a server that listens on `listen`, for people on this machine.
    #[must_use]
    pub fn local_url(listen: SocketAddr) -> String {
        if listen.ip().is_unspecified() {
            format!("http://localhost:{}", listen.port())
        } else {
            format!("http://{listen}")
        }
    }
}

/// Reads one value with `read`, whose error says what the value should be.
fn checked<T>(settings: &Settings, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
    let Some(value) = settings.get(name) else {
        return Ok(None);
    };
    read(&value.text).map(Some).map_err(|what| {
        let place = match &value.origin {
            Origin::Default => String::new(),
            origin => format!(" ({origin})"),
        };
        Failure::new(
            "config",
            format!(
                "The setting {name}{place} cannot be used: {}.",
                what.trim_end_matches('.')
            ),
        )
    })
}

fn database(text: &str) -> Result<DatabaseChoice, String> {
    if text == "sqlite" {
        Ok(DatabaseChoice::Sqlite)
    } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        Ok(DatabaseChoice::Postgres(text.to_owned()))
    } else {
        Err("use sqlite or an address of the form postgres://user:password@host/database".to_owned())
    }
}

fn nats(text: &str) -> Result<String, String> {
    let fine = text.split(',').all(|one| {
        let one = one.trim();
        let one = if one.contains("://") {
            one.to_owned()
        } else {
            format!("nats://{one}")
        };
        Url::parse(&one).is_ok_and(|url| url.has_host())
    });
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "use addresses of the form nats://host:4222, with commas between (given: {})",
            mask_url(text)
        ))
    }
}

/// `HOST:PORT`, or a port alone on this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = || format!("\"{text}\" is not of the form 127.0.0.1:8080");
    text.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
}

fn public_url(text: &str) -> Result<String, String> {
    let wrong = || "use an address such as https://chat.example.com, without a path".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    let fine = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if fine {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(wrong())
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        "auto" if std::io::stderr().is_terminal() => Ok(LogFormat::Text),
        "auto" => Ok(LogFormat::Json),
        _ => Err("use text, json or auto".to_owned()),
    }
}
