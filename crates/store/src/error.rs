//! What can go wrong between a closure and the disk.

/// A failure of the store. Never contains values of a query.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The queue is full: nothing was done, try again shortly.
    #[error("the store is busy")]
    Busy,
    /// The database cannot be reached, or the connection broke before the commit was known to have happened.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The disk took no more: nothing was written. Reading goes on.
    #[error("the database cannot be written: {0}")]
    NoRoom(String),
    /// A named constraint or unique index refused the write.
    #[error("constraint {constraint} is violated")]
    Conflict { constraint: String },
    /// A statement failed.
    #[error("statement failed: {message}")]
    Sql { message: String },
    /// A stored value is not what its column promises.
    #[error("column {column} holds an unexpected value: {message}")]
    Value { column: usize, message: String },
    /// The data directory or the schema cannot be used as it is.
    #[error("{0}")]
    Setup(String),
    /// A closure panicked; its work was rolled back.
    #[error("an operation failed unexpectedly and was undone")]
    Panicked,
}

/// The result of the store's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether the transaction is gone, with its connection or for want of room, rather than the statement wrong.
    #[must_use]
    pub const fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NoRoom(_))
    }

    /// Whether a unique index or constraint of this name refused.
    #[must_use]
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint.contains(name))
    }
}
