//! Connected channels.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::channel::ChannelStatus;
use ism_domain::{ChannelId, Timestamp, WorkspaceId};
use serde_json::{Map, Value};

/// A connected messaging endpoint.
#[derive(Clone, PartialEq)]
pub struct Channel {
    pub workspace_id: WorkspaceId,
    pub id: ChannelId,
    /// The adapter's name, such as `telegram`.
    pub source: String,
    pub name: String,
    /// What customers see: `@bot`, a phone number.
    pub address: String,
    /// What identifies the account at the provider.
    pub account: Option<String>,
    /// Opaque id shown to the outside.
    pub public_id: String,
    /// Public settings.
    pub config: Map<String, Value>,
    /// Credentials, encrypted.
    pub secrets: Vec<u8>,
    pub status: ChannelStatus,
    pub status_text: Option<String>,
    pub simulated: bool,
    /// `base_url` came from the operator and may lie on a private network.
    pub trusted_base: bool,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    pub version: i64,
}
record!(Channel: channel(workspace_id, id) {
    workspace_id, id, source, name, address, account, public_id, config, secrets, status, status_text, simulated,
    trusted_base, created_at, deleted_at, version,
});

/// A channel that is not deleted, of any workspace: webhooks arrive without one.
///
/// # Errors
/// When the statement fails.
pub fn by_id(tx: &mut Tx<'_>, id: ChannelId) -> Result<Option<Channel>> {
    tx.first("WHERE id = ?1 AND deleted_at IS NULL", &[id.into()])
}

/// A channel by its public id, of any workspace.
///
/// # Errors
/// When the statement fails.
pub fn by_public_id(tx: &mut Tx<'_>, public_id: &str) -> Result<Option<Channel>> {
    tx.first("WHERE public_id = ?1 AND deleted_at IS NULL", &[public_id.into()])
}

/// A workspace's channel, deleted or not.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ChannelId) -> Result<Option<Channel>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}

/// A workspace's channels by name, without deleted ones.
///
/// # Errors
/// When the statement fails.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Channel>> {
    tx.all(
        "WHERE workspace_id = ?1 AND deleted_at IS NULL ORDER BY lower(name), id",
        &[workspace.into()],
    )
}

/// A workspace's channels, with deleted ones: history names them.
///
/// # Errors
/// When the statement fails.
pub fn list_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Channel>> {
    tx.all("WHERE workspace_id = ?1 ORDER BY id", &[workspace.into()])
}

/// Who has connected this account at a provider, if anyone.
///
/// # Errors
/// When the statement fails.
pub fn by_account(tx: &mut Tx<'_>, source: &str, account: &str) -> Result<Option<Channel>> {
    tx.first(
        "WHERE source = ?1 AND account = ?2 AND deleted_at IS NULL",
        &[source.into(), account.into()],
    )
}
