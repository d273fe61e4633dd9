//! What the database refuses, whatever the code does.

use crate::support::workspace;
use crate::unit::{contact, conversation, message};
use ism_store::{Error, Existing};
use ism_testkit::on_each_database;

#[test]
fn a_contact_has_one_open_conversation() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let who = contact(&store, place, "Mia");
        let (first, second) = (conversation(&store, &who), conversation(&store, &who));
        let mut closed = first.clone();
        closed.closed_at = Some(store.now());
        store
            .write(place, move |tx| tx.insert([&first], Existing::Refuse).map(drop))
            .await
            .unwrap();
        let again = second.clone();
        let refused = store
            .write(place, move |tx| tx.insert([&second], Existing::Refuse).map(drop))
            .await
            .unwrap_err();
        let named = refused.is_conflict("conversation_one_open") || refused.is_conflict("conversation.contact_id");
        assert!(named, "{refused:?}");
        store
            .write(place, move |tx| {
                tx.insert([&closed], Existing::Replace)?;
                tx.insert([&again], Existing::Refuse).map(drop)
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_provider_s_id_stands_on_one_message_of_a_channel() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let (place, other) = (workspace(&store).await, workspace(&store).await);
        let (here, there) = (contact(&store, place, "Mia"), contact(&store, other, "Mia"));
        let make = |who, channel| {
            let mut row = message(&store, who, channel);
            row.external_id = Some("m1".to_owned());
            row
        };
        let rows = [make(&here, 1), make(&here, 2), make(&there, 1)];
        let double = make(&here, 1);
        store
            .write(place, move |tx| tx.insert(&rows, Existing::Refuse).map(drop))
            .await
            .unwrap();
        let refused = store
            .write(place, move |tx| tx.insert([&double], Existing::Refuse).map(drop))
            .await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
        // Any number of messages have none.
        let rows = [message(&store, &here, 1), message(&store, &here, 1)];
        store
            .write(place, move |tx| tx.insert(&rows, Existing::Refuse).map(drop))
            .await
            .unwrap();
    });
}
