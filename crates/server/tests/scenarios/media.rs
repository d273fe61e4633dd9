//! Files: from customers to agents and back, typed by their bytes and served so that a browser runs nothing.

use crate::people::{Answer, send};
use crate::support::{Channel, DEADLINE, System, on_each_database, wait_for};
use base64::Engine;
use ism_simulator::world::{Content, MediaKind};
use ism_simulator::{What, Write};
use reqwest::Method;
use serde_json::{Value, json};

const HTML: &[u8] = b"<!DOCTYPE html><html><script>alert(document.cookie)</script></html>";
const SVG: &[u8] = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"></svg>";

/// A PNG that says how large it is.
fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0".to_vec();
    bytes.resize(4_000, 7);
    bytes
}

/// Waits for the newest message of whoever wrote on this channel, with its file here.
async fn file_of(system: &System, contact: i64) -> Value {
    wait_for("the file", async || {
        let attachment = system.messages(contact).await.pop()?["content"]["attachment"].clone();
        assert_ne!(attachment["state"], "failed", "{attachment}");
        (attachment["state"] == "ready").then_some(attachment)
    })
    .await
}

async fn newcomer(system: &System, channel: &Channel) -> (String, i64) {
    let phone = system.customer("Yuki", "Tanaka").await;
    let hello = format!("A photo follows ({})", channel.id);
    system.writes(channel, &phone, &hello).await;
    let contact = system.contact_who_said(&hello).await;
    (phone.id, contact["id"].as_i64().unwrap())
}

fn assert_harmless(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let mime = answer.header("content-type");
    for dangerous in ["html", "svg", "xml", "javascript"] {
        assert!(!mime.contains(dangerous), "{mime}");
    }
}

#[test]
fn a_customers_photo_is_fetched_and_served_safely() {
    on_each_database(|system| async move {
        let stranger = system.foreign_owner().await;
        for source in ["telegram", "whatsapp_cloud", "custom_channel"] {
            let channel = system.connect(source).await;
            let (phone, contact) = newcomer(&system, &channel).await;
            let photo = Write::sample(MediaKind::Image, Some("Like this one"));
            system
                .sim
                .customer_writes(&channel.account, &phone, photo)
                .await
                .unwrap();
            wait_for("the photo", async || {
                (system.messages(contact).await.len() == 2).then_some(())
            })
            .await;
            let file = file_of(&system, contact).await;
            assert_eq!(file["kind"], "image", "{source}: {file}");
            let url = file["url"].as_str().unwrap();
            let answer = system.owner.get(url).await;
            assert_eq!(answer.status, 200);
            assert_harmless(&answer);
            assert_eq!(answer.header("content-type"), file["mime"]);
            assert!(
                answer.header("content-disposition").starts_with("inline"),
                "{:?}",
                answer.headers
            );
            assert!(
                answer.header("cache-control").contains("private"),
                "{:?}",
                answer.headers
            );
            assert_eq!(answer.bytes.len() as u64, file["size"].as_u64().unwrap());

            let part = send(system.owner.request(Method::GET, url).header("range", "bytes=10-19")).await;
            assert_eq!(
                (part.status, part.bytes.as_slice()),
                (206, &answer.bytes[10..20]),
                "{source}"
            );
            assert_eq!(
                part.header("content-range"),
                format!("bytes 10-19/{}", answer.bytes.len())
            );
            assert_harmless(&part);
            let beyond = send(
                system
                    .owner
                    .request(Method::GET, url)
                    .header("range", "bytes=99999999-"),
            )
            .await;
            assert_eq!(beyond.status, 416);

            assert_eq!(system.browser.get(url).await.status, 401);
            assert_eq!(stranger.get(url).await.status, 404);
            let own = url.replace(&system.owner.workspace.to_string(), &stranger.workspace.to_string());
            assert_eq!(
                stranger.get(&own).await.status,
                404,
                "by its number in another workspace"
            );
        }
    });
}

