//! What agents do: lists, notes, snoozes, comments, assignment.

use ism_domain::access::Role;
use ism_domain::contact::ProfileChange;
use ism_domain::conversation::{ClosingNoteMode, ConversationStatus};
use ism_domain::{ContactId, Timestamp, UserId};
use ism_services::accounts::WorkspaceChange;
use ism_services::contacts::Added;
use ism_services::inbox::{InboxName, ListRequest};
use ism_services::views::ContactView;
use ism_store::tables::contacts::Sort;
use ism_testkit::{Customer, World, on_each_database, wait_for};

fn all() -> ListRequest {
    ListRequest {
        inbox: InboxName::All,
        status: None,
        sort: Sort::Newest,
        unreplied: false,
        search: String::new(),
        cursor: None,
        limit: 50,
    }
}

async fn names(world: &World, request: ListRequest) -> Vec<String> {
    let mut found = Vec::new();
    let mut request = request;
    loop {
        let page = world.services.list_inbox(world.owner, request.clone()).await.unwrap();
        found.extend(page.items.into_iter().map(|row: ContactView| row.name));
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return found,
        }
    }
}

#[test]
fn the_inbox_sorts_filters_counts_and_searches() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mut ids: Vec<ContactId> = Vec::new();
        for name in ["Ada Byron", "Bob", "Cleo", "Dora Byron", "Eve"] {
            world.clock.advance(Timestamp::MINUTE);
            ids.push(
                world
                    .customer_writes(channel, &Customer::custom(name, name), "Hi")
                    .await
                    .0,
            );
        }
        let me = world.owner;
        world.clock.advance(Timestamp::MINUTE);
        world.services.reply_as_owner(&world, ids[1]).await;
        world.services.assign(me, ids[2], Some(me.user)).await.unwrap();
        world.services.close_conversation(me, ids[3], None, None).await.unwrap();
        let later = world.services.store.now().plus(Timestamp::HOUR);
        world.services.snooze(me, ids[4], later).await.unwrap();
        let open = Some(ConversationStatus::Open);
        let table: Vec<(ListRequest, &[&str])> = vec![
            (all(), &["Bob", "Eve", "Dora Byron", "Cleo", "Ada Byron"]),
            (
                ListRequest {
                    sort: Sort::Oldest,
                    ..all()
                },
                &["Ada Byron", "Cleo", "Dora Byron", "Eve", "Bob"],
            ),
            (
                ListRequest {
                    sort: Sort::LongestOpen,
                    ..all()
                },
                &["Ada Byron", "Bob", "Cleo", "Eve"],
            ),
            (ListRequest { status: open, ..all() }, &["Bob", "Cleo", "Ada Byron"]),
            (
                ListRequest {
                    status: Some(ConversationStatus::Closed),
                    ..all()
                },
                &["Dora Byron"],
            ),
            (
                ListRequest {
                    status: Some(ConversationStatus::Snoozed),
                    ..all()
                },
                &["Eve"],
            ),
            (
                ListRequest {
                    inbox: InboxName::Mine,
                    ..all()
                },
                &["Bob", "Cleo"],
            ),
            (
                ListRequest {
                    inbox: InboxName::Unassigned,
                    status: open,
                    ..all()
                },
                &["Ada Byron"],
            ),
            (
                ListRequest {
                    unreplied: true,
                    status: open,
                    ..all()
                },
                &["Cleo", "Ada Byron"],
            ),
            (
                ListRequest {
                    search: "BYRON".to_owned(),
                    ..all()
                },
                &["Dora Byron", "Ada Byron"],
            ),
            (
                ListRequest {
                    search: "by da".to_owned(),
                    ..all()
                },
                &["Ada Byron"],
            ),
            (
                ListRequest {
                    search: "%".to_owned(),
                    ..all()
                },
                &[],
            ),
        ];
        for (request, expected) in table {
            for limit in [1, 2, 50] {
                let request = ListRequest {
                    limit,
                    ..request.clone()
                };
                assert_eq!(names(&world, request.clone()).await, expected, "{request:?}");
            }
        }
        let counters = world.services.counters(me).await.unwrap();
        let pairs = [counters.all, counters.mine, counters.unassigned].map(|count| (count.open, count.unread));
        assert_eq!(pairs, [(3, 2), (2, 1), (1, 1)]);
        let wrong = ListRequest {
            cursor: Some("elsewhere".to_owned()),
            ..all()
        };
        assert_eq!(crate::code(world.services.list_inbox(me, wrong).await), "invalid_field");
    });
}

trait Owner {
    async fn reply_as_owner(&self, world: &World, contact: ContactId);
}

