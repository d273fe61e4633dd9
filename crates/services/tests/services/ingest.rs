//! What customers do becomes contacts, conversations and messages.

use futures::future::join_all;
use ism_domain::access::Role;
use ism_domain::conversation::{ContactType, ConversationStatus, OpenSource};
use ism_domain::inbound::{Identity, Inbound, InboundMessage};
use ism_domain::{ContactId, Timestamp};
use ism_store::tables::conversations;
use ism_testkit::{Customer, World, on_each_database};
use serde_json::json;
use std::collections::HashSet;

const COUNT_CONTACTS: &str = "SELECT count(*) FROM contact WHERE workspace_id = ?1";
const COUNT_MESSAGES: &str = "SELECT count(*) FROM message WHERE workspace_id = ?1";
const COUNT_TALKS: &str = "SELECT count(*) FROM conversation WHERE workspace_id = ?1";

#[test]
fn someone_new_writes() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia Okafor");
        let (contact, first) = world.customer_writes(channel, &mia, "Hello").await;
        let (again, _) = world.customer_writes(channel, &mia, "Anyone there?").await;
        assert_eq!(contact, again);
        let detail = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(
            (detail.contact.name.as_str(), detail.contact.unread_count),
            ("Mia Okafor", 2)
        );
        assert_eq!(detail.contact.status, ConversationStatus::Open);
        assert_eq!(detail.contact.last_message.unwrap().preview, "Anyone there?");
        let talk = detail.conversation.unwrap();
        assert_eq!((talk.opened_source, talk.incoming_count), (OpenSource::Contact, 2));
        assert_eq!(world.message(first).await.conversation_id, Some(talk.id));
        assert_eq!(
            world.timeline(contact).await,
            "* contact.created by contact\n* conversation.opened by contact\ncustomer: Hello\ncustomer: Anyone there?"
        );
        world.verify().await;
    });
}

#[test]
fn a_person_is_known_by_any_identity_or_alias() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mut ana = Customer::custom("5511987654321", "Ana");
        ana.profile.aliases = vec![Identity::new("custom", "551187654321")];
        let (contact, _) = world.customer_writes(channel, &ana, "Oi").await;
        let short = Customer::custom("551187654321", "Ana");
        assert_eq!(world.customer_writes(channel, &short, "Oi de novo").await.0, contact);
        // A further name learned with a known one leads to the same person from then on.
        let mut both = ana.clone();
        both.profile.identities.push(Identity::new("custom", "ana-77"));
        world.customer_writes(channel, &both, "Oi!").await;
        let renamed = Customer::custom("ana-77", "Ana");
        assert_eq!(world.customer_writes(channel, &renamed, "Sou eu").await.0, contact);
        // On another channel it is another person.
        let other = world.connect("custom_channel").await;
        assert_ne!(world.customer_writes(other, &ana, "Oi").await.0, contact);
        assert_eq!(world.number(COUNT_CONTACTS).await, 2);
        world.verify().await;
    });
}

#[test]
fn a_provider_s_retry_never_doubles() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let hello = mia.writes_as("m1", "Hello");
        let first = world
            .deliver(channel, vec![hello.clone(), hello.clone()])
            .await
            .unwrap();
        assert_eq!(first.duplicates, 1);
        assert_eq!(first.messages[0], first.messages[1]);
        let again = world
            .deliver(channel, vec![hello.clone(), mia.writes_as("m2", "There?")])
            .await
            .unwrap();
        assert_eq!((again.duplicates, again.messages[0]), (1, first.messages[0]));
        let storm =
            join_all((0..10).map(|_| world.deliver(channel, vec![hello.clone(), mia.writes_as("m3", "!")]))).await;
        assert_eq!(
            storm.into_iter().map(|taken| taken.unwrap().duplicates).sum::<usize>(),
            19
        );
        assert_eq!(world.number(COUNT_MESSAGES).await, 3);
        assert_eq!(
            world
                .number("SELECT unread_count FROM contact WHERE workspace_id = ?1")
                .await,
            3,
            "duplicates are not unread"
        );
        world.verify().await;
    });
}

#[test]
fn an_album_of_someone_new_makes_one_contact() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let photos = (0..10).map(|n| {
            let photo = InboundMessage {
                album: Some("a1".to_owned()),
                ..mia.says_as(&format!("p{n}"), "photo")
            };
            world.deliver(channel, vec![Inbound::Message(Box::new(photo))])
        });
        let taken = join_all(photos).await;
        let ids: HashSet<_> = taken
            .into_iter()
            .flat_map(|taken| taken.unwrap().messages)
            .flatten()
            .collect();
        assert_eq!(ids.len(), 10);
        assert_eq!(world.number(COUNT_CONTACTS).await, 1);
        assert_eq!(world.number(COUNT_TALKS).await, 1);
        assert_eq!(world.number(COUNT_MESSAGES).await, 10);
        assert_eq!(
            world.number("SELECT count(*) FROM message WHERE album = 'a1'").await,
            10
        );
        world.verify().await;
    });
}

