//! Files of customers are fetched from where the provider has them.

use ism_domain::content::{Attachment, AttachmentKind, AttachmentState, Content};
use ism_domain::inbound::Inbound;
use ism_domain::{AttachmentId, ChannelId, ContactId, MessageId, Timestamp};
use ism_testkit::{Customer, Reply, World, on_each_database, wait_for};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0";
const JOBS: &str = "SELECT count(*) FROM job";

async fn file_arrives(world: &World, channel: ChannelId, kind: AttachmentKind) -> MessageId {
    let mut file = Customer::custom("7", "Mia").says("");
    file.content = Content::Attachment {
        attachment: Attachment {
            caption: Some("look".to_owned()),
            ..Attachment::new(kind)
        },
    };
    file.media = Some(json!({ "url": format!("{}/file/1", world.provider.url), "file_name": "cat.png" }));
    let taken = world
        .deliver(channel, vec![Inbound::Message(Box::new(file))])
        .await
        .unwrap();
    taken.messages[0].unwrap()
}

async fn attachment(world: &World, id: MessageId) -> Attachment {
    world.message(id).await.content.attachment().cloned().unwrap()
}

async fn settled(world: &World, id: MessageId) -> Attachment {
    wait_for("the file", || async {
        Some(attachment(world, id).await).filter(|file| file.state != AttachmentState::Pending)
    })
    .await
}

#[test]
fn a_file_is_fetched_and_typed_by_its_bytes() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        world.provider.answers(|asked| {
            asked
                .path
                .starts_with("/file")
                .then(|| Reply::bytes(200, "text/html", PNG))
        });
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        assert_eq!(attachment(&world, id).await.state, AttachmentState::Pending);
        let file = settled(&world, id).await;
        assert_eq!(
            (file.state, file.mime.as_deref()),
            (AttachmentState::Ready, Some("image/png"))
        );
        assert_eq!(
            (file.width, file.height, file.caption.as_deref()),
            (Some(2), Some(3), Some("look"))
        );
        let download = world.services.download(world.owner, file.id.unwrap()).await.unwrap();
        assert_eq!(std::fs::read(&download.path).unwrap(), PNG);
        assert!(download.inline);
        assert_eq!(world.number(JOBS).await, 0);
        // Markup is never shown as such, whatever the provider calls it.
        world
            .provider
            .answers(|_| Some(Reply::bytes(200, "image/png", "<html><script>alert(1)</script>")));
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        let file = settled(&world, id).await;
        assert_eq!(
            (file.kind, file.mime.as_deref()),
            (AttachmentKind::File, Some("text/plain"))
        );
        assert!(
            !world
                .services
                .download(world.owner, file.id.unwrap())
                .await
                .unwrap()
                .inline
        );
        world.verify().await;
    });
}

#[test]
fn a_passing_fault_is_tried_again() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        world
            .provider
            .answers(|_| Some(Reply::bytes(500, "text/plain", "down")));
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        wait_for("the first try", || async {
            (world
                .number("SELECT count(*) FROM job WHERE last_error IS NOT NULL")
                .await
                == 1)
                .then_some(())
        })
        .await;
        assert_eq!(attachment(&world, id).await.state, AttachmentState::Pending);
        assert_eq!(
            crate::code(
                world
                    .services
                    .download(world.owner, attachment(&world, id).await.id.unwrap())
                    .await
            ),
            "not_found"
        );
        world.provider.answers(|_| Some(Reply::bytes(200, "image/png", PNG)));
        world.pass(Timestamp::HOUR);
        assert_eq!(settled(&world, id).await.state, AttachmentState::Ready);
        world.verify().await;
    });
}

#[test]
fn a_fault_for_good_is_shown() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        world
            .provider
            .answers(|_| Some(Reply::bytes(404, "text/plain", "gone")));
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        let file = wait_for("the end", || async {
            world.pass(Timestamp::MINUTE);
            Some(attachment(&world, id).await).filter(|file| file.state == AttachmentState::Failed)
        })
        .await;
        assert!(file.error.is_some_and(|error| !error.is_empty()));
        assert_eq!(world.number(JOBS).await, 0);
        let tries = world.provider.asked().len();
        assert!((2..8).contains(&tries), "{tries}");
        world.verify().await;
    });
}

#[test]
fn a_file_that_is_too_large_is_not_kept() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        world.provider.answers(|asked| {
            asked
                .path
                .starts_with("/file")
                .then(|| Reply::bytes(200, "image/png", vec![0; 101 << 20]))
        });
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        let file = settled(&world, id).await;
        assert_eq!(file.state, AttachmentState::Failed);
        assert!(file.error.unwrap().contains("large"));
        let incoming = db.folder().join("data/files/incoming");
        assert_eq!(
            std::fs::read_dir(incoming).unwrap().count(),
            0,
            "nothing is left behind"
        );
    });
}

#[test]
fn a_channel_that_is_gone_has_no_files() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let id = file_arrives(&world, channel, AttachmentKind::Image).await;
        world.services.delete_channel(world.owner, channel).await.unwrap();
        world.services.start();
        assert_eq!(settled(&world, id).await.state, AttachmentState::Failed);
        world.verify().await;
    });
}

#[test]
fn agents_send_files_they_uploaded() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let mut upload = world.services.files.begin().await.unwrap();
        upload.write(PNG).await.unwrap();
        let kept = world
            .services
            .keep_upload(world.owner, upload, "../cat.png", Some("text/html"))
            .await
            .unwrap();
        assert_eq!((kept.mime.as_str(), kept.file_name.as_str()), ("image/png", "cat.png"));
        let sent = send_file(&world, contact, kept.id, AttachmentKind::Video)
            .await
            .unwrap();
        wait_for("the send", || async {
            (world.provider.sends().len() == 1).then_some(())
        })
        .await;
        let asked = &world.provider.sends()[0].body["message"]["attachment"];
        assert_eq!(asked["type"], "image", "the kind follows from the bytes");
        let url = asked["url"].as_str().unwrap();
        let signature = url.rsplit('/').nth(1).unwrap();
        assert!(world.services.signed_file_fits(world.workspace(), kept.id, signature));
        for wrong in [
            "",
            &signature[1..],
            &signature.replace(|c: char| c.is_ascii_digit(), "f"),
        ] {
            assert!(
                !world.services.signed_file_fits(world.workspace(), kept.id, wrong),
                "{wrong}"
            );
        }
        assert!(
            !world
                .services
                .signed_file_fits(world.workspace(), AttachmentId(1), signature)
        );
        assert_eq!(world.message(sent).await.content.attachment().unwrap().width, Some(2));
        assert_eq!(
            crate::code(send_file(&world, contact, AttachmentId(1), AttachmentKind::File).await),
            "invalid_field"
        );
        let empty = world.services.files.begin().await.unwrap();
        assert_eq!(
            crate::code(world.services.keep_upload(world.owner, empty, "a", None).await),
            "invalid_field"
        );
    });
}

async fn send_file(
    world: &World,
    contact: ContactId,
    id: AttachmentId,
    kind: AttachmentKind,
) -> Result<MessageId, ism_services::Error> {
    let attachment = Attachment {
        id: Some(id),
        ..Attachment::new(kind)
    };
    let draft = ism_services::messages::Draft {
        content: Content::Attachment { attachment },
        ..ism_testkit::world::draft("")
    };
    world
        .services
        .send_message(world.owner, contact, draft)
        .await
        .map(|message| message.id)
}
