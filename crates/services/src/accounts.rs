//! Signing in, invitations, users and workspaces.

mod limits;
mod password;

use crate::secrets::{hash, token};
use crate::views::{InvitationView, UserView};
use crate::{Error, Member, Result, Services};
use ism_bus::Wake;
use ism_domain::access::{self, Action, Role};
use ism_domain::contact::check_email;
use ism_domain::content::clean_text;
use ism_domain::conversation::{self, ClosingNoteMode};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::refusal::RefusalKind;
use ism_domain::{InvitationId, OrganizationId, Refusal, Timestamp, TokenId, UserId, WorkspaceId};
use ism_store::tables::accounts::{
    self, ApiToken, Invitation, Organization, OrganizationMember, Session, User, Workspace,
};
use ism_store::tables::contacts;
use ism_store::unit::Unit;
use ism_store::{NO_WORKSPACE, Tx};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

pub use limits::LoginLimits;
pub use password::check_new as check_new_password;

/// How long a session lives without use.
const SESSION: i64 = 30 * Timestamp::DAY;
/// How often a session's use is written down.
const SESSION_TOUCH: i64 = 5 * Timestamp::MINUTE;
/// How long an invitation can be accepted: whoever finds an old one in a mailbox finds nothing.
const INVITATION: i64 = 3 * Timestamp::DAY;
/// Most characters of a person's or workspace's name.
const MAX_NAME: usize = 100;

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub session_id: i64,
    pub user: UserId,
}

/// What the web app needs to know at the start.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    pub user: MeView,
    pub workspaces: Vec<MembershipView>,
    pub simulator_url: Option<String>,
    pub public_url: String,
}

/// The signed-in person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeView {
    pub id: UserId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// A workspace one belongs to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MembershipView {
    pub id: WorkspaceId,
    pub name: String,
    pub organization_name: String,
    pub role: Role,
}

/// A workspace and what one may do in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkspaceView {
    pub id: WorkspaceId,
    pub name: String,
    /// IANA name.
    pub timezone: String,
    pub role: Role,
    pub closing_note_mode: ClosingNoteMode,
    pub activities_open_conversations: bool,
    pub permissions: Vec<Action>,
    /// The log's number at the time of reading.
    pub seq: i64,
}

/// What an invitation is for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationInfo {
    pub email: String,
    pub workspace_name: String,
    pub role: Role,
    /// The person has an account already and signs in with its password.
    pub account_exists: bool,
}

/// The first owner, organization and workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Initialised {
    pub organization_id: OrganizationId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
}

/// Changes to a workspace.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceChange {
    pub name: Option<String>,
    pub timezone: Option<String>,
    pub closing_note_mode: Option<ClosingNoteMode>,
    pub activities_open_conversations: Option<bool>,
}

impl Services {
    /// Makes the first owner, organization and workspace.
    ///
    /// # Errors
    /// When there is an owner already, or a value cannot be used.
    pub async fn initialise(&self, email: &str, password: &str, workspace_name: &str) -> Result<Initialised> {
        let email = check_email(email)?;
        password::check_new(password)?;
        let name = check_name("workspace", workspace_name)?;
        let password_hash = self.hash_password(password).await?;
        self.store
            .write(NO_WORKSPACE, move |tx| {
                if !tx.rows("SELECT id FROM user_account LIMIT 1", &[])?.is_empty() {
                    return Err(Refusal::conflict(
                        "already_initialised",
                        "This installation has an owner already. Invite more people in the web app under Settings, Users.",
                    )
                    .into());
                }
                let now = tx.now();
                let made = Initialised { organization_id: tx.id(), workspace_id: tx.id(), user_id: tx.id() };
                let first_name = email.split('@').next().unwrap_or_default().to_owned();
                accounts::insert(tx, &User {
                    id: made.user_id,
                    email: email.clone(),
                    first_name,
                    last_name: String::new(),
                    password_hash: password_hash.clone(),
                    created_at: now,
                })?;
                accounts::insert(tx, &Organization { id: made.organization_id, name: name.clone(), created_at: now })?;
                accounts::insert(tx, &OrganizationMember {
                    organization_id: made.organization_id,
                    user_id: made.user_id,
                    role: "admin".to_owned(),
                })?;
                accounts::insert(tx, &Workspace {
                    id: made.workspace_id,
                    organization_id: made.organization_id,
                    name: name.clone(),
                    timezone: "UTC".to_owned(),
                    settings: Map::new(),
                    seq: 0,
                    created_at: now,
                })?;
                accounts::insert(tx, &accounts::Member {
                    workspace_id: made.workspace_id,
                    user_id: made.user_id,
                    role: Role::Owner,
                    last_active_at: None,
                    created_at: now,
                    removed_at: None,
                })?;
                Ok(made)
            })
            .await
    }

