//! Contacts made and edited by people.

use crate::inbox::{finish, load};
use crate::views::ContactView;
use crate::{Error, Member, Result, Services};
use ism_domain::access::Action;
use ism_domain::contact::{Contact, ProfileChange};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::{ContactId, Refusal};
use ism_store::Tx;
use ism_store::tables::contacts;
use ism_store::unit::Unit;
use serde_json::json;

/// What came of adding a contact.
#[derive(Debug, Clone)]
pub enum Added {
    New(Box<ContactView>),
    /// Someone with this phone number or e-mail address is known.
    Known(ContactId),
}

impl Services {
    /// Adds a contact.
    ///
    /// # Errors
    /// When a field cannot be used, or there is nothing to call the contact by.
    pub async fn add_contact(&self, member: Member, profile: ProfileChange) -> Result<Added> {
        member.require(Action::ContactCreate)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| add(tx, &profile, actor))
            .await
    }

    /// Changes a contact's profile.
    ///
    /// # Errors
    /// When a field cannot be used, or there is no such contact.
    pub async fn edit_contact(&self, member: Member, id: ContactId, change: ProfileChange) -> Result<ContactView> {
        member.require(Action::ContactEdit)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                let mut unit = load(tx, id)?;
                let mut edited = unit.contact(id).cloned().ok_or_else(|| Refusal::not_found("Contact"))?;
                let changes = edited.change(&change)?;
                if changes.is_empty() {
                    return finish(tx, unit, id);
                }
                let row = unit
                    .contact_mut(id)
                    .ok_or_else(|| Error::Internal("a contact vanished".to_owned()))?;
                *row = edited;
                let payload = json!({ "changes": changes });
                unit.emit(NewEvent::contact(EventKind::ContactUpdated, actor, id, None, payload));
                finish(tx, unit, id)
            })
            .await
    }
}

fn add(tx: &mut Tx<'_>, profile: &ProfileChange, actor: Actor) -> Result<Added> {
    let workspace = tx.workspace();
    let mut unit = Unit::new(tx);
    let now = tx.now();
    let mut contact = Contact::new(workspace, unit.id(), now);
    contact.change(profile)?;
    if contact.first_name.is_empty()
        && contact.last_name.is_empty()
        && contact.phone.is_none()
        && contact.email.is_none()
    {
        return Err(Refusal::field(
            "first_name",
            "Give the contact a name, a phone number or an e-mail address.",
        )
        .into());
    }
    if let Some(phone) = &contact.phone
        && let Some(known) = contacts::by_phone(tx, workspace, phone)?
    {
        return Ok(Added::Known(known.id));
    }
    if let Some(email) = &contact.email
        && let Some(known) = contacts::by_email(tx, workspace, email)?
    {
        return Ok(Added::Known(known.id));
    }
    let id = contact.id;
    unit.add_contact(contact);
    unit.emit(NewEvent::contact(
        EventKind::ContactCreated,
        actor,
        id,
        None,
        json!({ "source": actor.kind }),
    ));
    finish(tx, unit, id).map(|view| Added::New(Box::new(view)))
}
