//! Contacts, their channels and identities.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use crate::value::Val;
use ism_domain::contact::{Contact, ContactChannel};
use ism_domain::conversation::ConversationStatus;
use ism_domain::{ChannelId, ContactChannelId, ContactId, Timestamp, UserId, WorkspaceId};
use sea_query::{Alias, Cond, Expr, ExprTrait, Func, IntoCondition, Order, Query, SelectStatement};

record!(Contact: contact(workspace_id, id) {
    workspace_id, id, first_name, last_name, name_edited, phone, email, language, country_code, picture, assignee_id,
    is_blocked, status, opened_at, snoozed_until, unread_count, last_message_id, last_message_direction,
    last_message_type, last_message_preview, last_message_status, last_message_at, last_channel_id, last_incoming_at,
    last_outgoing_human_at, sort_at, search_text, created_at, version,
});

record!(ContactChannel: contact_channel(workspace_id, id) {
    workspace_id, id, contact_id, channel_id, identities, last_incoming_at, last_message_at, stopped_at, read_up_to,
    created_at,
});

/// One name a provider has for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRow {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    /// `scheme:value`.
    pub value: String,
    pub contact_channel_id: ContactChannelId,
}
record!(IdentityRow: identity(workspace_id, channel_id, value) { workspace_id, channel_id, value, contact_channel_id });

/// A contact.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}

/// Several contacts, in no order.
///
/// # Errors
/// When the statement fails.
pub fn get_many(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[ContactId]) -> Result<Vec<Contact>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// The oldest contact with this phone number.
///
/// # Errors
/// When the statement fails.
pub fn by_phone(tx: &mut Tx<'_>, workspace: WorkspaceId, phone: &str) -> Result<Option<Contact>> {
    tx.first(
        "WHERE workspace_id = ?1 AND phone = ?2 ORDER BY id LIMIT 1",
        &[workspace.into(), phone.into()],
    )
}

/// The oldest contact with this e-mail address, in lower case.
///
/// # Errors
/// When the statement fails.
pub fn by_email(tx: &mut Tx<'_>, workspace: WorkspaceId, email: &str) -> Result<Option<Contact>> {
    tx.first(
        "WHERE workspace_id = ?1 AND email = ?2 ORDER BY id LIMIT 1",
        &[workspace.into(), email.into()],
    )
}

/// A contact's channels, the last used first.
///
/// # Errors
/// When the statement fails.
pub fn channels_of(tx: &mut Tx<'_>, workspace: WorkspaceId, contact: ContactId) -> Result<Vec<ContactChannel>> {
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 ORDER BY coalesce(last_message_at, 0) DESC, id",
        &[workspace.into(), contact.into()],
    )
}

/// A contact's channel.
///
/// # Errors
/// When the statement fails.
pub fn channel(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ContactChannelId) -> Result<Option<ContactChannel>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}

/// A contact's channel by an identity.
///
/// # Errors
/// When the statement fails.
pub fn channel_by_identity(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    identity: &str,
) -> Result<Option<ContactChannel>> {
    tx.first(
        "WHERE workspace_id = ?1 AND id = (SELECT contact_channel_id FROM identity WHERE workspace_id = ?1 AND channel_id = ?2 AND value = ?3)",
        &[workspace.into(), channel.into(), identity.into()],
    )
}

/// Everyone assigned to a user.
///
/// # Errors
/// When the statement fails.
pub fn assigned_to(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<Vec<Contact>> {
    tx.all(
        "WHERE workspace_id = ?1 AND assignee_id = ?2 ORDER BY id",
        &[workspace.into(), user.into()],
    )
}

/// Which inbox a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbox {
    All,
    Mine(UserId),
    Unassigned,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Newest,
    Oldest,
    LongestOpen,
}

/// A page of the inbox list or of the contacts.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub inbox: Inbox,
    pub status: Option<ConversationStatus>,
    pub sort: Sort,
    /// The last message is the customer's.
    pub unreplied: bool,
    /// Words to be found in name, e-mail or phone number; all of them.
    pub words: Vec<String>,
    /// Sort value and id of the last row of the page before.
    pub after: Option<(Timestamp, ContactId)>,
    pub limit: u64,
}

/// A page of contacts.
///
/// # Errors
/// When the statement fails.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, query: &ListQuery) -> Result<Vec<Contact>> {
    use crate::Record;
    tx.built(&list_statement(workspace, query))?
        .iter_mut()
        .map(Contact::from_row)
        .collect()
}

