//! Outbound HTTP for addresses that strangers choose: it cannot be talked into reaching private networks.
//!
//! Providers, webhooks and media links are named by users and by the messages of customers, so every request goes through
//! [`Client`]. The guard works in two places, because an address can be hidden in two ways:
//!
//! - [`target`] judges the URL itself: scheme, user info, and an address written as a literal in any spelling;
//! - [`resolver`] judges what a name resolves to, at the moment of connecting, so that a name which changes its answer
//!   between check and use gains nothing.
//!
//! Redirects are never followed blindly: each hop is judged anew. Origins the operator names himself (the simulator, a
//! `base_url` on the command line) are exempt, see [`Client::allow`].
//!
//! No error text of this crate contains a URL: tokens stand in paths and queries of several providers.

mod address;
mod client;
mod download;
mod error;
mod request;
mod resolver;
mod target;

pub use client::{Client, Options};
pub use download::Downloaded;
pub use error::{CallError, SetupError};
pub use request::{Answer, Body, Method, Part, PartData, Request};
pub use target::{AllowedOrigin, InvalidOrigin};