#[test]
fn pages_and_drawings_that_run_scripts_are_never_shown_in_place() {
    on_each_database(|system| async move {
        let channel = system.connect("whatsapp_cloud").await;
        let (phone, contact) = newcomer(&system, &channel).await;
        for (bytes, mime, name) in [
            (HTML, "text/html", "invoice.html"),
            (SVG, "image/svg+xml", "logo.svg"),
            (HTML, "image/png", "fake.png"),
        ] {
            let uploaded = system.owner.uploads(name, mime, bytes).await.ok();
            let answer = system.owner.get(uploaded["url"].as_str().unwrap()).await;
            assert_eq!(answer.status, 200);
            assert_harmless(&answer);
            assert!(
                answer.header("content-disposition").starts_with("attachment"),
                "{name}: {:?}",
                answer.headers
            );

            let before = system.messages(contact).await.len();
            let document = What::Media {
                media: MediaKind::Document,
                file: None,
                data: Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
                mime: Some(mime.to_owned()),
                name: Some(name.to_owned()),
                caption: None,
            };
            system
                .sim
                .customer_writes(&channel.account, &phone, document)
                .await
                .unwrap();
            wait_for("the document", async || {
                (system.messages(contact).await.len() > before).then_some(())
            })
            .await;
            let file = file_of(&system, contact).await;
            let answer = system.owner.get(file["url"].as_str().unwrap()).await;
            assert_harmless(&answer);
            assert!(
                answer.header("content-disposition").starts_with("attachment"),
                "{name}: {:?}",
                answer.headers
            );
        }
        let empty = system.owner.uploads("nothing.png", "image/png", b"").await;
        assert_eq!(empty.status, 400, "{}", empty.text());
        let nameless = system
            .owner
            .uploads("../../../etc/passwd", "text/plain", b"root")
            .await
            .ok();
        assert_eq!(nameless["file_name"], "passwd", "{nameless}");
    });
}

#[test]
fn an_agents_file_reaches_the_phone() {
    on_each_database(|system| async move {
        for source in ["telegram", "whatsapp_cloud", "custom_channel"] {
            let channel = system.connect(source).await;
            let (phone, contact) = newcomer(&system, &channel).await;
            let uploaded = system.owner.uploads("tea.png", "image/png", &png()).await.ok();
            assert_eq!(
                (&uploaded["kind"], &uploaded["width"], &uploaded["height"]),
                (&json!("image"), &json!(2), &json!(3))
            );
            let caption = if source == "custom_channel" {
                Value::Null
            } else {
                json!("This one?")
            };
            let mut attachment = json!({ "id": uploaded["id"] });
            if caption.is_string() {
                attachment["caption"] = caption.clone();
            }
            let content = json!({ "type": "attachment", "attachment": attachment });
            let sent = system
                .owner
                .says(contact, &crate::people::client_id(), content)
                .await
                .ok();
            let on_phone = system
                .sim
                .wait_received(&channel.account, &phone, DEADLINE, |m| {
                    matches!(m.content, Content::Media { .. })
                })
                .await
                .unwrap();
            let Content::Media {
                size,
                mime,
                file,
                caption: shown,
                ..
            } = &on_phone.content
            else {
                unreachable!()
            };
            assert_eq!((*size, mime.as_str()), (4_000, "image/png"), "{source}");
            assert_eq!(shown.as_deref(), caption.as_str(), "{source}");
            let bytes = system
                .sim
                .read(|world| world.files.get(file).map(|file| file.bytes.clone()))
                .unwrap();
            assert_eq!(bytes, png(), "{source}");
            let calls = system.sim.counters(&channel.account).await.unwrap().calls;
            match source {
                "telegram" => assert_eq!(calls.get("sendPhoto"), Some(&1), "{calls:?}"),
                "whatsapp_cloud" => {
                    assert_eq!(
                        (calls.get("media"), calls.get("messages")),
                        (Some(&1), Some(&1)),
                        "{calls:?}"
                    );
                }
                _ => assert_eq!(calls.get("message"), Some(&1), "{calls:?}"),
            }
            wait_for("sent", async || {
                let messages = system.messages(contact).await;
                let message = messages.iter().find(|message| message["id"] == sent["id"])?;
                assert_ne!(message["status"], "failed", "{message}");
                (message["status"] != "pending").then_some(())
            })
            .await;
        }
    });
}
