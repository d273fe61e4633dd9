//! Organizations, users, workspaces, memberships, invitations, sessions, API tokens.

use crate::error::Result;
use crate::record;
use crate::record::Existing;
use crate::tx::Tx;
use ism_domain::access::Role;
use ism_domain::{InvitationId, OrganizationId, Timestamp, TokenId, UserId, WorkspaceId};
use serde_json::{Map, Value};

/// The billing and administration umbrella.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub created_at: Timestamp,
}
record!(Organization: organization(id) { id, name, created_at });

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Lower case.
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// Argon2id, PHC form.
    pub password_hash: String,
    pub created_at: Timestamp,
}
record!(User: user_account(id) { id, email, first_name, last_name, password_hash, created_at });

/// A user's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationMember {
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    /// `admin`, `billing_admin`, `user_admin` or `member`.
    pub role: String,
}
record!(OrganizationMember: organization_member(organization_id, user_id) { organization_id, user_id, role });

/// An isolated set of contacts, channels and settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// IANA name.
    pub timezone: String,
    pub settings: Map<String, Value>,
    /// Number of the newest event; only the writer changes it.
    pub seq: i64,
    pub created_at: Timestamp,
}
record!(Workspace: workspace(id) { id, organization_id, name, timezone, settings, seq, created_at });

/// A user's place in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
    pub last_active_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Removed users stay as rows, so that history keeps their names.
    pub removed_at: Option<Timestamp>,
}
record!(Member: workspace_member(workspace_id, user_id) { workspace_id, user_id, role, last_active_at, created_at, removed_at });

/// A pending invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub workspace_id: WorkspaceId,
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// Hex SHA-256 of the token in the link.
    pub token_hash: String,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}
record!(Invitation: invitation(workspace_id, id) {
    workspace_id, id, email, role, token_hash, invited_by, created_at, expires_at, accepted_at, revoked_at,
});

/// A sign-in on one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: i64,
    pub user_id: UserId,
    /// Hex SHA-256 of the cookie's value.
    pub token_hash: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}
record!(Session: session(id) { id, user_id, token_hash, user_agent, created_at, last_seen_at, expires_at });

/// A Developer API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub workspace_id: WorkspaceId,
    pub id: TokenId,
    pub name: String,
    /// Hex SHA-256 of the whole token.
    pub token_hash: String,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}
record!(ApiToken: api_token(workspace_id, id) { workspace_id, id, name, token_hash, created_by, created_at, revoked_at });

/// A user by e-mail address, in lower case.
///
/// # Errors
/// When the statement fails.
pub fn user_by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<User>> {
    tx.first("WHERE email = ?1", &[email.into()])
}