impl Owner for ism_services::Services {
    async fn reply_as_owner(&self, world: &World, contact: ContactId) {
        world.reply(world.owner, contact, "Hello").await.unwrap();
    }
}

#[test]
fn closing_asks_for_what_the_workspace_wants() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let me = world.owner;
        let mia = Customer::custom("7", "Mia");
        let category = world
            .services
            .add_closing_category(me, "Sale".to_owned(), String::new())
            .await
            .unwrap()
            .id;
        let summary = Some("Bought two".to_owned());
        for (mode, without, with_category, with_both) in [
            (ClosingNoteMode::Disabled, true, true, true),
            (ClosingNoteMode::Optional, true, true, true),
            (ClosingNoteMode::CategoryRequired, false, true, true),
            (ClosingNoteMode::BothRequired, false, false, true),
        ] {
            let change = WorkspaceChange {
                closing_note_mode: Some(mode),
                ..WorkspaceChange::default()
            };
            world.services.change_workspace(me, change).await.unwrap();
            for (category, summary, fine) in [
                (None, None, without),
                (Some(category), None, with_category),
                (Some(category), summary.clone(), with_both),
            ] {
                let (contact, _) = world.customer_writes(channel, &mia, "Hi").await;
                let closed = world.services.close_conversation(me, contact, category, summary).await;
                assert_eq!(closed.is_ok(), fine, "{mode}");
            }
        }
        let (contact, _) = world.customer_writes(channel, &mia, "Hi").await;
        world
            .services
            .close_conversation(me, contact, Some(category), summary.clone())
            .await
            .unwrap();
        assert_eq!(
            crate::code(world.services.close_conversation(me, contact, None, summary).await),
            "not_open"
        );
        // The name stays with the conversation when the category goes.
        world.services.delete_closing_category(me, category).await.unwrap();
        let kept = "SELECT count(*) FROM conversation WHERE category = 'Sale' AND summary = 'Bought two'";
        assert!(world.number(kept).await > 0);
        let (contact, _) = world.customer_writes(channel, &mia, "Hi").await;
        assert_eq!(
            crate::code(
                world
                    .services
                    .close_conversation(me, contact, Some(category), None)
                    .await
            ),
            "invalid_field"
        );
        world.verify().await;
    });
}

#[test]
fn categories_have_one_name_and_one_place_each() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let me = world.owner;
        let mut ids = Vec::new();
        for name in ["A", "B", "C"] {
            ids.push(
                world
                    .services
                    .add_closing_category(me, name.to_owned(), String::new())
                    .await
                    .unwrap()
                    .id,
            );
        }
        assert_eq!(
            crate::code(
                world
                    .services
                    .add_closing_category(me, " b ".to_owned(), String::new())
                    .await
            ),
            "taken"
        );
        let order = || async {
            let rows = world.services.closing_categories(me).await.unwrap();
            assert!(
                rows.iter()
                    .map(|row| row.position)
                    .eq(1..=i64::try_from(rows.len()).unwrap())
            );
            rows.into_iter().map(|row| row.name).collect::<String>()
        };
        for (id, position, expected) in [
            (ids[2], 1, "CAB"),
            (ids[2], 99, "ABC"),
            (ids[0], 2, "BAC"),
            (ids[0], -5, "ABC"),
        ] {
            world
                .services
                .edit_closing_category(me, id, None, None, Some(position))
                .await
                .unwrap();
            assert_eq!(order().await, expected);
        }
        world
            .services
            .edit_closing_category(me, ids[0], Some("a".to_owned()), None, None)
            .await
            .unwrap();
        assert_eq!(order().await, "aBC");
    });
}

#[test]
fn a_snooze_ends_when_its_time_has_come() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let me = world.owner;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let (other, _) = world
            .customer_writes(channel, &Customer::custom("8", "Leo"), "Hi")
            .await;
        let now = world.services.store.now();
        assert_eq!(
            crate::code(world.services.snooze(me, contact, now).await),
            "invalid_field"
        );
        world
            .services
            .snooze(me, contact, now.plus(Timestamp::HOUR))
            .await
            .unwrap();
        world
            .services
            .snooze(me, other, now.plus(2 * Timestamp::HOUR))
            .await
            .unwrap();
        let status = |id| {
            let services = &world.services;
            async move { services.contact_detail(me, id).await.unwrap().contact.status }
        };
        world.pass(Timestamp::HOUR);
        wait_for("the end of the snooze", || async {
            (status(contact).await == ConversationStatus::Open).then_some(())
        })
        .await;
        assert_eq!(status(other).await, ConversationStatus::Snoozed);
        assert!(
            world
                .timeline(contact)
                .await
                .ends_with("* conversation.snoozed by user\n* conversation.unsnoozed")
        );
        world.services.unsnooze(me, other).await.unwrap();
        assert_eq!(status(other).await, ConversationStatus::Open);
        world.services.close_conversation(me, other, None, None).await.unwrap();
        assert_eq!(
            crate::code(world.services.snooze(me, other, now.plus(Timestamp::DAY)).await),
            "not_open"
        );
        world.verify().await;
    });
}

