//! The edges of webhooks: who is refused, with what, and that nothing authentic is lost.

use crate::people::Answer;
use crate::support::{System, VERIFY_TOKEN, on_each_database};
use crate::wire;
use futures::future::join_all;
use serde_json::{Value, json};

/// An address, headers, a body, and the status it is answered with.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, String, u16);

async fn messages(system: &System) -> i64 {
    system.count("SELECT count(*) FROM message").await
}

#[test]
fn webhooks_that_cannot_be_trusted_or_read_are_refused() {
    on_each_database(|system| async move {
        let telegram = system.connect("telegram").await;
        let whatsapp = system.connect("whatsapp_cloud").await;
        let update = wire::telegram_text(1, 5_001, 1, "Hi").to_string();
        let value = wire::whatsapp_value(
            &whatsapp,
            "messages",
            "447700900001",
            json!([wire::whatsapp_text("447700900001", "wamid.1", "Hi")]),
        );
        let change = wire::whatsapp(&whatsapp, vec![value]).to_string();
        let secret = "x-telegram-bot-api-secret-token";
        let signature = "x-hub-signature-256";
        let other = wire::meta_signature("another secret", change.as_bytes());
        let short = other[..40].to_owned();
        let own = wire::meta_signature(crate::support::APP_SECRET, change.as_bytes());
        let cases: Vec<Case> = vec![
            (&telegram.webhook_url, vec![], update.clone(), 401),
            (&telegram.webhook_url, vec![(secret, "guessed")], update.clone(), 403),
            (
                &telegram.webhook_url,
                vec![(secret, &telegram.secret)],
                "{not json".to_owned(),
                400,
            ),
            (
                &telegram.webhook_url,
                vec![(secret, &telegram.secret)],
                "[1,2]".to_owned(),
                400,
            ),
            (&whatsapp.webhook_url, vec![], change.clone(), 401),
            (&whatsapp.webhook_url, vec![(signature, &short)], change.clone(), 401),
            (&whatsapp.webhook_url, vec![(signature, &other)], change.clone(), 403),
            // The signature of another body.
            (
                &whatsapp.webhook_url,
                vec![(signature, &own)],
                change.replace("Hi", "Ho"),
                403,
            ),
        ];
        for (url, headers, body, status) in cases {
            let answer = system.deliver(url, &headers, body).await;
            assert_eq!(answer.status, status, "{url} {headers:?}: {}", answer.text());
        }
        let malformed = "{not json";
        let signed = wire::meta_signature(crate::support::APP_SECRET, malformed.as_bytes());
        assert_eq!(
            system
                .deliver(&whatsapp.webhook_url, &[(signature, &signed)], malformed)
                .await
                .status,
            400
        );

        let huge = vec![b' '; 8 * 1024 * 1024 + 1];
        let answer = system
            .deliver(&telegram.webhook_url, &[(secret, &telegram.secret)], huge)
            .await;
        assert_eq!(answer.status, 413, "{}", answer.text());

        for unknown in ["telegram/12345", "telegram/x", "whatsapp_cloud/0", "pigeon/1"] {
            let url = format!("{}/webhooks/{unknown}", system.url);
            assert_eq!(
                system
                    .deliver(&url, &[(secret, &telegram.secret)], update.clone())
                    .await
                    .status,
                404,
                "{unknown}"
            );
        }
        // A channel is found under its own source only.
        let crossed = format!("{}/webhooks/whatsapp_cloud/{}", system.url, telegram.id);
        assert_eq!(
            system
                .deliver(&crossed, &[(secret, &telegram.secret)], update)
                .await
                .status,
            404
        );
        assert_eq!(messages(&system).await, 0);

        system.verify().await;
        let rejected =
            "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM ingest_ledger WHERE outcome LIKE 'rejected:%'";
        assert_eq!(
            system.count(rejected).await,
            10,
            "each refusal after the channel was known is counted"
        );
    });
}

#[test]
fn metas_handshake_wants_the_right_token() {
    on_each_database(|system| async move {
        let whatsapp = system.connect("whatsapp_cloud").await;
        let ask = async |token: &str, mode: &str| -> Answer {
            let query = [
                ("hub.mode", mode),
                ("hub.challenge", "1158201444"),
                ("hub.verify_token", token),
            ];
            let url = reqwest::Url::parse_with_params(&whatsapp.webhook_url, query).unwrap();
            Answer::of(system.browser.http.get(url).send().await.unwrap()).await
        };
        let right = ask(VERIFY_TOKEN, "subscribe").await;
        assert_eq!((right.status, right.text().as_str()), (200, "1158201444"));
        for (token, mode) in [("wrong", "subscribe"), ("", "subscribe"), (VERIFY_TOKEN, "unsubscribe")] {
            let wrong = ask(token, mode).await;
            assert_eq!(wrong.status, 403, "{token} {mode}");
            assert!(!wrong.text().contains("1158201444"));
        }
        let telegram = system.connect("telegram").await;
        assert_eq!(system.browser.get(&telegram.webhook_url).await.status, 405);
    });
}

