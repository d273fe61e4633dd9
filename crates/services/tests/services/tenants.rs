//! Two workspaces: nothing of one can be reached from the other.

use ism_domain::access::Role;
use ism_domain::contact::ProfileChange;
use ism_domain::content::{Attachment, AttachmentKind, Content};
use ism_domain::message::Status;
use ism_domain::{CategoryId, ContactId, MessageId, Timestamp};
use ism_services::Error;
use ism_services::inbox::{InboxName, ListRequest};
use ism_services::messages::Draft;
use ism_store::tables::contacts::Sort;
use ism_testkit::world::draft;
use ism_testkit::{Customer, Reply, World, on_each_database, wait_for};
use serde_json::{Map, json};

fn hidden<T: std::fmt::Debug>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Err(Error::Refused(refusal)) if refusal.code == "not_found" => {}
        other => panic!("{what}: {other:?}"),
    }
}

/// Refused for a field: the id means nothing here.
fn unknown<T: std::fmt::Debug>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Err(Error::Refused(refusal)) if refusal.code == "invalid_field" => {}
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn ids_of_another_workspace_lead_nowhere() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let (services, ours) = (world.services.clone(), world.owner);
        let stranger = world.second_workspace().await;
        // Ours: a contact with a failed message, a file, a comment, a category, an invitation, a colleague, a channel.
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        let (contact, heard) = world.customer_writes(channel, &mia, "secret").await;
        world.provider.answers_sends(|_| Reply::json(400, &json!({})));
        let failed = world.reply(ours, contact, "no").await.unwrap().id;
        wait_for("the failure", || async {
            (world.message(failed).await.status == Some(Status::Failed)).then_some(())
        })
        .await;
        let mut upload = services.files.begin().await.unwrap();
        upload.write(b"secret").await.unwrap();
        let file = services.keep_upload(ours, upload, "a.txt", None).await.unwrap().id;
        services
            .comment(ours, contact, "secret".to_owned(), None)
            .await
            .unwrap();
        let category = services
            .add_closing_category(ours, "Ours".to_owned(), String::new())
            .await
            .unwrap()
            .id;
        let invitation = services.invite(ours, "new@example.com", Role::Agent).await.unwrap().id;
        let kai = world.colleague("Kai", Role::Agent).await;
        // Theirs, where an id of their own is needed.
        let theirs = world.connect_for(stranger, "custom_channel", &world.provider.url).await;
        let (own, _) = world.customer_writes(theirs, &mia, "Hi").await;
        let head = services.log_head(ours.workspace).await.unwrap();

        hidden("detail", services.contact_detail(stranger, contact).await);
        hidden("timeline", services.timeline(stranger, contact, None, 10).await);
        hidden("assign", services.assign(stranger, contact, None).await);
        hidden("assign to ours", services.assign(stranger, own, Some(kai.user)).await);
        hidden("open", services.open_conversation(stranger, contact).await);
        hidden(
            "close",
            services.close_conversation(stranger, contact, None, None).await,
        );
        let later = services.store.now().plus(Timestamp::HOUR);
        hidden("snooze", services.snooze(stranger, contact, later).await);
        hidden("unsnooze", services.unsnooze(stranger, contact).await);
        hidden("read", services.mark_read(stranger, contact, true).await);
        hidden(
            "edit",
            services.edit_contact(stranger, contact, ProfileChange::default()).await,
        );
        hidden(
            "comment",
            services.comment(stranger, contact, "hello".to_owned(), None).await,
        );
        hidden("send", world.reply(stranger, contact, "hello").await);
        hidden("retry", services.retry_message(stranger, failed).await);
        hidden("download", services.download(stranger, file).await);
        hidden(
            "rename channel",
            services
                .update_channel(stranger, channel, Some("x".to_owned()), Some(Map::new()))
                .await,
        );
        hidden(
            "reconnect channel",
            services.reconnect_channel(stranger, channel, None).await,
        );
        hidden("channel secret", services.channel_secret(stranger, channel).await);
        hidden("delete channel", services.delete_channel(stranger, channel).await);
        hidden(
            "edit category",
            services
                .edit_closing_category(stranger, category, None, None, Some(1))
                .await,
        );
        hidden(
            "delete category",
            services.delete_closing_category(stranger, category).await,
        );
        hidden("revoke", services.revoke_invitation(stranger, invitation).await);
        hidden("role", services.change_role(stranger, kai.user, Role::Owner).await);
        hidden("remove", services.remove_user(stranger, kai.user).await);
        hidden("membership", services.member(stranger.user, ours.workspace).await);

        unknown(
            "close with our category",
            services.close_conversation(stranger, own, Some(category), None).await,
        );
        let sends = [
            (
                "our channel",
                Draft {
                    channel_id: Some(channel),
                    ..draft("hi")
                },
            ),
            (
                "our message quoted",
                Draft {
                    reply_to: Some(heard),
                    ..draft("hi")
                },
            ),
            (
                "our file",
                Draft {
                    content: Content::Attachment {
                        attachment: Attachment {
                            id: Some(file),
                            ..Attachment::new(AttachmentKind::File)
                        },
                    },
                    ..draft("")
                },
            ),
        ];
        for (what, draft) in sends {
            unknown(what, services.send_message(stranger, own, draft).await);
        }
        let request = ListRequest {
            inbox: InboxName::All,
            status: None,
            sort: Sort::Newest,
            unreplied: false,
            search: String::new(),
            cursor: None,
            limit: 50,
        };
        let listed: Vec<ContactId> = services
            .list_inbox(stranger, request)
            .await
            .unwrap()
            .items
            .into_iter()
            .map(|row| row.id)
            .collect();
        assert_eq!(listed, [own]);
        assert_eq!(services.counters(stranger).await.unwrap().all.open, 1);
        assert_eq!(services.users(stranger).await.unwrap().len(), 1);
        assert_eq!(services.list_channels(stranger).await.unwrap().len(), 1);
        assert!(services.closing_categories(stranger).await.unwrap().is_empty());
        assert!(services.invitations(stranger).await.unwrap().is_empty());
        for frame in services.frames_after(stranger.workspace, 0).await.unwrap() {
            assert!(!frame.text(0).contains("secret"));
            assert_ne!(frame.contact_id, Some(contact));
        }
        assert_eq!(
            services.log_head(ours.workspace).await.unwrap(),
            head,
            "nothing of ours has changed"
        );
        world.verify().await;
    });
}

