//! What can go wrong with a call, sorted by the one question that matters: may the other side have seen it?

use crate::resolver::PrivateAddress;
use std::error::Error;

/// A call that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Refused by us before anything was sent; trying again will not help.
    #[error("the address cannot be called: {0}")]
    Blocked(String),
    /// No request was written: no such name, connection refused or not made in time, TLS failed, file not readable.
    #[error("could not connect: {0}")]
    NotSent(String),
    /// It failed after the connection stood, so the request may have been written, and acted upon.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// The answer is larger than the caller accepts. The request was written.
    #[error("the answer is too large")]
    TooLarge,
}

/// The HTTP client cannot be set up on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}. Are the system's certificates installed (package ca-certificates)?")]
pub struct SetupError(pub(crate) String);

impl CallError {
    pub(crate) fn blocked(reason: &str) -> Self {
        Self::Blocked(reason.to_owned())
    }

    /// Which network it is, is for the log only: whoever chose the address could map ours by asking.
    pub(crate) fn blocked_network(network: &str) -> Self {
        tracing::info!(
            network,
            "a call was refused: its address leads into a network that is not public"
        );
        Self::blocked("it leads into a network that is not public")
    }

    /// Sorts an error of the HTTP library. Only failures to connect are certain not to have sent anything.
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(private) = causes(&error).find_map(|cause| cause.downcast_ref::<PrivateAddress>()) {
            return Self::blocked_network(private.0);
        }
        if error.is_connect() {
            Self::NotSent(describe(&error))
        } else if error.is_builder() {
            Self::Blocked(describe(&error))
        } else {
            Self::Broken(describe(&error))
        }
    }
}

/// The innermost cause says it most exactly; the outer ones only say that something failed.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