#[test]
fn authentic_payloads_nobody_knows_are_kept_and_counted() {
    on_each_database(|system| async move {
        let telegram = system.connect("telegram").await;
        let whatsapp = system.connect("whatsapp_cloud").await;
        let new = json!({ "update_id": 7, "teleportation": { "from": { "id": 1 } } });
        system.deliver_telegram(&telegram, &new).await.ok();
        system
            .deliver_whatsapp(&whatsapp, &json!({ "object": "pigeon_account", "entry": [] }))
            .await
            .ok();
        let field = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "teleports", "value": {} }] }] });
        system.deliver_whatsapp(&whatsapp, &field).await.ok();
        assert_eq!(system.count("SELECT count(*) FROM inbound_raw").await, 3);
        assert_eq!(
            system
                .count("SELECT count(*) FROM inbound_raw WHERE body LIKE '%teleport%'")
                .await,
            2
        );
        // A message of an unknown kind is a message all the same.
        let phone = system.customer("Mia", "Larsen").await;
        let what = ism_simulator::What::Unsupported { what: None };
        system
            .sim
            .customer_writes(&whatsapp.account, &phone.id, what)
            .await
            .unwrap();
        crate::support::wait_for("the unsupported message", async || {
            let found = "SELECT count(*) FROM message WHERE content LIKE '%unsupported%'";
            (system.count(found).await == 1).then_some(())
        })
        .await;
    });
}