    /// Whether anyone has an account yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_initialised(&self) -> Result<bool> {
        let rows = self
            .store
            .read(NO_WORKSPACE, |tx| tx.rows("SELECT id FROM user_account LIMIT 1", &[]))
            .await?;
        Ok(!rows.is_empty())
    }

    /// Signs in. Returns the session's token for the cookie.
    ///
    /// # Errors
    /// The same refusal for an unknown address and a wrong password; another when tried too often.
    pub async fn sign_in(&self, email: &str, password: &str, address: &str, agent: &str) -> Result<String> {
        let email = email.trim().to_lowercase();
        self.logins.attempt(address, &email, self.store.now())?;
        let wrong = || {
            Refusal::new(
                RefusalKind::Unauthorized,
                "wrong_credentials",
                "The e-mail address or the password is wrong.",
            )
        };
        let lookup = email.clone();
        let user = self
            .store
            .read(NO_WORKSPACE, move |tx| accounts::user_by_email(tx, &lookup))
            .await?;
        let known = user
            .as_ref()
            .map_or(password::DECOY, |user| user.password_hash.as_str())
            .to_owned();
        // An unknown address costs as much time as a wrong password.
        let fits = self.verify_password(password, known).await?;
        let user = user.filter(|_| fits).ok_or_else(wrong)?;
        self.logins.succeeded(&email);
        self.begin_session(user.id, agent).await
    }

    async fn begin_session(&self, user: UserId, agent: &str) -> Result<String> {
        let token = token();
        let session = Session {
            id: self.store.id(),
            user_id: user,
            token_hash: hash(&token),
            user_agent: clean_text(agent).chars().take(200).collect(),
            created_at: self.store.now(),
            last_seen_at: self.store.now(),
            expires_at: self.store.now().plus(SESSION),
        };
        self.store
            .write(NO_WORKSPACE, move |tx| accounts::insert(tx, &session))
            .await?;
        Ok(token)
    }

    /// Who a cookie belongs to, if the session lives.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(&self, token: &str) -> Result<Option<SignedIn>> {
        let token_hash = hash(token);
        let now = self.store.now();
        let found = self
            .store
            .read(NO_WORKSPACE, move |tx| accounts::session_by_hash(tx, &token_hash))
            .await?;
        let Some(session) = found.filter(|session| session.expires_at > now) else {
            return Ok(None);
        };
        if now.0 - session.last_seen_at.0 > SESSION_TOUCH {
            let id = session.id;
            self.store
                .write(NO_WORKSPACE, move |tx| {
                    accounts::touch_session(tx, id, now, now.plus(SESSION))
                })
                .await?;
        }
        Ok(Some(SignedIn {
            session_id: session.id,
            user: session.user_id,
        }))
    }

    /// Ends a session and its sockets.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sign_out(&self, signed_in: &SignedIn) -> Result<()> {
        let id = signed_in.session_id;
        self.store
            .write(NO_WORKSPACE, move |tx| accounts::delete_session(tx, id))
            .await?;
        self.bus.publish_wake(Wake::SessionEnded {
            session_id: id,
            user_id: signed_in.user.0,
        });
        Ok(())
    }

    /// What the web app needs at the start.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session_view(&self, user: UserId) -> Result<SessionView> {
        let (me, places) = self
            .store
            .snapshot(NO_WORKSPACE, move |tx| {
                let me = accounts::user(tx, user)?.ok_or_else(|| Refusal::not_found("User"))?;
                Ok::<_, Error>((me, accounts::memberships(tx, user)?))
            })
            .await?;
        Ok(SessionView {
            user: MeView {
                id: me.id,
                email: me.email,
                first_name: me.first_name,
                last_name: me.last_name,
            },
            workspaces: places
                .into_iter()
                .map(|(id, name, organization_name, role)| MembershipView {
                    id,
                    name,
                    organization_name,
                    role,
                })
                .collect(),
            simulator_url: self.settings.simulator_url.clone(),
            public_url: self.settings.public_url.clone(),
        })
    }

    /// A user's place in a workspace. One they do not belong to looks like one that does not exist.
    ///
    /// # Errors
    /// When they are not a member.
    pub async fn member(&self, user: UserId, workspace: WorkspaceId) -> Result<Member> {
        let found = self
            .store
            .read(workspace, move |tx| accounts::member(tx, workspace, user))
            .await?;
        let row = found.ok_or_else(|| Refusal::not_found("Workspace"))?;
        let now = self.store.now();
        if row.last_active_at.is_none_or(|seen| now.0 - seen.0 > SESSION_TOUCH) {
            self.store
                .write(NO_WORKSPACE, move |tx| accounts::touch_member(tx, workspace, user, now))
                .await?;
        }
        Ok(Member {
            workspace,
            user,
            role: row.role,
        })
    }

    /// Changes one's own name or password. A new password ends all other sessions.
    ///
    /// # Errors
    /// When the present password is wrong or the new one too weak.
    pub async fn change_me(
        &self,
        signed_in: &SignedIn,
        first_name: Option<String>,
        last_name: Option<String>,
        passwords: Option<(String, String)>,
    ) -> Result<SessionView> {
        let user = signed_in.user;
        let first_name = first_name.map(|name| check_name("first_name", &name)).transpose()?;
        let last_name = last_name
            .map(|name| check_optional_name("last_name", &name))
            .transpose()?;
        let new_hash = match passwords {
            None => None,
            Some((present, new)) => {
                let me = self
                    .store
                    .read(NO_WORKSPACE, move |tx| accounts::user(tx, user))
                    .await?
                    .ok_or_else(|| Refusal::not_found("User"))?;
                self.logins
                    .attempt(&format!("user:{user}"), &me.email, self.store.now())?;
                if !self.verify_password(&present, me.password_hash).await? {
                    return Err(Refusal::field("current_password", "The present password is wrong.").into());
                }
                self.logins.succeeded(&me.email);
                password::check_new(&new).map_err(|refusal| Refusal {
                    field: Some("new_password".to_owned()),
                    ..refusal
                })?;
                Some(self.hash_password(&new).await?)
            }
        };
        let session = signed_in.session_id;
        let others_ended = new_hash.is_some();
        self.store
            .write(NO_WORKSPACE, move |tx| {
                let mut me = accounts::user(tx, user)?.ok_or_else(|| Refusal::not_found("User"))?;
                if let Some(name) = &first_name {
                    me.first_name.clone_from(name);
                }
                if let Some(name) = &last_name {
                    me.last_name.clone_from(name);
                }
                if let Some(new) = &new_hash {
                    me.password_hash.clone_from(new);
                    accounts::delete_other_sessions(tx, user, session)?;
                }
                accounts::save(tx, &me).map_err(Error::from)
            })
            .await?;
        if others_ended {
            // Sockets of this user look whether their session still lives; the present one does.
            self.bus.publish_wake(Wake::SessionEnded {
                session_id: 0,
                user_id: user.0,
            });
        }
        self.session_view(user).await
    }

    /// A workspace and what one may do in it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn workspace(&self, member: Member) -> Result<WorkspaceView> {
        member.require(Action::InboxView)?;
        let row = self
            .store
            .read(member.workspace, move |tx| accounts::workspace(tx, member.workspace))
            .await?;
        Ok(workspace_view(
            row.ok_or_else(|| Refusal::not_found("Workspace"))?,
            member.role,
        ))
    }

    /// Changes a workspace's settings.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub async fn change_workspace(&self, member: Member, change: WorkspaceChange) -> Result<WorkspaceView> {
        member.require(Action::WorkspaceSettings)?;
        let name = change
            .name
            .as_deref()
            .map(|name| check_name("name", name))
            .transpose()?;
        if let Some(zone) = &change.timezone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(Refusal::field("timezone", "Choose a time zone such as Asia/Kuala_Lumpur.").into());
        }
        self.store
            .write(member.workspace, move |tx| {
                let mut row =
                    accounts::workspace(tx, member.workspace)?.ok_or_else(|| Refusal::not_found("Workspace"))?;
                if let Some(name) = &name {
                    row.name.clone_from(name);
                }
                if let Some(zone) = &change.timezone {
                    row.timezone.clone_from(zone);
                }
                if let Some(mode) = change.closing_note_mode {
                    row.settings.insert("closing_note_mode".to_owned(), json!(mode));
                }
                if let Some(open) = change.activities_open_conversations {
                    row.settings
                        .insert("activities_open_conversations".to_owned(), json!(open));
                }
                accounts::save_workspace(tx, &row)?;
                tx.emit(NewEvent::workspace(
                    EventKind::WorkspaceUpdated,
                    member.actor(),
                    json!({ "name": row.name }),
                ));
                Ok(workspace_view(row, member.role))
            })
            .await
    }

    /// Colleagues, present ones first; former ones too, so that history can name them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn users(&self, member: Member) -> Result<Vec<UserView>> {
        member.require(Action::InboxView)?;
        let workspace = member.workspace;
        let rows = self
            .store
            .snapshot(workspace, move |tx| accounts::members(tx, workspace))
            .await?;
        let online = self.realtime.online(workspace);
        let mut users: Vec<UserView> = rows
            .into_iter()
            .map(|(row, user)| user_view(row, user, &online))
            .collect();
        users.sort_by_key(|user| {
            (
                user.removed,
                user.first_name.to_lowercase(),
                user.last_name.to_lowercase(),
                user.id,
            )
        });
        Ok(users)
    }

    /// Changes a colleague's access level.
    ///
    /// # Errors
    /// When it is one's own, or the last owner would be gone.
    pub async fn change_role(&self, member: Member, user: UserId, role: Role) -> Result<UserView> {
        member.require(Action::UsersManage)?;
        if user == member.user {
            return Err(Refusal::conflict(
                "own_access",
                "You cannot change your own access level. Ask another owner.",
            )
            .into());
        }
        let online = self.realtime.online(member.workspace);
        let view = self
            .store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                let mut row = accounts::member(tx, workspace, user)?.ok_or_else(|| Refusal::not_found("User"))?;
                row.role = role;
                accounts::save(tx, &row)?;
                keep_an_owner(tx)?;
                tx.emit(NewEvent::workspace(
                    EventKind::UserUpdated,
                    member.actor(),
                    json!({ "user_id": user, "role": role }),
                ));
                let account = accounts::user(tx, user)?.ok_or_else(|| Refusal::not_found("User"))?;
                Ok::<_, Error>(user_view(row, account, &online))
            })
            .await?;
        self.bus.publish_wake(Wake::AccessChanged {
            workspace_id: member.workspace.0,
            user_id: user.0,
        });
        Ok(view)
    }

    /// Removes a colleague from the workspace; their contacts become unassigned.
    ///
    /// # Errors
    /// When it is oneself or not a member.
    pub async fn remove_user(&self, member: Member, user: UserId) -> Result<()> {
        if user == member.user {
            return Err(Refusal::conflict("own_access", "You cannot remove yourself. Ask another owner.").into());
        }
        self.store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                let mut row = accounts::member(tx, workspace, user)?.ok_or_else(|| Refusal::not_found("User"))?;
                let action = if row.role == Role::Agent {
                    Action::UsersInviteAgent
                } else {
                    Action::UsersManage
                };
                access::require(member.role, action)?;
                let now = tx.now();
                row.removed_at = Some(now);
                accounts::save(tx, &row)?;
                keep_an_owner(tx)?;
                let assigned: Vec<_> = contacts::assigned_to(tx, workspace, user)?
                    .iter()
                    .map(|contact| contact.id)
                    .collect();
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &assigned)?;
                for contact in assigned {
                    let event = unit
                        .contact_and_conversation(contact)
                        .and_then(|(contact, conversation)| {
                            conversation::assign(contact, conversation, None, member.actor(), now)
                        });
                    if let Some(event) = event {
                        unit.emit(event);
                    }
                }
                unit.emit(NewEvent::workspace(
                    EventKind::UserRemoved,
                    member.actor(),
                    json!({ "user_id": user }),
                ));
                unit.save(tx).map_err(Error::from)
            })
            .await?;
        self.bus.publish_wake(Wake::AccessChanged {
            workspace_id: member.workspace.0,
            user_id: user.0,
        });
        Ok(())
    }

    /// Invitations that are still open.
    ///
    /// # Errors
    /// When the role may not see them.
    pub async fn invitations(&self, member: Member) -> Result<Vec<InvitationView>> {
        member.require(Action::UsersView)?;
        let workspace = member.workspace;
        let now = self.store.now();
        let rows = self
            .store
            .read(workspace, move |tx| accounts::invitations(tx, workspace, now))
            .await?;
        Ok(rows.into_iter().map(|row| invitation_view(row, None)).collect())
    }

    /// Invites someone; the answer holds the link to give them.
    ///
    /// # Errors
    /// When they are a member already, or the role may not invite at this level.
    pub async fn invite(&self, member: Member, email: &str, role: Role) -> Result<InvitationView> {
        member.require(if role == Role::Agent {
            Action::UsersInviteAgent
        } else {
            Action::UsersInviteAny
        })?;
        let email = check_email(email)?;
        let token = token();
        let token_hash = hash(&token);
        let row = self
            .store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                if let Some(user) = accounts::user_by_email(tx, &email)?
                    && accounts::member(tx, workspace, user.id)?.is_some()
                {
                    return Err(Refusal::conflict("already_member", "This person is in the workspace already.").into());
                }
                let now = tx.now();
                // A new link for the same person replaces the old one.
                for mut old in accounts::invitations(tx, workspace, now)?
                    .into_iter()
                    .filter(|old| old.email == email)
                {
                    old.revoked_at = Some(now);
                    accounts::save(tx, &old)?;
                }
                let row = Invitation {
                    workspace_id: workspace,
                    id: tx.id(),
                    email: email.clone(),
                    role,
                    token_hash: token_hash.clone(),
                    invited_by: member.user,
                    created_at: now,
                    expires_at: now.plus(INVITATION),
                    accepted_at: None,
                    revoked_at: None,
                };
                accounts::insert(tx, &row)?;
                let payload = json!({ "invitation_id": row.id, "role": role });
                tx.emit(NewEvent::workspace(EventKind::UserInvited, member.actor(), payload));
                Ok::<_, Error>(row)
            })
            .await?;
        let url = format!("{}/invite/{token}", self.settings.public_url);
        Ok(invitation_view(row, Some(url)))
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// When there is none.
    pub async fn revoke_invitation(&self, member: Member, id: InvitationId) -> Result<()> {
        member.require(Action::UsersInviteAgent)?;
        self.store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                let now = tx.now();
                let mut row = accounts::invitations(tx, workspace, now)?
                    .into_iter()
                    .find(|row| row.id == id)
                    .ok_or_else(|| Refusal::not_found("Invitation"))?;
                row.revoked_at = Some(now);
                accounts::save(tx, &row)?;
                let payload = json!({ "invitation_id": id });
                tx.emit(NewEvent::workspace(
                    EventKind::InvitationRevoked,
                    member.actor(),
                    payload,
                ));
                Ok(())
            })
            .await
    }

    /// What an invitation's link is for.
    ///
    /// # Errors
    /// When it does not exist, was used, taken back or has expired.
    pub async fn invitation_info(&self, token: &str) -> Result<InvitationInfo> {
        let token_hash = hash(token);
        let now = self.store.now();
        self.store
            .snapshot(NO_WORKSPACE, move |tx| {
                let row = accounts::invitation_by_hash(tx, &token_hash, now)?.ok_or_else(invitation_gone)?;
                let workspace = accounts::workspace(tx, row.workspace_id)?.ok_or_else(invitation_gone)?;
                let account_exists = accounts::user_by_email(tx, &row.email)?.is_some();
                Ok(InvitationInfo {
                    email: row.email,
                    workspace_name: workspace.name,
                    role: row.role,
                    account_exists,
                })
            })
            .await
    }

    /// Accepts an invitation: makes the account, or signs in to the one that exists. Returns the session's token.
    ///
    /// # Errors
    /// When the invitation is gone or the password does not fit.
    pub async fn accept_invitation(
        &self,
        invitation: &str,
        names: (String, String),
        password: &str,
        address: &str,
        agent: &str,
    ) -> Result<String> {
        let info = self.invitation_info(invitation).await?;
        self.logins.attempt(address, &info.email, self.store.now())?;
        let email = info.email.clone();
        let existing = self
            .store
            .read(NO_WORKSPACE, move |tx| accounts::user_by_email(tx, &email))
            .await?;
        let newcomer = existing.is_none();
        let account = match existing {
            Some(user) => {
                if !self.verify_password(password, user.password_hash.clone()).await? {
                    return Err(Refusal::field("password", "The password of your account is wrong.").into());
                }
                self.logins.succeeded(&user.email);
                user
            }
            None => {
                // Nothing is guessed here: the invitation is the proof.
                self.logins.succeeded(&info.email);
                password::check_new(password)?;
                User {
                    id: self.store.id(),
                    email: info.email,
                    first_name: check_name("first_name", &names.0)?,
                    last_name: check_optional_name("last_name", &names.1)?,
                    password_hash: self.hash_password(password).await?,
                    created_at: self.store.now(),
                }
            }
        };
        let user = account.id;
        let token_hash = hash(invitation);
        let now = self.store.now();
        let lookup = token_hash.clone();
        let workspace = self
            .store
            .read(NO_WORKSPACE, move |tx| accounts::invitation_by_hash(tx, &lookup, now))
            .await?
            .ok_or_else(invitation_gone)?
            .workspace_id;
        self.store
            .write(workspace, move |tx| {
                let now = tx.now();
                let mut row = accounts::invitation_by_hash(tx, &token_hash, now)?.ok_or_else(invitation_gone)?;
                row.accepted_at = Some(now);
                accounts::save(tx, &row)?;
                if newcomer {
                    accounts::insert(tx, &account)?;
                }
                let place = accounts::Member {
                    workspace_id: workspace,
                    user_id: user,
                    role: row.role,
                    last_active_at: Some(now),
                    created_at: now,
                    removed_at: None,
                };
                accounts::save(tx, &place)?;
                join_organization(tx, workspace, user)?;
                tx.emit(NewEvent::workspace(
                    EventKind::UserJoined,
                    Actor::user(user),
                    json!({ "user_id": user }),
                ));
                Ok::<_, Error>(())
            })
            .await?;
        self.begin_session(user, agent).await
    }

    /// Makes a Developer API token. It is shown once; only its hash is kept.
    ///
    /// # Errors
    /// When the workspace does not exist or has ten tokens.
    pub async fn create_api_token(&self, workspace: WorkspaceId, name: &str, by: Option<UserId>) -> Result<String> {
        let name = check_name("name", name)?;
        let (id, now): (TokenId, Timestamp) = (self.store.id(), self.store.now());
        let organization = self
            .store
            .read(workspace, move |tx| accounts::workspace(tx, workspace))
            .await?
            .ok_or_else(|| Refusal::not_found("Workspace"))?
            .organization_id;
        // The official clients want three dot-separated parts with exactly these claims in the middle.
        let part =
            |value: Value| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string());
        let claims = json!({
            "id": id, "spaceId": workspace, "orgId": organization, "type": "api", "iat": now.as_seconds(),
        });
        let unsigned = format!("{}.{}", part(json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
        let nonce = token();
        let signature = self.secrets.sign("api_token", &format!("{unsigned}.{nonce}"));
        let token = format!("{unsigned}.{signature}");
        let row = ApiToken {
            workspace_id: workspace,
            id,
            name,
            token_hash: hash(&token),
            created_by: by,
            created_at: now,
            revoked_at: None,
        };
        self.store
            .write(workspace, move |tx| {
                let sql = "SELECT count(*) FROM api_token WHERE workspace_id = ?1 AND revoked_at IS NULL";
                let count: i64 = tx
                    .rows(sql, &[workspace.into()])?
                    .first_mut()
                    .map_or(Ok(0), ism_store::Row::take)?;
                if count >= 10 {
                    return Err(
                        Refusal::conflict("too_many", "A workspace has at most 10 tokens. Revoke one first.").into(),
                    );
                }
                accounts::insert(tx, &row)?;
                let actor = by.map_or(Actor::SYSTEM, Actor::user);
                tx.emit(NewEvent::workspace(
                    EventKind::TokenCreated,
                    actor,
                    json!({ "token_id": row.id, "name": row.name }),
                ));
                Ok::<_, Error>(())
            })
            .await?;
        Ok(token)
    }

    /// The workspace a Developer API token opens, and the token's id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn api_token(&self, token: &str) -> Result<Option<(WorkspaceId, TokenId)>> {
        let token_hash = hash(token);
        let row = self
            .store
            .read(NO_WORKSPACE, move |tx| accounts::token_by_hash(tx, &token_hash))
            .await?;
        Ok(row.map(|row| (row.workspace_id, row.id)))
    }

    async fn hash_password(&self, password: &str) -> Result<String> {
        let _permit = self
            .logins
            .hashing
            .acquire()
            .await
            .map_err(|_| Error::Internal("stopping".to_owned()))?;
        let password = password.to_owned();
        tokio::task::spawn_blocking(move || password::hash(&password))
            .await
            .map_err(|_| Error::Internal("hashing a password failed".to_owned()))?
    }

    async fn verify_password(&self, password: &str, known: String) -> Result<bool> {
        let _permit = self
            .logins
            .hashing
            .acquire()
            .await
            .map_err(|_| Error::Internal("stopping".to_owned()))?;
        let password = password.to_owned();
        tokio::task::spawn_blocking(move || password::fits(&password, &known))
            .await
            .map_err(|_| Error::Internal("checking a password failed".to_owned()))
    }
}