#[test]
fn many_new_people_at_once_stay_apart() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let (one, two) = (
            world.connect("custom_channel").await,
            world.connect("custom_channel").await,
        );
        let people: Vec<Customer> = (0..20).map(|n| Customer::custom(&n.to_string(), "Someone")).collect();
        join_all(
            people
                .iter()
                .flat_map(|who| [one, two].map(|channel| world.customer_writes(channel, who, "Hi"))),
        )
        .await;
        assert_eq!(world.number(COUNT_CONTACTS).await, 40);
        assert_eq!(world.number(COUNT_TALKS).await, 40);
        world.verify().await;
    });
}

#[test]
fn a_blocked_contact_is_heard_but_not_shown() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let (contact, _) = world.customer_writes(channel, &mia, "Hello").await;
        world
            .services
            .close_conversation(world.owner, contact, None, None)
            .await
            .unwrap();
        world.services.mark_read(world.owner, contact, true).await.unwrap();
        world.execute("UPDATE contact SET is_blocked = TRUE").await;
        let (_, id) = world.customer_writes(channel, &mia, "Spam").await;
        assert_eq!(world.message(id).await.conversation_id, None);
        let row = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(
            (row.contact.unread_count, row.contact.status),
            (0, ConversationStatus::Closed)
        );
        assert!(row.conversation.is_none());
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "Hi").await),
            "contact_blocked"
        );
        world.verify().await;
    });
}

#[test]
fn writing_after_the_end_begins_anew() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let (contact, _) = world.customer_writes(channel, &mia, "Hello").await;
        assert_eq!(talks(&world, contact).await, [(ContactType::New, false)]);
        world
            .services
            .close_conversation(world.owner, contact, None, None)
            .await
            .unwrap();
        world.customer_writes(channel, &mia, "One more thing").await;
        assert_eq!(
            talks(&world, contact).await,
            [(ContactType::New, true), (ContactType::Returning, false)]
        );
        // The same within one batch: two messages, one conversation.
        world
            .services
            .close_conversation(world.owner, contact, None, None)
            .await
            .unwrap();
        world
            .deliver(channel, vec![mia.writes("And"), mia.writes("another")])
            .await
            .unwrap();
        assert_eq!(talks(&world, contact).await.len(), 3);
        world.verify().await;
    });
}

#[test]
fn an_ad_is_the_source_of_the_conversation() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mut hello = Customer::custom("7", "Mia").says("Is this still on offer?");
        hello.referral = Some(json!({ "kind": "ad", "id": "1" }));
        world
            .deliver(channel, vec![Inbound::Message(Box::new(hello))])
            .await
            .unwrap();
        assert_eq!(
            world
                .number("SELECT count(*) FROM conversation WHERE opened_source = 'ctc_ads'")
                .await,
            1
        );
    });
}

#[test]
fn a_message_ends_a_snooze() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let (contact, _) = world.customer_writes(channel, &mia, "Hello").await;
        let until = world.services.store.now().plus(Timestamp::HOUR);
        world.services.snooze(world.owner, contact, until).await.unwrap();
        world.customer_writes(channel, &mia, "Now?").await;
        let row = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(
            (row.contact.status, row.contact.snoozed_until),
            (ConversationStatus::Open, None)
        );
        assert_eq!(talks(&world, contact).await.len(), 1);
        assert!(
            world
                .timeline(contact)
                .await
                .ends_with("* conversation.snoozed by user\n* conversation.unsnoozed by contact\ncustomer: Now?")
        );
        world.verify().await;
    });
}

#[test]
fn edits_change_what_was_said() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let now = world.services.store.now();
        world.deliver(channel, vec![mia.writes_as("m1", "Helo")]).await.unwrap();
        let edited = world
            .deliver(channel, vec![mia.edits("m1", "Hello", now.plus(1))])
            .await
            .unwrap();
        let message = world.message(edited.messages[0].unwrap()).await;
        assert_eq!(
            (message.content.words().as_str(), message.revisions.len()),
            ("Hello", 1)
        );
        let repeated = world
            .deliver(channel, vec![mia.edits("m1", "Hello", now.plus(1))])
            .await
            .unwrap();
        assert_eq!(repeated.duplicates, 1);
        // An edit that was overtaken by a later one.
        world
            .deliver(channel, vec![mia.edits("m1", "Hallo", now.plus(-1))])
            .await
            .unwrap();
        // An edit of a message we never saw is the message.
        let unknown = world
            .deliver(channel, vec![mia.edits("m0", "From before", now)])
            .await
            .unwrap();
        assert!(unknown.messages[0].is_some());
        let row = world
            .services
            .contact_detail(world.owner, message.contact_id)
            .await
            .unwrap();
        assert_eq!(row.contact.last_message.unwrap().preview, "From before");
        let shown = world.timeline(message.contact_id).await;
        assert!(
            shown.ends_with("customer: Hello (edited)\ncustomer: From before"),
            "{shown}"
        );
        world.verify().await;
    });
}

