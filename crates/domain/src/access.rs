//! Who may do what: one table of roles and actions.

use crate::message::named;
use crate::refusal::Refusal;

named! {
    /// A user's access level in a workspace.
    Role { Agent = "agent", Manager = "manager", Owner = "owner" }
}

named! {
    /// Something a user can do. Every endpoint declares one.
    Action {
        InboxView = "inbox.view",
        InboxReply = "inbox.reply",
        ContactCreate = "contact.create",
        ContactEdit = "contact.edit",
        WorkspaceSettings = "workspace.settings",
        UsersView = "users.view",
        UsersInviteAgent = "users.invite_agent",
        UsersInviteAny = "users.invite_any",
        UsersManage = "users.manage",
        ChannelsView = "channels.view",
        ChannelsManage = "channels.manage",
        ChannelsDelete = "channels.delete",
        ClosingNotesManage = "closing_notes.manage",
    }
}

impl Action {
    /// The lowest role that may do it.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::InboxView | Self::InboxReply | Self::ContactCreate | Self::ContactEdit => Role::Agent,
            Self::WorkspaceSettings
            | Self::UsersView
            | Self::UsersInviteAgent
            | Self::ChannelsView
            | Self::ChannelsManage
            | Self::ClosingNotesManage => Role::Manager,
            Self::UsersInviteAny | Self::UsersManage | Self::ChannelsDelete => Role::Owner,
        }
    }
}

/// Whether a role may do something.
#[must_use]
pub fn can(role: Role, action: Action) -> bool {
    role >= action.least_role()
}

/// Refuses what a role may not do.
///
/// # Errors
/// Says which access level is needed.
pub fn require(role: Role, action: Action) -> Result<(), Refusal> {
    if can(role, action) {
        Ok(())
    } else {
        Err(Refusal::forbidden(format!(
            "This needs the access level {} or higher.",
            action.least_role()
        )))
    }
}

/// Every action a role may do.
#[must_use]
pub fn permissions(role: Role) -> Vec<Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(|action| can(role, *action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_may_everything_and_agents_only_the_inbox() {
        assert!(Action::ALL.iter().all(|action| can(Role::Owner, *action)));
        assert_eq!(
            permissions(Role::Agent),
            [
                Action::InboxView,
                Action::InboxReply,
                Action::ContactCreate,
                Action::ContactEdit
            ]
        );
        assert!(!can(Role::Manager, Action::ChannelsDelete));
        assert!(require(Role::Agent, Action::UsersView).is_err());
    }
}