/// Two owners may take each other's access at the same moment; the second must not succeed.
fn keep_an_owner(tx: &mut Tx<'_>) -> Result<()> {
    let sql = "SELECT count(*) FROM workspace_member WHERE workspace_id = ?1 AND role = 'owner' AND removed_at IS NULL";
    let owners: i64 = tx
        .rows(sql, &[tx.workspace().into()])?
        .first_mut()
        .map_or(Ok(0), ism_store::Row::take)?;
    if owners > 0 {
        return Ok(());
    }
    Err(Refusal::conflict(
        "last_owner",
        "A workspace keeps at least one owner. Make someone else an owner first.",
    )
    .into())
}

fn join_organization(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<()> {
    let row = accounts::workspace(tx, workspace)?.ok_or_else(|| Refusal::not_found("Workspace"))?;
    let place = OrganizationMember {
        organization_id: row.organization_id,
        user_id: user,
        role: "member".to_owned(),
    };
    tx.insert([&place], ism_store::Existing::Keep)?;
    Ok(())
}

fn invitation_gone() -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        "invitation_gone",
        "This invitation was used, taken back or has expired. Ask for a new one.",
    )
}

fn check_name(field: &str, name: &str) -> Result<String, Refusal> {
    let name = check_optional_name(field, name)?;
    if name.is_empty() {
        Err(Refusal::field(field, "Give a name."))
    } else {
        Ok(name)
    }
}