#[test]
fn an_edit_of_the_newest_message_changes_the_list() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let now = world.services.store.now();
        let events = vec![mia.writes_as("m1", "Helo"), mia.edits("m1", "Hello", now.plus(1))];
        let taken = world.deliver(channel, events).await.unwrap();
        let contact = world.message(taken.messages[0].unwrap()).await.contact_id;
        let row = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(row.contact.last_message.unwrap().preview, "Hello");
    });
}

#[test]
fn withdrawn_and_reacted() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let at = world.services.store.now();
        let gone = |id: &str| Inbound::Deleted {
            external_id: id.to_owned(),
            at,
        };
        let taken = world
            .deliver(
                channel,
                vec![
                    mia.writes_as("m1", "One"),
                    mia.writes_as("m2", "Two"),
                    mia.reacts("m1", Some("👍")),
                    mia.reacts("m1", Some("❤️")),
                    mia.reacts("m2", Some("👍")),
                    mia.reacts("m2", None),
                    mia.reacts("unknown", Some("👍")),
                    gone("m2"),
                    gone("unknown"),
                ],
            )
            .await
            .unwrap();
        let contact = world.message(taken.messages[0].unwrap()).await.contact_id;
        let shown = world.timeline(contact).await;
        assert!(shown.ends_with("customer: One ❤️\ncustomer: Two (deleted)"), "{shown}");
        let again = world
            .deliver(channel, vec![mia.reacts("m1", Some("❤️"))])
            .await
            .unwrap();
        assert_eq!(again.duplicates, 1);
        world.verify().await;
    });
}

#[test]
fn a_withdrawn_message_leaves_the_list() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let at = world.services.store.now();
        let gone = Inbound::Deleted {
            external_id: "m1".to_owned(),
            at,
        };
        let taken = world
            .deliver(channel, vec![mia.writes_as("m1", "my card is 4111"), gone])
            .await
            .unwrap();
        let contact = world.message(taken.messages[0].unwrap()).await.contact_id;
        let row = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(row.contact.last_message.unwrap().preview, "");
    });
}

#[test]
fn stopped_and_back() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let at = world.services.store.now();
        let stopped = Inbound::Stopped {
            profile: mia.profile.clone(),
            at,
        };
        let resumed = Inbound::Resumed {
            profile: mia.profile.clone(),
            at,
        };
        // Nobody is made up for someone who goes away.
        world.deliver(channel, vec![stopped.clone()]).await.unwrap();
        assert_eq!(world.number(COUNT_CONTACTS).await, 0);
        let (contact, _) = world.customer_writes(channel, &mia, "Hello").await;
        world
            .deliver(channel, vec![stopped.clone(), stopped.clone()])
            .await
            .unwrap();
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "Hi").await),
            "contact_stopped"
        );
        world.deliver(channel, vec![resumed]).await.unwrap();
        world.reply(world.owner, contact, "Hi").await.unwrap();
        world.deliver(channel, vec![stopped]).await.unwrap();
        // Writing is coming back.
        world.customer_writes(channel, &mia, "Hello again").await;
        world.reply(world.owner, contact, "Hi").await.unwrap();
        world.verify().await;
    });
}

#[test]
fn a_renamed_person_stays_the_same() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let (mia, leo) = (Customer::custom("7", "Mia"), Customer::custom("8", "Leo"));
        let (contact, _) = world.customer_writes(channel, &mia, "Hello").await;
        let (other, _) = world.customer_writes(channel, &leo, "Hello").await;
        let at = world.services.store.now();
        let renamed = |from: &str, to: &str| Inbound::IdentityChanged {
            from: Identity::new("custom", from),
            to: vec![Identity::new("custom", to)],
            at,
        };
        world
            .deliver(
                channel,
                vec![renamed("7", "70"), renamed("8", "7"), renamed("99", "100")],
            )
            .await
            .unwrap();
        assert_eq!(
            world
                .customer_writes(channel, &Customer::custom("70", "Mia"), "Me")
                .await
                .0,
            contact
        );
        // Two people are never merged unasked.
        assert_eq!(world.customer_writes(channel, &mia, "Old number").await.0, contact);
        assert_eq!(world.customer_writes(channel, &leo, "Me").await.0, other);
        let detail = world.services.contact_detail(world.owner, contact).await.unwrap();
        assert_eq!(
            detail.channels[0].address, "70",
            "the new address is the one to send to"
        );
        assert_eq!(world.number(COUNT_CONTACTS).await, 2);
        world.verify().await;
    });
}