/// A user.
///
/// # Errors
/// When the statement fails.
pub fn user(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>> {
    tx.first("WHERE id = ?1", &[id.into()])
}

/// A workspace.
///
/// # Errors
/// When the statement fails.
pub fn workspace(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<Option<Workspace>> {
    tx.first("WHERE id = ?1", &[id.into()])
}

/// Every workspace.
///
/// # Errors
/// When the statement fails.
pub fn workspaces(tx: &mut Tx<'_>) -> Result<Vec<Workspace>> {
    tx.all("ORDER BY id", &[])
}

/// Saves what people may change of a workspace.
///
/// # Errors
/// When the statement fails.
pub fn save_workspace(tx: &mut Tx<'_>, workspace: &Workspace) -> Result<()> {
    let settings = crate::Column::to_val(&workspace.settings);
    let sql = "UPDATE workspace SET name = ?1, timezone = ?2, settings = ?3 WHERE id = ?4";
    let params = [
        workspace.name.as_str().into(),
        workspace.timezone.as_str().into(),
        settings,
        workspace.id.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// The workspaces a user belongs to, with the role and the organization's name.
///
/// # Errors
/// When the statement fails.
pub fn memberships(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<(WorkspaceId, String, String, Role)>> {
    let sql = "SELECT w.id, w.name, o.name, m.role FROM workspace_member m JOIN workspace w ON w.id = m.workspace_id \
               JOIN organization o ON o.id = w.organization_id WHERE m.user_id = ?1 AND m.removed_at IS NULL ORDER BY w.name, w.id";
    tx.rows(sql, &[user.into()])?
        .iter_mut()
        .map(|row| Ok((row.take()?, row.take()?, row.take()?, row.take()?)))
        .collect()
}

/// A present member.
///
/// # Errors
/// When the statement fails.
pub fn member(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<Option<Member>> {
    tx.first(
        "WHERE workspace_id = ?1 AND user_id = ?2 AND removed_at IS NULL",
        &[workspace.into(), user.into()],
    )
}

/// Every member of a workspace, with the account; removed ones too, for their names.
///
/// # Errors
/// When the statement fails.
pub fn members(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<(Member, User)>> {
    let members: Vec<Member> = tx.all("WHERE workspace_id = ?1", &[workspace.into()])?;
    let users: Vec<User> = tx.all(
        "WHERE id = ANY(?1)",
        &[crate::ids(members.iter().map(|member| member.user_id))],
    )?;
    let mut by_id: std::collections::HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
    Ok(members
        .into_iter()
        .filter_map(|member| by_id.remove(&member.user_id).map(|user| (member, user)))
        .collect())
}

/// Records that a user was active.
///
/// # Errors
/// When the statement fails.
pub fn touch_member(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId, at: Timestamp) -> Result<()> {
    let sql = "UPDATE workspace_member SET last_active_at = ?1 WHERE workspace_id = ?2 AND user_id = ?3";
    tx.execute(sql, &[at.into(), workspace.into(), user.into()]).map(drop)
}

/// A session by the hash of its token.
///
/// # Errors
/// When the statement fails.
pub fn session_by_hash(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Session>> {
    tx.first("WHERE token_hash = ?1", &[hash.into()])
}

/// Moves a session's expiry.
///
/// # Errors
/// When the statement fails.
pub fn touch_session(tx: &mut Tx<'_>, id: i64, seen: Timestamp, expires: Timestamp) -> Result<()> {
    let sql = "UPDATE session SET last_seen_at = ?1, expires_at = ?2 WHERE id = ?3";
    tx.execute(sql, &[seen.into(), expires.into(), id.into()]).map(drop)
}

/// Ends one session.
///
/// # Errors
/// When the statement fails.
pub fn delete_session(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.execute("DELETE FROM session WHERE id = ?1", &[id.into()]).map(drop)
}

/// Ends all of a user's sessions but one.
///
/// # Errors
/// When the statement fails.
pub fn delete_other_sessions(tx: &mut Tx<'_>, user: UserId, keep: i64) -> Result<()> {
    tx.execute(
        "DELETE FROM session WHERE user_id = ?1 AND id <> ?2",
        &[user.into(), keep.into()],
    )
    .map(drop)
}

/// Drops sessions that have expired.
///
/// # Errors
/// When the statement fails.
pub fn delete_expired_sessions(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM session WHERE expires_at < ?1", &[now.into()])
}

/// Open invitations of a workspace, newest first.
///
/// # Errors
/// When the statement fails.
pub fn invitations(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<Invitation>> {
    tx.all(
        "WHERE workspace_id = ?1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?2 ORDER BY id DESC",
        &[workspace.into(), now.into()],
    )
}

/// An open invitation by the hash of its token.
///
/// # Errors
/// When the statement fails.
pub fn invitation_by_hash(tx: &mut Tx<'_>, hash: &str, now: Timestamp) -> Result<Option<Invitation>> {
    tx.first(
        "WHERE token_hash = ?1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?2",
        &[hash.into(), now.into()],
    )
}

/// A valid API token by its hash.
///
/// # Errors
/// When the statement fails.
pub fn token_by_hash(tx: &mut Tx<'_>, hash: &str) -> Result<Option<ApiToken>> {
    tx.first("WHERE token_hash = ?1 AND revoked_at IS NULL", &[hash.into()])
}

/// Writes a row of any of this file's tables, replacing the one with its key.
///
/// # Errors
/// When the statement fails or a unique index refuses.
pub fn save<R: crate::Record>(tx: &mut Tx<'_>, row: &R) -> Result<()> {
    tx.insert([row], Existing::Replace).map(drop)
}

/// Writes a new row.
///
/// # Errors
/// When the statement fails or the row exists.
pub fn insert<R: crate::Record>(tx: &mut Tx<'_>, row: &R) -> Result<()> {
    tx.insert([row], Existing::Refuse).map(drop)
}
