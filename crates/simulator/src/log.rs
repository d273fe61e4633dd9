//! The log of requests in both directions, with secrets removed before anything is kept.

use serde::Serialize;
use serde_json::Value;

/// Entries kept.
pub const KEPT: usize = 400;
const LONGEST: usize = 4_000;
const SECRET_KEYS: [&str; 9] = [
    "secret_token",
    "verify_token",
    "access_token",
    "app_secret",
    "token",
    "pin",
    "bot_token",
    "client_secret",
    "hub.verify_token",
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The business called the provider.
    #[default]
    Api,
    /// The provider called the business.
    Webhook,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    pub seq: u64,
    pub at: i64,
    pub account: String,
    pub direction: Direction,
    /// The method or path, without tokens.
    pub what: String,
    /// 0: no answer.
    pub status: u16,
    pub ms: i64,
    pub request: String,
    pub response: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// JSON with the values of secret keys replaced.
pub fn redact(mut value: Value) -> String {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map.iter_mut() {
                    if SECRET_KEYS.contains(&key.as_str()) {
                        *inner = Value::String("•••".to_owned());
                    } else {
                        walk(inner);
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    shorten(&value.to_string())
}

pub fn redact_bytes(bytes: &[u8]) -> String {
    match serde_json::from_slice(bytes) {
        Ok(value) => redact(value),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_log() {
        let entry =
            redact(serde_json::json!({"url": "http://a", "secret_token": "s3cret", "deep": [{"pin": "123456"}]}));
        assert!(entry.contains("http://a") && !entry.contains("s3cret") && !entry.contains("123456"));
    }
}
