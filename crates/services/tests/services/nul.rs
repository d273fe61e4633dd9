//! NUL bytes and other poison: what cannot be written must not hold up the rest.

use futures::future::join_all;
use ism_domain::content::{Attachment, AttachmentKind, Content};
use ism_domain::inbound::{Identity, Inbound, InboundStatus};
use ism_domain::message::{Failure, FailureReason, Status};
use ism_services::inbox::{InboxName, ListRequest};
use ism_services::messages::Draft;
use ism_store::tables::contacts::Sort;
use ism_testkit::{Customer, World, on_each_database};

#[test]
fn nul_anywhere_in_an_event_changes_nothing_but_itself() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let now = world.services.store.now();
        let mut mia = Customer::custom("7\0", "Mi\0a");
        mia.profile.identities.push(Identity::new("custom", "mia\0"));
        mia.profile.aliases = vec![Identity::new("custom", "\0alias")];
        mia.profile.last_name = Some("\0".to_owned());
        mia.profile.username = Some("\0".to_owned());
        mia.profile.phone = Some("+60123456789\0".to_owned());
        mia.profile.email = Some("a\0@example.com".to_owned());
        mia.profile.language = Some("e\0n".to_owned());
        mia.profile.country_code = Some("\0\0".to_owned());
        mia.profile.picture = Some("https://example.com/\0".to_owned());
        let mut hello = mia.says_as("m\x001", "He\0llo \\u0000 and \\");
        hello.album = Some("al\0bum".to_owned());
        hello.reply_to = Some("\0".to_owned());
        hello.referral = Some(serde_json::json!({ "kind": "ad\0" }));
        let mut file = mia.says_as("m2", "");
        file.content = Content::Attachment {
            attachment: Attachment {
                file_name: Some("a\0.png".to_owned()),
                mime: Some("image/\0png".to_owned()),
                caption: Some("\0look".to_owned()),
                ..Attachment::new(AttachmentKind::Image)
            },
        };
        file.media = Some(serde_json::json!({ "url": "https://example.com/\0" }));
        let events = vec![
            Inbound::Message(Box::new(hello)),
            Inbound::Message(Box::new(file)),
            mia.writes_as("m\x001", "again"),
            mia.edits("m\x001", "Hel\0lo", now.plus(1)),
            mia.reacts("m\x001", Some("\0")),
            mia.reacts("m\x001", Some("👍\0")),
            Inbound::Status(InboundStatus {
                external_id: "s\0".to_owned(),
                reference: Some("\0".to_owned()),
                status: Status::Failed,
                at: now,
                failure: Some(Failure::new(FailureReason::Unknown, "n\0o").with_code("\0")),
            }),
            Inbound::Stopped {
                profile: mia.profile.clone(),
                at: now,
            },
            Inbound::Resumed {
                profile: mia.profile.clone(),
                at: now,
            },
            Inbound::IdentityChanged {
                from: Identity::new("custom", "7\0"),
                to: vec![Identity::new("custom", "70\0")],
                at: now,
            },
            Inbound::ChannelAlert {
                code: "\0".to_owned(),
                text: "al\0ert".to_owned(),
                at: now,
            },
            Inbound::Deleted {
                external_id: "m\x001".to_owned(),
                at: now,
            },
        ];
        let taken = world.deliver(channel, events).await.unwrap();
        assert_eq!(taken.messages[2], taken.messages[0], "the same id with its NUL");
        let message = world.message(taken.messages[0].unwrap()).await;
        assert_eq!(message.external_id.as_deref(), Some("m1"));
        assert_eq!(message.content.words(), "Hello");
        assert_eq!(message.revisions[0].content.words(), "Hello \\u0000 and \\");
        // The person is found under the clean names, and under the others.
        for name in ["7", "7\0", "mia", "alias", "70"] {
            let (contact, _) = world
                .customer_writes(channel, &Customer::custom(name, "Mia"), "Hi")
                .await;
            assert_eq!(contact, message.contact_id, "{name:?}");
        }
        assert_eq!(world.channel(channel).await.status_text.as_deref(), Some("alert"));
        world.verify().await;
    });
}

#[test]
fn what_people_type_may_contain_nul() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hello")
            .await;
        let question = Content::QuickReply {
            title: "Pi\0ck".to_owned(),
            replies: vec!["a\0".to_owned()],
        };
        let draft = |client_id: &str| Draft {
            client_id: Some(client_id.to_owned()),
            channel_id: None,
            content: question.clone(),
            reply_to: None,
        };
        let first = world
            .services
            .send_message(world.owner, contact, draft("id\0"))
            .await
            .unwrap();
        let again = world
            .services
            .send_message(world.owner, contact, draft("id\0"))
            .await
            .unwrap();
        assert_eq!(first.id, again.id);
        let search = ListRequest {
            inbox: InboxName::All,
            status: None,
            sort: Sort::Newest,
            unreplied: false,
            search: "mi\0a".to_owned(),
            cursor: None,
            limit: 10,
        };
        world.services.list_inbox(world.owner, search).await.unwrap();
        assert_eq!(
            crate::code(world.services.sign_in("a\0@example.com", "x", "::1", "\0").await),
            "wrong_credentials"
        );
        assert!(world.services.live_channel_by_public_id("\0").await.is_err());
        world
            .services
            .comment(world.owner, contact, "n\0ote".to_owned(), Some("c\0".to_owned()))
            .await
            .unwrap();
        world.verify().await;
    });
}

#[test]
fn a_request_that_cannot_be_written_fails_alone() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        // Two people who are one: the database refuses what the second would need.
        world
            .execute("CREATE UNIQUE INDEX test_poison ON contact (first_name) WHERE first_name = 'Poison'")
            .await;
        world
            .customer_writes(channel, &Customer::custom("1", "Poison"), "first")
            .await;
        let people: Vec<Customer> = (2..12)
            .map(|n| Customer::custom(&n.to_string(), if n == 6 { "Poison" } else { "Fine" }))
            .collect();
        let outcomes = join_all(people.iter().map(|who| world.deliver(channel, vec![who.writes("Hi")]))).await;
        let failed: Vec<usize> = (0..10).filter(|at| outcomes[*at].is_err()).collect();
        assert_eq!(failed, [4]);
        assert_eq!(world.number("SELECT count(*) FROM message").await, 10);
        world.verify().await;
    });
}
