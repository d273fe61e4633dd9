//! The unit of work.

use crate::support::{event, workspace};
use ism_domain::contact::{Contact, ContactChannel};
use ism_domain::content::Content;
use ism_domain::conversation::{Conversation, OpenSource, Opening};
use ism_domain::event::Actor;
use ism_domain::inbound::Identity;
use ism_domain::message::{Direction, Message, SenderSource};
use ism_domain::{ChannelId, ContactChannelId, ContactId, WorkspaceId};
use ism_store::tables::{contacts, conversations, messages};
use ism_store::unit::Unit;
use ism_store::{Error, Store};
use ism_testkit::on_each_database;

pub fn contact(store: &Store, place: WorkspaceId, name: &str) -> Contact {
    let mut row = Contact::new(place, store.id(), store.now());
    row.first_name = name.to_owned();
    row.refresh_search();
    row
}

pub fn conversation(store: &Store, who: &Contact) -> Conversation {
    let opening = Opening {
        source: OpenSource::Contact,
        actor: Actor::contact(who.id),
        channel_id: None,
        at: store.now(),
    };
    Conversation::open(store.id(), &mut who.clone(), opening, false).0
}

pub fn message(store: &Store, who: &Contact, channel: i64) -> Message {
    Message {
        workspace_id: who.workspace_id,
        id: store.id(),
        contact_id: who.id,
        conversation_id: None,
        channel_id: ChannelId(channel),
        contact_channel_id: ContactChannelId(1),
        direction: Direction::Incoming,
        content: Content::text("Hi"),
        external_id: None,
        client_id: None,
        reply_to_id: None,
        sender_source: SenderSource::Contact,
        sender_id: Some(who.id.0),
        status: None,
        failure: None,
        history: Vec::new(),
        album: None,
        forwarded: false,
        referral: None,
        reactions: Vec::new(),
        revisions: Vec::new(),
        provider_at: None,
        created_at: store.now(),
        edited_at: None,
        deleted_at: None,
        version: 0,
    }
}

fn link(store: &Store, who: &Contact, channel: ChannelId, identities: &[&str]) -> ContactChannel {
    ContactChannel {
        workspace_id: who.workspace_id,
        id: store.id(),
        contact_id: who.id,
        channel_id: channel,
        identities: identities.iter().map(|value| Identity::new("custom", *value)).collect(),
        last_incoming_at: None,
        last_message_at: None,
        stopped_at: None,
        read_up_to: None,
        created_at: store.now(),
    }
}

#[test]
fn what_is_added_is_found_by_every_name() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let (place, other) = (workspace(&store).await, workspace(&store).await);
        let channel = ChannelId(64);
        let mia = contact(&store, place, "Mia");
        let (row, talk, said) = (
            link(&store, &mia, channel, &["1", "one"]),
            conversation(&store, &mia),
            message(&store, &mia, 64),
        );
        let stored = (
            mia.clone(),
            row.clone(),
            talk.clone(),
            Message {
                external_id: Some("m1".to_owned()),
                ..said
            },
        );
        let expected = stored.clone();
        store
            .write(place, move |tx| {
                let mut unit = Unit::new(tx);
                let (mia, row, talk, said) = stored.clone();
                unit.add_contact(mia);
                unit.add_contact_channel(row);
                unit.add_conversation(talk);
                unit.add_message(said);
                unit.emit(event("added"));
                unit.save(tx)
            })
            .await
            .unwrap();
        let (id, link_id, message_id) = (mia.id, row.id, expected.3.id);
        store
            .write(place, move |tx| {
                for key in ["custom:1", "custom:one"] {
                    let mut unit = Unit::new(tx);
                    unit.load_identities(tx, channel, vec![key.to_owned()])?;
                    assert_eq!(unit.contact_channel_of(channel, key), Some(link_id));
                    let found = unit.contact(id).cloned().unwrap();
                    assert!(found.version > 0);
                    assert_eq!(Contact { version: 0, ..found }, expected.0);
                    assert_eq!(unit.open_conversation(id).map(|open| open.id), Some(expected.2.id));
                }
                let mut unit = Unit::new(tx);
                unit.load_external(tx, channel, vec!["m1".to_owned(), "m2".to_owned()])?;
                assert_eq!(unit.message_by_external(channel, "m1"), Some(message_id));
                assert_eq!(unit.message_by_external(ChannelId(128), "m1"), None);
                assert!(unit.contact(id).is_some(), "a message brings its contact");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        // Nothing of it is there for another workspace.
        store
            .write(other, move |tx| {
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &[id])?;
                unit.load_identities(tx, channel, vec!["custom:1".to_owned()])?;
                unit.load_messages(tx, &[message_id])?;
                assert!(unit.contact(id).is_none() && unit.message(message_id).is_none());
                assert_eq!(unit.contact_channel_of(channel, "custom:1"), None);
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    });
}

#[test]
fn versions_grow_with_every_change_and_only_then() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let (mia, leo) = (contact(&store, place, "Mia"), contact(&store, place, "Leo"));
        let (mia_id, leo_id) = (mia.id, leo.id);
        store
            .write(place, move |tx| {
                let mut unit = Unit::new(tx);
                unit.add_contact(mia.clone());
                unit.add_contact(leo.clone());
                unit.save(tx)
            })
            .await
            .unwrap();
        let before = versions(&store, place, &[mia_id, leo_id]).await;
        store
            .write(place, move |tx| {
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &[mia_id, leo_id])?;
                unit.contact_mut(mia_id).unwrap().last_name = "Okafor".to_owned();
                unit.save(tx)
            })
            .await
            .unwrap();
        let after = versions(&store, place, &[mia_id, leo_id]).await;
        assert!(after[0] > before[0], "changed");
        assert_eq!(after[1], before[1], "only looked at");
        let row = store
            .read(place, move |tx| contacts::get(tx, place, mia_id))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((row.first_name.as_str(), row.last_name.as_str()), ("Mia", "Okafor"));
    });
}

#[test]
fn a_closed_conversation_makes_the_next_a_return() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let mia = contact(&store, place, "Mia");
        let talk = conversation(&store, &mia);
        let (id, at) = (mia.id, store.now());
        store
            .write(place, move |tx| {
                let mut unit = Unit::new(tx);
                unit.add_contact(mia.clone());
                unit.add_conversation(talk.clone());
                unit.save(tx)?;
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &[id])?;
                assert!(!unit.is_returning(id) && unit.open_conversation(id).is_some());
                unit.contact_and_conversation(id).unwrap().1.unwrap().closed_at = Some(at);
                unit.mark_closed(id);
                unit.save(tx)?;
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &[id])?;
                assert!(unit.is_returning(id) && unit.open_conversation(id).is_none());
                assert!(conversations::open_of(tx, place, id)?.is_none());
                assert!(messages::after(tx, place, id, 0, 10)?.is_empty());
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    });
}

async fn versions(store: &Store, place: WorkspaceId, ids: &[ContactId]) -> Vec<i64> {
    let asked = ids.to_vec();
    let rows = store
        .read(place, move |tx| contacts::get_many(tx, place, &asked))
        .await
        .unwrap();
    ids.iter()
        .map(|id| rows.iter().find(|row| row.id == *id).unwrap().version)
        .collect()
}
