//! The declared policy: every operation of the web app's API, and the least access it asks for. An operation that is not
//! listed here, or no longer exists, fails the sweeps in `crate::sweeps`.

use serde_json::{Value, json};

/// Who may call an operation; everyone further down may, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Least {
    /// Nobody need be signed in: what the caller holds (a password, an invitation) proves them.
    Anyone,
    SignedIn,
    Agent,
    Manager,
    Owner,
}

/// What the `{id}` of a path names, made anew for each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    None,
    /// A contact without a conversation.
    Contact,
    /// A contact with an open conversation.
    Conversation,
    /// A contact who can be written to.
    Customer,
    FailedMessage,
    Attachment,
    Channel,
    Category,
    Invitation,
    Colleague,
    /// The token of an open invitation, in a path of its own.
    InvitationToken,
}

/// An operation: method, path below `/api`, least access, what it is about, and a body it takes.
pub type Rule = (&'static str, &'static str, Least, Target, fn() -> Value);

fn nothing() -> Value {
    Value::Null
}

/// A text under a client id of its own.
pub fn text() -> Value {
    json!({ "client_id": crate::people::client_id(), "content": { "type": "text", "text": "Swept" } })
}

fn bridge() -> Value {
    json!({ "source": "custom_channel", "name": "Bridge", "config": { "id_type": "custom" }, "simulated": true })
}

fn telegram() -> Value {
    json!({ "source": "telegram", "config": {}, "simulated": true })
}

fn note() -> Value {
    json!({ "text": "Swept", "client_id": crate::people::client_id() })
}

fn new_address() -> Value {
    json!({ "email": format!("{}@example.com", crate::people::client_id()), "role": "agent" })
}

fn tomorrow() -> Value {
    json!({ "until": (crate::wire::now() + 86_400) * 1_000_000 })
}

/// The table.
pub const POLICY: &[Rule] = {
    use Least::{Agent, Anyone, Manager, Owner, SignedIn};
    &[
        ("post", "/session", Anyone, Target::None, nothing),
        ("get", "/invitations/{token}", Anyone, Target::InvitationToken, nothing),
        ("post", "/invitations/{token}", Anyone, Target::InvitationToken, nothing),
        ("get", "/session", SignedIn, Target::None, nothing),
        ("delete", "/session", SignedIn, Target::None, nothing),
        (
            "patch",
            "/me",
            SignedIn,
            Target::None,
            || json!({ "first_name": "Swept" }),
        ),
        ("get", "/channel-sources", SignedIn, Target::None, nothing),
        ("get", "/workspaces/{workspace}", Agent, Target::None, nothing),
        (
            "patch",
            "/workspaces/{workspace}",
            Manager,
            Target::None,
            || json!({ "name": "Northwind Coffee" }),
        ),
        ("get", "/workspaces/{workspace}/users", Agent, Target::None, nothing),
        (
            "patch",
            "/workspaces/{workspace}/users/{id}",
            Owner,
            Target::Colleague,
            || json!({ "role": "agent" }),
        ),
        (
            "delete",
            "/workspaces/{workspace}/users/{id}",
            Manager,
            Target::Colleague,
            nothing,
        ),
        (
            "get",
            "/workspaces/{workspace}/invitations",
            Manager,
            Target::None,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/invitations",
            Manager,
            Target::None,
            new_address,
        ),
        (
            "delete",
            "/workspaces/{workspace}/invitations/{id}",
            Manager,
            Target::Invitation,
            nothing,
        ),
        ("get", "/workspaces/{workspace}/channels", Agent, Target::None, nothing),
        (
            "post",
            "/workspaces/{workspace}/channels",
            Manager,
            Target::None,
            bridge,
        ),
        (
            "post",
            "/workspaces/{workspace}/channels/check",
            Manager,
            Target::None,
            telegram,
        ),
        (
            "patch",
            "/workspaces/{workspace}/channels/{id}",
            Manager,
            Target::Channel,
            || json!({ "name": "Renamed" }),
        ),
        (
            "delete",
            "/workspaces/{workspace}/channels/{id}",
            Owner,
            Target::Channel,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/channels/{id}/reconnect",
            Manager,
            Target::Channel,
            || json!({}),
        ),
        (
            "get",
            "/workspaces/{workspace}/channels/{id}/secret",
            Manager,
            Target::Channel,
            nothing,
        ),
        (
            "get",
            "/workspaces/{workspace}/closing-categories",
            Agent,
            Target::None,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/closing-categories",
            Manager,
            Target::None,
            || json!({ "name": crate::people::client_id() }),
        ),
        (
            "patch",
            "/workspaces/{workspace}/closing-categories/{id}",
            Manager,
            Target::Category,
            || json!({ "description": "Swept" }),
        ),
        (
            "delete",
            "/workspaces/{workspace}/closing-categories/{id}",
            Manager,
            Target::Category,
            nothing,
        ),
        ("get", "/workspaces/{workspace}/inbox", Agent, Target::None, nothing),
        (
            "get",
            "/workspaces/{workspace}/inbox/counters",
            Agent,
            Target::None,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts",
            Agent,
            Target::None,
            || json!({ "first_name": "Swept" }),
        ),
        (
            "get",
            "/workspaces/{workspace}/contacts/{id}",
            Agent,
            Target::Contact,
            nothing,
        ),
        (
            "patch",
            "/workspaces/{workspace}/contacts/{id}",
            Agent,
            Target::Contact,
            || json!({ "last_name": "Swept" }),
        ),
        (
            "get",
            "/workspaces/{workspace}/contacts/{id}/timeline",
            Agent,
            Target::Conversation,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/assignee",
            Agent,
            Target::Conversation,
            || json!({ "user_id": null }),
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/open",
            Agent,
            Target::Contact,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/close",
            Agent,
            Target::Conversation,
            || json!({}),
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/snooze",
            Agent,
            Target::Conversation,
            tomorrow,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/unsnooze",
            Agent,
            Target::Conversation,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/read",
            Agent,
            Target::Conversation,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/unread",
            Agent,
            Target::Conversation,
            nothing,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/comments",
            Agent,
            Target::Contact,
            note,
        ),
        (
            "post",
            "/workspaces/{workspace}/contacts/{id}/messages",
            Agent,
            Target::Customer,
            text,
        ),
        (
            "post",
            "/workspaces/{workspace}/messages/{id}/retry",
            Agent,
            Target::FailedMessage,
            nothing,
        ),
        (
            "get",
            "/workspaces/{workspace}/attachments/{id}/{file_name}",
            Agent,
            Target::Attachment,
            nothing,
        ),
    ]
};

/// Operations that are not in the description because their bodies are streams.
pub const UNDESCRIBED: &[(&str, &str)] = &[("post", "/workspaces/{workspace}/attachments")];

/// The operations of the description, as the table names them.
pub fn described(description: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            found.push((method.clone(), path.strip_prefix("/api").unwrap().to_owned()));
        }
    }
    found.sort();
    found
}
