//! How a command fails: one sentence for people, a code for programs.

use ism_domain::refusal::RefusalKind;
use serde_json::{Value, json};
use std::path::Path;

/// Why a command could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable snake_case name.
    pub code: &'static str,
    /// Sentences that say what to do. Never a secret.
    pub message: String,
}

impl Failure {
    /// A failure in words.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A file operation that failed.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new("file", format!("Cannot {doing} {}: {error}.", path.display()))
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }
}

/// Makes a library's message a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let mut text = first + chars.as_str();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

impl From<ism_services::Error> for Failure {
    fn from(error: ism_services::Error) -> Self {
        match error {
            ism_services::Error::Refused(refusal) => {
                let hint = match refusal.kind {
                    RefusalKind::Upstream => " Without --strict the channel is kept and can be reconnected later.",
                    _ => "",
                };
                Self::new(refusal.code, format!("{}{}", sentence(&refusal.to_string()), hint))
            }
            ism_services::Error::Store(error) => error.into(),
            other => Self::new("internal", sentence(&other.to_string())),
        }
    }
}

impl From<ism_store::Error> for Failure {
    fn from(error: ism_store::Error) -> Self {
        match error {
            ism_store::Error::Unavailable(why) => Self::new(
                "database_unavailable",
                format!("The database cannot be reached: {}", sentence_tail(&why)),
            ),
            ism_store::Error::Setup(why) => Self::new("database", sentence(&why)),
            other => Self::new("database", sentence(&other.to_string())),
        }
    }
}

fn sentence_tail(text: &str) -> String {
    format!("{}.", text.trim().trim_end_matches('.'))
}

impl From<ism_services::secrets::KeyError> for Failure {
    fn from(error: ism_services::secrets::KeyError) -> Self {
        Self::new("key", sentence(&error.to_string()))
    }
}

impl From<ism_net::SetupError> for Failure {
    fn from(error: ism_net::SetupError) -> Self {
        Self::new("http_client", sentence(&error.to_string()))
    }
}

impl From<ism_bus::BusError> for Failure {
    fn from(error: ism_bus::BusError) -> Self {
        Self::new("nats", sentence(&error.to_string()))
    }
}

impl From<ism_simulator::Error> for Failure {
    fn from(error: ism_simulator::Error) -> Self {
        Self::new("simulator", sentence(&error.to_string()))
    }
}
