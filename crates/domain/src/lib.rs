//! The rules of IS-Messenger as pure values and functions: no I/O, no clock, no randomness, no async.
//!
//! Everything here can be read and tested without knowing about databases or HTTP. Time and new ids are
//! arguments. The shell (`ism-store`, `ism-services`, `ism-api`) loads state, asks these functions what
//! should happen, and writes down the answer.
//!
//! | module | what it decides |
//! | --- | --- |
//! | [`ids`], [`time`] | identifiers and instants |
//! | [`access`] | who may do what |
//! | [`channel`] | sources and what each can carry |
//! | [`content`] | what a message says |
//! | [`contact`], [`phone`] | profiles, names, identities |
//! | [`comment`] | internal notes and mentions |
//! | [`conversation`] | opening, closing, snoozing, closing notes |
//! | [`message`] | statuses and their order, failure reasons |
//! | [`inbound`] | what an adapter hands over, and what ingest makes of it |
//! | [`event`] | kinds of events and their actors |
//! | [`refusal`] | what the user did wrong |

pub mod access;
pub mod channel;
pub mod comment;
pub mod contact;
pub mod content;
pub mod conversation;
pub mod event;
pub mod ids;
pub mod inbound;
pub mod message;
pub mod phone;
pub mod refusal;
pub mod time;

pub use ids::*;
pub use refusal::Refusal;
pub use time::Timestamp;
