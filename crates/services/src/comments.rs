//! Comments: internal notes on a contact.

use crate::inbox::load;
use crate::views::{self, CommentView};
use crate::{Member, Result, Services};
use ism_domain::access::Action;
use ism_domain::comment::{self, Comment};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::message::SenderSource;
use ism_domain::{ContactId, Refusal};
use ism_store::Tx;
use ism_store::tables::{accounts, comments};
use serde_json::json;

impl Services {
    /// Writes a comment as a person.
    ///
    /// # Errors
    /// When it is empty or too long, or there is no such contact.
    pub async fn comment(
        &self,
        member: Member,
        contact: ContactId,
        text: String,
        client_id: Option<String>,
    ) -> Result<CommentView> {
        member.require(Action::InboxReply)?;
        if client_id.as_deref().is_some_and(|id| id.is_empty() || id.len() > 64) {
            return Err(Refusal::field("client_id", "Use an id of 1 to 64 characters, such as a UUID.").into());
        }
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                add(tx, contact, &text, client_id.clone(), actor, SenderSource::User)
            })
            .await
    }
}

/// Adds a comment. It neither opens a conversation nor changes the order of the list.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    contact: ContactId,
    text: &str,
    client_id: Option<String>,
    actor: Actor,
    source: SenderSource,
) -> Result<CommentView> {
    let workspace = tx.workspace();
    if let Some(client_id) = &client_id
        && let Some(known) = comments::by_client_id(tx, workspace, contact, client_id)?
    {
        return Ok(views::comment(&known));
    }
    let text = comment::check_text(text)?;
    let mut unit = load(tx, contact)?;
    let mut mentions = comment::mentions(&text);
    if !mentions.is_empty() {
        let present: Vec<_> = accounts::members(tx, workspace)?
            .into_iter()
            .filter(|(member, _)| member.removed_at.is_none())
            .map(|(member, _)| member.user_id)
            .collect();
        mentions.retain(|user| present.contains(user));
    }
    let row = Comment {
        workspace_id: workspace,
        id: unit.id(),
        contact_id: contact,
        conversation_id: unit.open_conversation(contact).map(|conversation| conversation.id),
        author_id: actor.user_id(),
        author_source: source,
        text,
        mentions,
        client_id,
        created_at: tx.now(),
        version: unit.id(),
    };
    let view = views::comment(&row);
    let payload = json!({ "comment_id": row.id, "mentions": row.mentions });
    let event = NewEvent::contact(EventKind::CommentCreated, actor, contact, row.conversation_id, payload);
    unit.comments.push(row);
    unit.emit(event);
    unit.save(tx)?;
    Ok(view)
}
