//! Visitors of websites.

use ism_domain::content::{Attachment, AttachmentKind, Content};
use ism_domain::message::Status;
use ism_domain::{ChannelId, Timestamp};
use ism_services::widget::{KnownUser, Visitor};
use ism_testkit::{World, on_each_database};
use serde_json::json;

struct Site {
    world: World,
    channel: ChannelId,
    key: String,
}

impl Site {
    async fn open(db: &ism_testkit::TestDatabase) -> Self {
        let world = World::asleep(db).await;
        let channel = world.connect("website_chat").await;
        let key = world.channel(channel).await.public_id;
        Self { world, channel, key }
    }

    async fn visitor(&self) -> (Visitor, String) {
        let session = self
            .world
            .services
            .widget_session(&self.key, None, None, Some("de-DE"))
            .await
            .unwrap();
        (
            self.world.services.visitor(&session.token).await.unwrap(),
            session.token,
        )
    }

    async fn says(&self, visitor: &Visitor, client_id: &str, text: &str) -> ism_services::widget::WidgetMessage {
        self.world
            .services
            .visitor_writes(visitor, client_id, Content::text(text), Some("de-DE"))
            .await
            .unwrap()
    }

    /// A user of the website, with the hash its server would compute.
    async fn known(&self, id: &str) -> KnownUser {
        let secret = self
            .world
            .services
            .channel_secret(self.world.owner, self.channel)
            .await
            .unwrap();
        KnownUser {
            id: id.to_owned(),
            hash: Some(hmac(&secret, id)),
            name: Some("Mia Okafor".to_owned()),
            email: Some("mia@example.com".to_owned()),
            phone: None,
        }
    }
}