#[test]
fn what_is_not_understood_is_kept_and_counted() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let raw = json!({ "type": "hologram", "text": "nul \u{0} and \u{1}" });
        let odd = Inbound::Unrecognised {
            reason: "unknown_type",
            raw,
        };
        let taken = world
            .deliver(channel, vec![odd, Inbound::Ignored { reason: "ping" }])
            .await
            .unwrap();
        assert_eq!(taken.messages, [None, None]);
        assert_eq!(
            world
                .number("SELECT count(*) FROM inbound_raw WHERE reason = 'unknown_type'")
                .await,
            1
        );
        assert_eq!(
            world
                .number("SELECT CAST(sum(count) AS BIGINT) FROM ingest_ledger WHERE outcome = 'unrecognised'")
                .await,
            1
        );
        assert_eq!(
            world
                .number("SELECT CAST(sum(count) AS BIGINT) FROM ingest_ledger WHERE outcome = 'ignored:ping'")
                .await,
            1
        );
        let live = world.services.live_channel(channel).await.unwrap();
        world.services.note_rejected(&live, "signature");
        world.services.note_rejected(&live, "signature");
        world.verify().await;
        assert_eq!(
            world
                .number("SELECT CAST(sum(count) AS BIGINT) FROM ingest_ledger WHERE outcome = 'rejected:signature'")
                .await,
            2
        );
        assert_eq!(
            world
                .number("SELECT CAST(sum(count) AS BIGINT) FROM ingest_ledger WHERE outcome = 'received'")
                .await,
            4
        );
    });
}

#[test]
fn an_alert_is_shown_on_the_channel() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let at = world.services.store.now();
        let alert = Inbound::ChannelAlert {
            code: "quality".to_owned(),
            text: "Quality is low.".to_owned(),
            at,
        };
        world.deliver(channel, vec![alert]).await.unwrap();
        assert_eq!(
            world.channel(channel).await.status_text.as_deref(),
            Some("Quality is low.")
        );
        world.verify().await;
    });
}

#[test]
fn opening_the_chat_opens_a_conversation_unless_switched_off() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let manager = world.colleague("Kai", Role::Manager).await;
        let opened = |who: &str| Inbound::Opened {
            profile: Customer::custom(who, "Mia").profile,
            payload: None,
            at: world.services.store.now(),
        };
        world.deliver(channel, vec![opened("1")]).await.unwrap();
        assert_eq!(world.number(COUNT_TALKS).await, 1);
        let change = ism_services::accounts::WorkspaceChange {
            activities_open_conversations: Some(false),
            ..Default::default()
        };
        world.services.change_workspace(manager, change).await.unwrap();
        world.deliver(channel, vec![opened("2")]).await.unwrap();
        assert_eq!(
            (world.number(COUNT_CONTACTS).await, world.number(COUNT_TALKS).await),
            (2, 1)
        );
        world.verify().await;
    });
}

#[test]
fn a_clock_in_the_future_is_not_believed() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let now = world.services.store.now();
        let mut hello = Customer::custom("7", "Mia").says("Hello");
        hello.at = now.plus(Timestamp::DAY);
        let taken = world
            .deliver(channel, vec![Inbound::Message(Box::new(hello))])
            .await
            .unwrap();
        assert_eq!(world.message(taken.messages[0].unwrap()).await.provider_at, Some(now));
    });
}

/// Whether the contact was new or returning, and whether it is closed, per conversation.
async fn talks(world: &World, contact: ContactId) -> Vec<(ContactType, bool)> {
    let workspace = world.workspace();
    let rows: Vec<ism_domain::conversation::Conversation> = world
        .services
        .store
        .read(workspace, move |tx| {
            tx.all(
                "WHERE workspace_id = ?1 AND contact_id = ?2 ORDER BY id",
                &[workspace.into(), contact.into()],
            )
        })
        .await
        .unwrap();
    let open = world
        .services
        .store
        .read(workspace, move |tx| conversations::open_of(tx, workspace, contact))
        .await
        .unwrap();
    assert!(open.is_none_or(|open| rows.last().is_some_and(|last| last.id == open.id)));
    rows.into_iter()
        .map(|row| (row.contact_type, row.closed_at.is_some()))
        .collect()
}