fn list_statement(workspace: WorkspaceId, query: &ListQuery) -> SelectStatement {
    use crate::Record;
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let mut condition = Cond::all().add(column("workspace_id").eq(workspace.0));
    match query.inbox {
        Inbox::All => {}
        Inbox::Mine(user) => condition = condition.add(column("assignee_id").eq(user.0)),
        Inbox::Unassigned => condition = condition.add(column("assignee_id").is_null()),
    }
    if let Some(status) = query.status {
        condition = condition.add(column("status").eq(status.as_str()));
    }
    if query.unreplied {
        condition = condition.add(column("last_message_direction").eq("incoming"));
    }
    for word in &query.words {
        let pattern = format!("%{}%", escape_like(word));
        condition = condition.add(
            column("search_text")
                .like(sea_query::LikeExpr::new(pattern).escape('\\'))
                .into_condition(),
        );
    }
    let (key, order) = match query.sort {
        Sort::Newest => ("sort_at", Order::Desc),
        Sort::Oldest => ("sort_at", Order::Asc),
        Sort::LongestOpen => ("opened_at", Order::Asc),
    };
    if query.sort == Sort::LongestOpen {
        condition = condition.add(column("opened_at").is_not_null());
    }
    if let Some((at, id)) = query.after {
        let beyond = |name: &'static str, value: i64| match order {
            Order::Desc => column(name).lt(value),
            _ => column(name).gt(value),
        };
        condition = condition.add(
            Cond::any()
                .add(beyond(key, at.0))
                .add(Cond::all().add(column(key).eq(at.0)).add(beyond("id", id.0))),
        );
    }
    Query::select()
        .columns(Contact::TABLE.columns.iter().map(|name| Alias::new(*name)))
        .from(Alias::new("contact"))
        .cond_where(condition)
        .order_by(Alias::new(key), order.clone())
        .order_by(Alias::new("id"), order)
        .limit(query.limit)
        .to_owned()
}

/// Makes `%` and `_` ordinary characters of a LIKE pattern.
fn escape_like(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Open conversations and unread contacts of one inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Contacts with an open conversation.
    pub open: i64,
    /// Of these, those with unread messages.
    pub unread: i64,
}

/// Counts of an inbox.
///
/// # Errors
/// When the statement fails.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, inbox: Inbox) -> Result<Count> {
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let mut select = Query::select();
    select
        .expr(Func::count(column("id")))
        // No parameters here: PostgreSQL would take them for text.
        .expr(Func::count(Expr::cust("CASE WHEN unread_count > 0 THEN 1 END")))
        .from(Alias::new("contact"))
        .and_where(column("workspace_id").eq(workspace.0))
        .and_where(column("status").eq("open"));
    match inbox {
        Inbox::All => {}
        Inbox::Mine(user) => {
            select.and_where(column("assignee_id").eq(user.0));
        }
        Inbox::Unassigned => {
            select.and_where(column("assignee_id").is_null());
        }
    }
    match tx.built(&select)?.first_mut() {
        Some(row) => Ok(Count {
            open: row.take()?,
            unread: row.take()?,
        }),
        None => Ok(Count::default()),
    }
}

/// A page of contacts by id, for the Developer API: `after` a cursor, ascending or descending.
///
/// # Errors
/// When the statement fails.
pub fn page_by_id(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    words: &[String],
    after: Option<i64>,
    descending: bool,
    limit: u64,
) -> Result<Vec<Contact>> {
    use crate::Record;
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let mut condition = Cond::all().add(column("workspace_id").eq(workspace.0));
    if let Some(after) = after {
        condition = condition.add(if descending {
            column("id").lt(after)
        } else {
            column("id").gt(after)
        });
    }
    for word in words {
        let pattern = format!("%{}%", escape_like(word));
        condition = condition.add(column("search_text").like(sea_query::LikeExpr::new(pattern).escape('\\')));
    }
    let statement = Query::select()
        .columns(Contact::TABLE.columns.iter().map(|name| Alias::new(*name)))
        .from(Alias::new("contact"))
        .cond_where(condition)
        .order_by(Alias::new("id"), if descending { Order::Desc } else { Order::Asc })
        .limit(limit)
        .to_owned();
    tx.built(&statement)?.iter_mut().map(Contact::from_row).collect()
}

/// A list of ids as a parameter.
pub(crate) fn id_list(ids: &[ContactId]) -> Val {
    crate::ids(ids.iter().copied())
}

/// Several contact channels, in no order.
///
/// # Errors
/// When the statement fails.
pub fn channels_many(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[ContactChannelId]) -> Result<Vec<ContactChannel>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}