#[test]
fn comments_stay_inside_and_mention_colleagues_only() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let kai = world.colleague("Kai", Role::Agent).await;
        let stranger = world.second_workspace().await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let text = format!("{{{{@user.{}}}}} and {{{{@user.{}}}}}, please", kai.user, stranger.user);
        let once = Some("c1".to_owned());
        let made = world
            .services
            .comment(world.owner, contact, text.clone(), once.clone())
            .await
            .unwrap();
        assert_eq!(made.mentions, [kai.user]);
        assert_eq!(
            world
                .services
                .comment(world.owner, contact, text, once)
                .await
                .unwrap()
                .id,
            made.id
        );
        assert_eq!(
            crate::code(world.services.comment(kai, contact, " ".to_owned(), None).await),
            "invalid_field"
        );
        let row = world.services.contact_detail(kai, contact).await.unwrap().contact;
        assert_eq!((row.unread_count, row.assignee_id), (1, None), "a comment is no answer");
        assert_eq!(world.number("SELECT count(*) FROM comment").await, 1);
        assert_eq!(world.number("SELECT count(*) FROM outbox").await, 0);
        world.verify().await;
    });
}

#[test]
fn contacts_are_handed_to_people_who_are_here() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let kai = world.colleague("Kai", Role::Agent).await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let before = world.services.log_head(world.workspace()).await.unwrap();
        world
            .services
            .assign(world.owner, contact, Some(kai.user))
            .await
            .unwrap();
        world.services.assign(kai, contact, Some(kai.user)).await.unwrap();
        assert_eq!(
            world.services.log_head(world.workspace()).await.unwrap(),
            before + 1,
            "once is enough"
        );
        assert_eq!(
            crate::code(world.services.assign(kai, contact, Some(UserId(1))).await),
            "not_found"
        );
        world.services.remove_user(world.owner, kai.user).await.unwrap();
        let row = world
            .services
            .contact_detail(world.owner, contact)
            .await
            .unwrap()
            .contact;
        assert_eq!(row.assignee_id, None, "nobody keeps what they cannot see");
        assert_eq!(
            crate::code(world.services.assign(world.owner, contact, Some(kai.user)).await),
            "not_found"
        );
        world.verify().await;
    });
}

#[test]
fn contacts_are_added_once_and_edited_with_care() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let me = world.owner;
        let named = |first: &str, phone: Option<&str>, email: Option<&str>| ProfileChange {
            first_name: Some(first.to_owned()),
            phone: phone.map(|phone| Some(phone.to_owned())),
            email: email.map(|email| Some(email.to_owned())),
            ..ProfileChange::default()
        };
        let Added::New(mia) = world
            .services
            .add_contact(me, named("Mia", Some("+60 12-345 6789"), None))
            .await
            .unwrap()
        else {
            panic!("someone new")
        };
        let same = world
            .services
            .add_contact(me, named("Maria", Some("+60123456789"), None))
            .await
            .unwrap();
        assert!(matches!(same, Added::Known(id) if id == mia.id));
        let change = named("Mia", None, Some("MIA@example.com"));
        let edited = world.services.edit_contact(me, mia.id, change.clone()).await.unwrap();
        assert_eq!(edited.email.as_deref(), Some("mia@example.com"));
        let again = world.services.edit_contact(me, mia.id, change).await.unwrap();
        assert_eq!(again.version, edited.version, "nothing changed");
        assert!(matches!(
            world
                .services
                .add_contact(me, named("", None, Some("mia@EXAMPLE.com")))
                .await
                .unwrap(),
            Added::Known(_)
        ));
        for wrong in [
            named("", None, None),
            named("X", Some("12"), None),
            named("X", None, Some("nobody")),
        ] {
            assert_eq!(
                crate::code(world.services.add_contact(me, wrong).await),
                "invalid_field"
            );
        }
        for search in ["12-345 67", "+60 (12)", "mia", "MIA@example"] {
            assert_eq!(
                names(
                    &world,
                    ListRequest {
                        search: search.to_owned(),
                        ..all()
                    }
                )
                .await,
                ["Mia"],
                "{search}"
            );
        }
    });
}