#[test]
fn roles_bound_what_members_do() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = world.services.clone();
        let channel = world.connect("custom_channel").await;
        let agent = world.colleague("Ana", Role::Agent).await;
        let manager = world.colleague("Max", Role::Manager).await;
        let owners_only = [
            crate::code(services.invite(manager, "z@example.com", Role::Manager).await),
            crate::code(services.delete_channel(manager, channel).await),
            crate::code(services.change_role(manager, agent.user, Role::Owner).await),
        ];
        assert_eq!(owners_only, ["forbidden"; 3]);
        let forbidden = [
            crate::code(world.services.invite(agent, "x@example.com", Role::Agent).await),
            crate::code(world.services.invitations(agent).await),
            crate::code(world.services.change_workspace(agent, Default::default()).await),
            crate::code(world.services.connect_channel(agent, Default::default()).await),
            crate::code(world.services.channel_secret(agent, channel).await),
            crate::code(
                world
                    .services
                    .add_closing_category(agent, "x".to_owned(), String::new())
                    .await,
            ),
            crate::code(world.services.delete_closing_category(agent, CategoryId(1)).await),
            crate::code(world.services.remove_user(agent, manager.user).await),
        ];
        assert_eq!(forbidden, ["forbidden"; 8]);
        // What agents are here for.
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world.reply(agent, contact, "Hello").await.unwrap();
        world
            .services
            .close_conversation(agent, contact, None, None)
            .await
            .unwrap();
        assert_eq!(
            crate::code(world.services.retry_message(agent, MessageId(1)).await),
            "not_found"
        );
        world
            .services
            .invite(manager, "y@example.com", Role::Agent)
            .await
            .unwrap();
    });
}