fn hmac(secret: &str, id: &str) -> String {
    use ::hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(id.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[test]
fn a_visitor_writes_and_is_answered() {
    on_each_database(|db| async move {
        let site = Site::open(&db).await;
        let services = &site.world.services;
        let (visitor, token) = site.visitor().await;
        assert!(
            services
                .visitor_messages(&visitor, None, 10)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        let first = site.says(&visitor, "c1", " Hello ").await;
        assert_eq!((first.from, first.client_id.as_deref()), ("visitor", Some("c1")));
        assert_eq!(
            site.says(&visitor, "c1", "Hello").await.id,
            first.id,
            "a retry is the same message"
        );
        let contact = services.visitor_contact(&visitor).await.unwrap().unwrap();
        let reply = site.world.reply(site.world.owner, contact, "Hi there").await.unwrap();
        assert_eq!(reply.status, Some(Status::Sent), "visitors are reached by ourselves");
        // A second tab and a reload see the same.
        let again = services
            .widget_session(&site.key, Some(&token), None, None)
            .await
            .unwrap();
        assert_eq!((again.visitor_id, again.unread), (visitor.identity.key(), 1));
        let page = services
            .visitor_messages(&services.visitor(&again.token).await.unwrap(), None, 10)
            .await
            .unwrap();
        let said: Vec<String> = page
            .items
            .iter()
            .map(|message| message.content.as_ref().unwrap().words())
            .collect();
        assert_eq!(said, ["Hello", "Hi there"]);
        assert_eq!(page.items[1].agent_name.as_deref(), Some("owner"));
        let older = services.visitor_messages(&visitor, Some(reply.id.0), 1).await.unwrap();
        assert_eq!(older.items[0].id, first.id);
        let detail = services.contact_detail(site.world.owner, contact).await.unwrap();
        assert_eq!(detail.contact.language.as_deref(), Some("de"));
        site.world.verify().await;
    });
}

#[test]
fn read_marks_move_forward_only() {
    on_each_database(|db| async move {
        let site = Site::open(&db).await;
        let (services, me) = (&site.world.services, site.world.owner);
        let (visitor, _) = site.visitor().await;
        site.says(&visitor, "c1", "Hello").await;
        let contact = services.visitor_contact(&visitor).await.unwrap().unwrap();
        let mut sent = Vec::new();
        for text in ["one", "two", "three"] {
            sent.push(site.world.reply(me, contact, text).await.unwrap().id);
        }
        let statuses = || async {
            let mut found = Vec::new();
            for id in &sent {
                found.push(site.world.message(*id).await.status.unwrap());
            }
            found
        };
        services
            .visitor_saw(&visitor, sent[2], Status::Delivered)
            .await
            .unwrap();
        assert_eq!(statuses().await, [Status::Delivered; 3]);
        services.visitor_saw(&visitor, sent[1], Status::Read).await.unwrap();
        assert_eq!(statuses().await, [Status::Read, Status::Read, Status::Delivered]);
        services.visitor_saw(&visitor, sent[0], Status::Read).await.unwrap();
        services
            .visitor_saw(&visitor, sent[2], Status::Delivered)
            .await
            .unwrap();
        assert_eq!(statuses().await, [Status::Read, Status::Read, Status::Delivered]);
        let page = services.visitor_messages(&visitor, None, 10).await.unwrap();
        assert_eq!(page.read_up_to, Some(sent[1]));
        site.world.verify().await;
    });
}

#[test]
fn tokens_cannot_be_forged_or_kept_for_ever() {
    on_each_database(|db| async move {
        let site = Site::open(&db).await;
        let services = &site.world.services;
        let (visitor, token) = site.visitor().await;
        let (_, other) = site.visitor().await;
        let (claims, signature) = token.rsplit_once('.').unwrap();
        let (other_claims, _) = other.rsplit_once('.').unwrap();
        let mut parts = claims.split('.');
        let (channel, expires, key) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let forged = [
            String::new(),
            ".".to_owned(),
            claims.to_owned(),
            format!("{claims}."),
            format!("{other_claims}.{signature}"),
            format!("{channel}.{}.{key}.{signature}", expires.parse::<i64>().unwrap() + 1),
            format!("{channel}.{expires}.{}.{signature}", hex::encode("user:admin")),
            format!("{token}0"),
        ];
        for forged in forged {
            assert_eq!(
                crate::code(services.visitor(&forged).await.map(drop)),
                "session_expired",
                "{forged}"
            );
            let session = services
                .widget_session(&site.key, Some(&forged), None, None)
                .await
                .unwrap();
            assert_ne!(
                session.visitor_id,
                visitor.identity.key(),
                "a forged token begins a new session"
            );
        }
        site.world.clock.advance(61 * Timestamp::DAY);
        assert_eq!(crate::code(services.visitor(&token).await.map(drop)), "session_expired");
        assert_eq!(
            crate::code(services.widget_session("unknown", None, None, None).await),
            "not_found"
        );
        let telegram = site.world.connect("custom_channel").await;
        let foreign = site.world.channel(telegram).await.public_id;
        assert_eq!(
            crate::code(services.widget_session(&foreign, None, None, None).await),
            "not_found"
        );
    });
}

#[test]
fn visitors_reach_only_what_is_theirs() {
    on_each_database(|db| async move {
        let site = Site::open(&db).await;
        let services = &site.world.services;
        let ((mia, _), (eve, _)) = (site.visitor().await, site.visitor().await);
        let mut upload = services.files.begin().await.unwrap();
        upload.write(b"my passport").await.unwrap();
        let file = services
            .visitor_uploads(&mia, upload, "passport.txt", None)
            .await
            .unwrap();
        let attach = Content::Attachment {
            attachment: Attachment {
                id: Some(file.id),
                ..Attachment::new(AttachmentKind::File)
            },
        };
        let stolen = services.visitor_writes(&eve, "c1", attach.clone(), None).await;
        assert_eq!(crate::code(stolen), "invalid_field");
        let sent = services.visitor_writes(&mia, "c1", attach, None).await.unwrap();
        let file = sent.content.as_ref().and_then(Content::attachment).unwrap();
        assert_eq!(file.file_name.as_deref(), Some("passport.txt"));
        assert!(file.url.as_deref().unwrap().contains("/files/"));
        assert_eq!(
            crate::code(
                services
                    .signed_download(site.world.workspace(), file.id.unwrap(), &"0".repeat(32))
                    .await
            ),
            "not_found"
        );
        assert!(
            services
                .visitor_messages(&eve, None, 10)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        site.says(&eve, "c1", "the same client id").await;
        let hers = services.visitor_messages(&eve, None, 10).await.unwrap().items;
        assert_eq!(hers.len(), 1);
        assert_ne!(hers[0].id, sent.id);
        for (content, client_id) in [
            (Content::text(" "), "a"),
            (Content::text("x".repeat(7_001)), "a"),
            (Content::text("x"), ""),
            (Content::text("x"), "with:colon"),
            (Content::CustomPayload { payload: json!({}) }, "a"),
        ] {
            assert_eq!(
                crate::code(services.visitor_writes(&eve, client_id, content, None).await),
                "invalid_field"
            );
        }
        site.world.verify().await;
    });
}

#[test]
fn a_website_vouches_for_its_users() {
    on_each_database(|db| async move {
        let site = Site::open(&db).await;
        let services = &site.world.services;
        let (anonymous, token) = site.visitor().await;
        site.says(&anonymous, "c1", "before signing in").await;
        let contact = services.visitor_contact(&anonymous).await.unwrap().unwrap();
        for hash in [
            None,
            Some(String::new()),
            Some("0".repeat(64)),
            site.known("someone else").await.hash,
        ] {
            let user = KnownUser {
                hash,
                ..site.known("42").await
            };
            let refused = services.widget_session(&site.key, Some(&token), Some(user), None).await;
            assert_eq!(crate::code(refused), "identity_not_proven");
        }
        // What was begun anonymously becomes the user's.
        let session = services
            .widget_session(&site.key, Some(&token), Some(site.known("42").await), None)
            .await
            .unwrap();
        let mia = services.visitor(&session.token).await.unwrap();
        assert_eq!(services.visitor_contact(&mia).await.unwrap(), Some(contact));
        let row = services
            .contact_detail(site.world.owner, contact)
            .await
            .unwrap()
            .contact;
        assert_eq!(
            (row.name.as_str(), row.email.as_deref()),
            ("Mia Okafor", Some("mia@example.com"))
        );
        // On another machine it is the same user, with the same history.
        let elsewhere = services
            .widget_session(&site.key, None, Some(site.known("42").await), None)
            .await
            .unwrap();
        let there = services.visitor(&elsewhere.token).await.unwrap();
        assert_eq!(
            services.visitor_messages(&there, None, 10).await.unwrap().items.len(),
            1
        );
        // A reload keeps the user; a widget that the website has reset knows nobody.
        let reloaded = services
            .widget_session(&site.key, Some(&session.token), None, None)
            .await
            .unwrap();
        assert_eq!(reloaded.visitor_id, mia.identity.key());
        let (next, _) = site.visitor().await;
        assert!(
            services
                .visitor_messages(&next, None, 10)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        // Where the channel asks for it, nobody else may write.
        let strict = json!({ "require_identity": true }).as_object().cloned();
        services
            .update_channel(site.world.owner, site.channel, None, strict)
            .await
            .unwrap();
        assert_eq!(
            crate::code(services.widget_session(&site.key, None, None, None).await),
            "identity_required"
        );
        services
            .widget_session(&site.key, None, Some(site.known("42").await), None)
            .await
            .unwrap();
        site.world.verify().await;
    });
}