#[test]
fn a_batch_is_taken_whole_and_a_retry_doubles_nothing() {
    on_each_database(|system| async move {
        let whatsapp = system.connect("whatsapp_cloud").await;
        let mut socket = system.owner.live().await;
        let phone = system.customer("Sam", "Okoro").await;
        system.writes(&whatsapp, &phone, "First").await;
        let contact = system.contact_who_said("First").await["id"].as_i64().unwrap();
        let sent = system.owner.replies(contact, "Hello Sam").await;
        let delivered = system
            .message_with_status(contact, sent["id"].as_i64().unwrap(), "delivered")
            .await;
        let wamid = system.sim.received(&whatsapp.account, &phone.id).await[0].id.clone();
        assert_eq!(delivered["status"], "delivered");

        let from = |phone: &str, ids: [&str; 3]| {
            let items: Vec<Value> = ids
                .iter()
                .map(|id| wire::whatsapp_text(phone, &format!("wamid.{id}"), &format!("text {id}")))
                .collect();
            wire::whatsapp_value(&whatsapp, "messages", phone, json!(items))
        };
        let read = json!([{ "id": wamid, "status": "read", "timestamp": wire::now().to_string(), "recipient_id": phone.phone }]);
        let body = wire::whatsapp(
            &whatsapp,
            vec![
                from("447700900001", ["a1", "a2", "a3"]),
                from("447700900002", ["b1", "b2", "b3"]),
                wire::whatsapp_value(&whatsapp, "statuses", &phone.phone, read),
                // The same customer again, with one that was in the first entry.
                from("447700900001", ["a3", "a4", "a5"]),
            ],
        );
        let before = messages(&system).await;
        system.deliver_whatsapp(&whatsapp, &body).await.ok();
        assert_eq!(messages(&system).await, before + 8);
        socket
            .wait("read", |frame| {
                frame["message"]["id"] == sent["id"] && frame["message"]["status"] == "read"
            })
            .await;

        // Meta did not hear our answer, and asks again, several times at once.
        let again = join_all((0..5).map(|_| system.deliver_whatsapp(&whatsapp, &body))).await;
        assert!(again.iter().all(|answer| answer.status == 200));
        assert_eq!(messages(&system).await, before + 8);
        assert_eq!(system.count("SELECT count(*) FROM contact").await, 3);
        let a = system.contact_who_said("text a5").await;
        assert_eq!(a["unread_count"], 5, "{a}");
        let texts: Vec<String> = system
            .messages(a["id"].as_i64().unwrap())
            .await
            .iter()
            .map(|message| message["content"]["text"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts, ["text a1", "text a2", "text a3", "text a4", "text a5"]);
    });
}

#[test]
fn a_custom_channel_follows_its_document() {
    on_each_database(|system| async move {
        let bridge = system
            .connect_with("custom_channel", json!({ "id_type": "phone" }))
            .await;
        let public = json!(bridge.public_id);
        let bearer = format!("Bearer {}", bridge.secret);
        let post = async |path: &str, authorization: Option<&str>, body: &Value| {
            let headers: Vec<(&str, &str)> = authorization
                .map(|value| ("authorization", value))
                .into_iter()
                .collect();
            system
                .deliver(&format!("{}{path}", system.url), &headers, body.to_string())
                .await
        };
        let hello =
            |id: &str, channel: &Value| wire::custom(channel, "+60123456789", vec![wire::custom_text(id, "Hi")]);

        for (number, path) in [
            "/custom/channel/webhook/",
            "/custom/channel/webhook",
            "/custom/webhook",
            "/custom/webhook/",
        ]
        .iter()
        .enumerate()
        {
            post(path, Some(&bearer), &hello(&format!("ext-{number}"), &public))
                .await
                .ok();
        }
        // The channel by its number, as a number and as text; one event came before.
        post(
            "/custom/channel/webhook/",
            Some(&bearer),
            &hello("ext-4", &json!(bridge.id)),
        )
        .await
        .ok();
        post(
            "/custom/channel/webhook/",
            Some(&bearer),
            &hello("ext-4", &json!(bridge.id.to_string())),
        )
        .await
        .ok();
        assert_eq!(messages(&system).await, 5);

        let path = "/custom/channel/webhook/";
        let fine = hello("ext-9", &public);
        assert_eq!(post(path, None, &fine).await.status, 401);
        assert_eq!(post(path, Some("Basic abc"), &fine).await.status, 401);
        assert_eq!(post(path, Some("Bearer wrong"), &fine).await.status, 401);
        assert_eq!(
            post(path, Some(&bearer), &hello("ext-9", &json!("unknown")))
                .await
                .status,
            404
        );
        // The token of one channel opens no other.
        let second = system.connect("custom_channel").await;
        let crossed = post(path, Some(&bearer), &hello("ext-9", &json!(second.public_id))).await;
        assert_eq!(crossed.status, 401, "{}", crossed.text());
        let wrong = [
            json!({ "contactId": "+60123456789", "events": [] }),
            json!({ "channelId": public, "events": [] }),
            json!({ "channelId": public, "contactId": "+60123456789" }),
            wire::custom(&public, "not a number", vec![wire::custom_text("x", "Hi")]),
            wire::custom(
                &public,
                "+60123456789",
                vec![json!({ "type": "message", "timestamp": 1, "message": {} })],
            ),
            wire::custom(
                &public,
                "+60123456789",
                vec![json!({ "type": "dance", "mId": "x", "timestamp": 1 })],
            ),
            // One good event beside a bad one: nothing is half stored.
            wire::custom(
                &public,
                "+60123456789",
                vec![wire::custom_text("ext-8", "Hi"), json!({ "type": "message" })],
            ),
        ];
        for body in wrong {
            let answer = post(path, Some(&bearer), &body).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
            assert!(
                answer.json()["error"]["message"]
                    .as_str()
                    .is_some_and(|text| text.ends_with('.') || text.ends_with(':')),
                "{}",
                answer.text()
            );
        }
        assert_eq!(messages(&system).await, 5);

        // Sent outside the product: shown as ours, with its statuses.
        let status = |value: &str| json!({ "type": "message_status", "mId": "echo-1", "timestamp": wire::now() * 1000, "status": { "value": value } });
        let mut echo = wire::custom_text("echo-1", "Sent from the shop's own phone");
        echo["type"] = json!("message_echo");
        let body = wire::custom(
            &public,
            "+60123456789",
            vec![echo, status("delivered"), status("read"), status("delivered")],
        );
        post(path, Some(&bearer), &body).await.ok();
        let contact = system.contact_who_said("Sent from the shop's own phone").await["id"]
            .as_i64()
            .unwrap();
        let shown = system.messages(contact).await.pop().unwrap();
        assert_eq!(
            (&shown["direction"], &shown["status"]),
            (&json!("outgoing"), &json!("read")),
            "{shown}"
        );
        assert_eq!(shown["sender"]["source"], "echo", "{shown}");
        // A status of a message nobody knows is no error.
        let stray = wire::custom(
            &public,
            "+60123456789",
            vec![
                json!({ "type": "message_status", "mId": "nobody", "timestamp": 1_730_000_100_000_i64, "status": { "value": "read" } }),
            ],
        );
        post(path, Some(&bearer), &stray).await.ok();
    });
}
