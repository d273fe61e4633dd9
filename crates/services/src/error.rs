//! How a use case fails.

use ism_domain::Refusal;
use ism_domain::refusal::RefusalKind;

/// Either the user did something wrong, or we failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value for the user; not logged as an error.
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] ism_store::Error),
    /// A file could not be written or read.
    #[error("{what}: {source}")]
    File { what: &'static str, source: std::io::Error },
    /// Something that the code promises does not hold.
    #[error("{0}")]
    Internal(String),
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What the user is told, whatever the cause.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal.clone()),
            Self::Store(ism_store::Error::Busy) => Some(Refusal::new(
                RefusalKind::Busy,
                "busy",
                "The server is busy. Try again in a moment.",
            )),
            Self::Store(ism_store::Error::Unavailable(_)) => Some(Refusal::new(
                RefusalKind::Busy,
                "unavailable",
                "The database cannot be reached right now. Try again in a moment.",
            )),
            Self::Store(ism_store::Error::NoRoom(_)) => Some(no_room()),
            Self::File { source, .. } if takes_no_more(source) => Some(no_room()),
            _ => None,
        }
    }

    /// A file operation that failed.
    pub fn file(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { what, source }
    }
}

fn no_room() -> Refusal {
    Refusal::new(
        RefusalKind::Busy,
        "disk_full",
        "The server's disk is full or read-only, so nothing was saved. Tell the operator, and try again later.",
    )
}

fn takes_no_more(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
}
