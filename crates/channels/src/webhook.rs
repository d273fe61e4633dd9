//! What comes in: a provider's request, and what an adapter makes of it.

use crate::dialogue::Request;
use bytes::Bytes;
use ism_domain::inbound::Inbound;

/// A provider's request to one of our webhook addresses.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The raw bytes, before any parsing: signatures cover these.
    pub body: Bytes,
}

impl Webhook {
    /// A header, by its lower-case name. One that is there twice counts as missing: a proxy before us may have looked at the
    /// other.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }

    /// A query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// No credential, or one of the wrong shape: 401.
    Missing,
    /// A credential that does not match: 403 (401 for bearer tokens, as the Developer API documents).
    Wrong { status: u16 },
    /// The body cannot be what the provider sends; the sentence goes back to the sender. 400.
    Malformed(&'static str),
}

impl Rejection {
    /// The HTTP status to answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Missing => 401,
            Self::Wrong { status } => status,
            Self::Malformed(_) => 400,
        }
    }

    /// A short name for the ledger.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Wrong { .. } => "signature_wrong",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// What an authentic request contained.
#[derive(Debug, Default)]
pub struct Received {
    /// Everything that happened, in the order of the request.
    pub events: Vec<Inbound>,
    /// Calls owed to the provider, best effort, after the events are on disk (for example Telegram's
    /// `answerCallbackQuery`).
    pub follow_ups: Vec<Request>,
}

/// What to answer to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookReply {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl WebhookReply {
    /// 200 with a plain text body.
    #[must_use]
    pub fn text(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            content_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    /// A JSON body.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: body.to_string(),
        }
    }
}
