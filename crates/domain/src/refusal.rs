//! What the user did wrong: a value for the user, not an error in the log.

use serde::Serialize;
use std::fmt;

/// The family of a refusal; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The request itself is wrong (400).
    Invalid,
    /// Not signed in, or the credentials are wrong (401).
    Unauthorized,
    /// Signed in, but not allowed (403).
    Forbidden,
    /// There is no such thing, or it may not be seen (404).
    NotFound,
    /// It contradicts the present state (409).
    Conflict,
    /// Too large (413).
    TooLarge,
    /// Too often (429).
    Limited,
    /// A provider or another service refused or could not be reached (502).
    Upstream,
    /// Try again shortly; nothing was done (503).
    Busy,
}

/// Why a command was not carried out, in words the user can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// Stable snake_case name for programs.
    pub code: &'static str,
    /// A sentence that says what to do.
    pub message: String,
    /// The offending field, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Refusal {
    /// A refusal of the given kind.
    #[must_use]
    pub fn new(kind: RefusalKind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            field: None,
        }
    }

    /// The request itself is wrong.
    #[must_use]
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, code, message)
    }

    /// One field of the request is wrong.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(RefusalKind::Invalid, "invalid_field", message)
        }
    }

    /// There is no such thing, or it may not be seen.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(RefusalKind::NotFound, "not_found", format!("{what} not found"))
    }

    /// The user's role or restrictions do not allow it.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Forbidden, "forbidden", message)
    }

    /// It contradicts the present state.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Conflict, code, message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Refusal {}
