//! Records and queries, one file per noun.

pub mod accounts;
pub mod attachments;
pub mod channels;
pub mod comments;
pub mod contacts;
pub mod conversations;
pub mod jobs;
pub mod ledger;
pub mod messages;
pub mod outbox;
pub mod settings;