fn check_optional_name(field: &str, name: &str) -> Result<String, Refusal> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    if name.chars().count() > MAX_NAME {
        return Err(Refusal::field(field, format!("Keep it to {MAX_NAME} characters.")));
    }
    Ok(name)
}

fn workspace_view(row: Workspace, role: Role) -> WorkspaceView {
    let mode = row
        .settings
        .get("closing_note_mode")
        .and_then(Value::as_str)
        .and_then(|mode| mode.parse().ok());
    let open = row
        .settings
        .get("activities_open_conversations")
        .and_then(Value::as_bool);
    WorkspaceView {
        id: row.id,
        name: row.name,
        timezone: row.timezone,
        role,
        closing_note_mode: mode.unwrap_or(ClosingNoteMode::Optional),
        activities_open_conversations: open.unwrap_or(true),
        permissions: access::permissions(role),
        seq: row.seq,
    }
}

fn user_view(row: accounts::Member, user: User, online: &[UserId]) -> UserView {
    UserView {
        online: online.contains(&user.id),
        id: user.id,
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        role: row.role,
        last_active_at: row.last_active_at,
        removed: row.removed_at.is_some(),
    }
}

fn invitation_view(row: Invitation, url: Option<String>) -> InvitationView {
    InvitationView {
        id: row.id,
        email: row.email,
        role: row.role,
        url,
        invited_by: row.invited_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }
}
