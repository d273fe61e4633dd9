//! Channel adapters: pure translations between a provider's wire format and the domain. No I/O, no clock.
//!
//! An adapter reads webhooks (`verify`, `receive`) and drives outgoing calls as *dialogues*: small state machines that
//! say which HTTP request to make next and are told how it went. The shell (`ism-services`) performs the requests, so
//! every rule of a provider can be tested with tables of bytes.
//!
//! Each channel is a folder: `mod.rs` (descriptor, credentials, connect), `receive.rs`, `send.rs`, `README.md` (setting it up),
//! `fixtures/` and `tests.rs`. To add one, write its folder and add one line to [`ADAPTERS`].

pub mod dialogue;
pub mod webhook;

mod adapter;
mod card;
mod custom_channel;
mod flow;
mod form;
mod json;
mod telegram;
mod website_chat;
mod whatsapp_cloud;
mod words;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use adapter::*;
pub use dialogue::{Body, Call, Dialogue, Part, PartContent, Request, Response, Step};
pub use webhook::{Received, Rejection, Webhook, WebhookReply};
pub use website_chat::{origin_allowed, user_hash_matches};

/// Every channel the product knows, in the order of the catalogue.
pub static ADAPTERS: &[&dyn Adapter] = &[
    &whatsapp_cloud::WhatsappCloud,
    &telegram::Telegram,
    &website_chat::WebsiteChat,
    &custom_channel::CustomChannel,
];

/// The adapter of a source such as `telegram`.
#[must_use]
pub fn adapter(source: &str) -> Option<&'static dyn Adapter> {
    ADAPTERS
        .iter()
        .copied()
        .find(|adapter| adapter.descriptor().source == source)
}
