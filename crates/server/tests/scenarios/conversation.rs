//! The main job: a customer writes on a channel, an agent answers from the inbox.

use crate::people::client_id;
use crate::support::{Channel, System, on_each_database, wait_for};
use crate::wire;
use futures::future::join_all;
use ism_simulator::{NewPhone, What, Write};
use serde_json::{Value, json};

const SOURCES: [&str; 3] = ["telegram", "whatsapp_cloud", "custom_channel"];

#[test]
fn a_customer_writes_and_an_agent_answers_on_every_provider() {
    on_each_database(|system| async move {
        let ana = system.colleague("Ana", "agent").await;
        for source in SOURCES {
            let channel = system.connect(source).await;
            system.knobs(&channel, |knobs| knobs.auto_read = true).await;
            system.knobs(&channel, |knobs| knobs.status_delay_ms = 20).await;
            let priya = system.customer("Priya", "Nair").await;
            let mut socket = ana.live().await;

            let question = format!("Is the blue one in stock? ({source})");
            system.writes(&channel, &priya, &question).await;

            let received = socket
                .event("message.received", |frame| {
                    frame["message"]["content"]["text"] == question.as_str()
                })
                .await;
            let contact = received["contact"].clone();
            assert_eq!(contact["name"], "Priya Nair", "{contact}");
            assert_eq!(
                (&contact["status"], &contact["unread_count"]),
                (&json!("open"), &json!(1)),
                "{contact}"
            );
            let id = contact["id"].as_i64().unwrap();
            let opened = socket
                .event("conversation.opened", |frame| frame["event"]["contact_id"] == id)
                .await;
            assert_eq!(opened["conversation"]["status"], "open", "{opened}");
            assert_eq!(opened["event"]["payload"]["source"], "contact", "{opened}");
            socket
                .event("contact.created", |frame| frame["event"]["contact_id"] == id)
                .await;

            let sent = ana.replies(id, "Yes, three of them.").await;
            let sent_id = sent["id"].as_i64().unwrap();
            assert_eq!(sent["status"], "pending", "{sent}");
            let on_phone = system
                .sim
                .wait_received(&channel.account, &priya.id, crate::support::DEADLINE, |m| {
                    m.text() == "Yes, three of them."
                })
                .await
                .unwrap();
            assert_eq!(on_phone.reply_to, None);

            let steps = if source == "telegram" {
                vec!["sent"]
            } else {
                vec!["sent", "delivered", "read"]
            };
            for step in &steps {
                socket
                    .wait(&format!("{source}: {step}"), |frame| {
                        frame["message"]["id"] == sent_id && frame["message"]["status"] == *step
                    })
                    .await;
            }
            let shown = system.messages(id).await.pop().unwrap();
            let history: Vec<&Value> = shown["history"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| &step["status"])
                .collect();
            assert_eq!(shown["status"], *steps.last().unwrap(), "{shown}");
            for step in &steps {
                assert!(history.contains(&&json!(step)), "{source}: {history:?}");
            }
            assert_eq!(system.send_calls(&channel).await, 1);
            assert_eq!(system.accepted(&channel).await, 1);
            let detail = ana.get(&format!("/contacts/{id}")).await.ok();
            assert_eq!(
                detail["contact"]["assignee_id"], ana.user,
                "who answers first is assigned: {detail}"
            );
            assert_eq!(detail["conversation"]["outgoing_count"], 1);
            assert_eq!(detail["conversation"]["incoming_count"], 1);
        }
    });
}

#[test]
fn duplicates_and_reordering_at_the_provider_change_nothing() {
    on_each_database(|system| async move {
        for source in SOURCES {
            let channel = system.connect(source).await;
            system
                .knobs(&channel, |knobs| {
                    knobs.duplicate_rate = 1.0;
                    knobs.reorder = true;
                    knobs.batch = 4;
                })
                .await;
            let priya = system.customer("Priya", "Nair").await;
            for number in 0..12 {
                system.writes(&channel, &priya, &format!("{source} {number}")).await;
            }
            wait_for("all webhooks to be answered", async || {
                let counters = system.sim.counters(&channel.account).await.unwrap();
                let pending = system.sim.pending_webhooks(&channel.account).await;
                (pending == 0 && counters.webhook_duplicates > 0).then_some(())
            })
            .await;
            let id = wait_for("12 messages", async || {
                let list = system.owner.get("/inbox?inbox=all&status=all&limit=100").await.ok();
                let contacts = list["items"].as_array().unwrap().clone();
                let contact = contacts.iter().find(|contact| {
                    contact["last_message"]["preview"]
                        .as_str()
                        .is_some_and(|text| text.starts_with(source))
                })?;
                let id = contact["id"].as_i64().unwrap();
                (system.messages(id).await.len() >= 12).then_some(id)
            })
            .await;
            let contact = system.owner.get(&format!("/contacts/{id}")).await.ok()["contact"].clone();
            assert_eq!(contact["unread_count"], 12, "{contact}");
            let messages = system.messages(id).await;
            let mut texts: Vec<&str> = messages
                .iter()
                .map(|m| m["content"]["text"].as_str().unwrap())
                .collect();
            texts.sort_unstable();
            let mut wanted: Vec<String> = (0..12).map(|number| format!("{source} {number}")).collect();
            wanted.sort_unstable();
            assert_eq!(texts, wanted);
        }
        assert_eq!(system.count("SELECT count(*) FROM contact").await, 3);
        assert_eq!(system.count("SELECT count(*) FROM conversation").await, 3);
    });
}

#[test]
fn an_album_from_a_new_contact_in_parallel_requests_is_one_conversation() {
    on_each_database(|system| async move {
        let whatsapp = system.connect("whatsapp_cloud").await;
        let requests: Vec<Value> = (0..10)
            .map(|number| {
                let image =
                    wire::whatsapp_image("447700900123", &format!("wamid.album{number}"), &format!("90{number}"));
                let value = wire::whatsapp_value(&whatsapp, "messages", "447700900123", json!([image]));
                wire::whatsapp(&whatsapp, vec![value])
            })
            .collect();
        let answers = join_all(requests.iter().map(|body| system.deliver_whatsapp(&whatsapp, body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        expect_album(&system, 1).await;

        let telegram = system.connect("telegram").await;
        let updates: Vec<Value> = (0..10)
            .map(|number| wire::telegram_photo(1000 + number, 5_012_345, 50 + number, "1399"))
            .collect();
        let answers = join_all(updates.iter().map(|body| system.deliver_telegram(&telegram, body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        expect_album(&system, 2).await;
        assert_eq!(
            system
                .count("SELECT count(*) FROM message WHERE album IS NOT NULL")
                .await,
            10
        );
    });
}

async fn expect_album(system: &System, contacts: i64) {
    assert_eq!(system.count("SELECT count(*) FROM contact").await, contacts);
    assert_eq!(system.count("SELECT count(*) FROM contact_channel").await, contacts);
    assert_eq!(system.count("SELECT count(*) FROM conversation").await, contacts);
    assert_eq!(system.count("SELECT count(*) FROM message").await, contacts * 10);
    let events = "SELECT count(*) FROM event WHERE kind = 'conversation.opened'";
    assert_eq!(system.count(events).await, contacts);
}

/// A contact of whom one message has come.
async fn arrived(system: &System, channel: &Channel, text: &str) -> (String, i64) {
    let phone = system.customer("Sam", "Okoro").await;
    system.writes(channel, &phone, text).await;
    let contact = system.contact_who_said(text).await;
    (phone.id, contact["id"].as_i64().unwrap())
}

#[test]
fn two_agents_and_two_tabs_answer_at_once() {
    on_each_database(|system| async move {
        let channel = system.connect("custom_channel").await;
        let (phone, contact) = arrived(&system, &channel, "Anybody there?").await;
        let (ana, ben) = (
            system.colleague("Ana", "agent").await,
            system.colleague("Ben", "agent").await,
        );

        let (first, second) = tokio::join!(ana.replies(contact, "Ana here."), ben.replies(contact, "Ben here."));
        for sent in [&first, &second] {
            system
                .message_with_status(contact, sent["id"].as_i64().unwrap(), "delivered")
                .await;
        }
        assert_eq!(system.send_calls(&channel).await, 2);
        let assignee = ana.get(&format!("/contacts/{contact}")).await.ok()["contact"]["assignee_id"].clone();
        assert!(
            assignee == ana.user || assignee == ben.user,
            "one of the two is assigned, not {assignee}"
        );
        assert_eq!(system.count("SELECT count(*) FROM conversation").await, 1);

        // The same draft sent from two tabs, and once more by a retry after a lost answer.
        let id = client_id();
        let text = json!({ "type": "text", "text": "Only once, please." });
        let tabs = join_all((0..4).map(|_| ana.says(contact, &id, text.clone()))).await;
        let ids: Vec<Value> = tabs.iter().map(|answer| answer.ok()["id"].clone()).collect();
        assert!(ids.iter().all(|other| *other == ids[0]), "{ids:?}");
        system
            .message_with_status(contact, ids[0].as_i64().unwrap(), "delivered")
            .await;
        let received = system.sim.received(&channel.account, &phone).await;
        assert_eq!(received.len(), 3);
        assert_eq!(system.send_calls(&channel).await, 3);
    });
}

#[test]
fn a_status_that_overtakes_the_answer_of_its_send_counts() {
    on_each_database(|system| async move {
        for source in ["whatsapp_cloud", "custom_channel"] {
            let channel = system.connect(source).await;
            system
                .knobs(&channel, |knobs| {
                    knobs.status_before_answer = true;
                    knobs.status_delay_ms = 10;
                    knobs.auto_read = true;
                })
                .await;
            let (_, contact) = arrived(&system, &channel, &format!("Quick! {source}")).await;
            let sent = system.owner.replies(contact, "As quick as we can.").await;
            let read = system
                .message_with_status(contact, sent["id"].as_i64().unwrap(), "read")
                .await;
            let ranks: Vec<&str> = read["history"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| step["status"].as_str().unwrap())
                .collect();
            assert_eq!(ranks, ["pending", "sent", "delivered", "read"], "{read}");
        }
        wait_for("no parked status", async || {
            (system.count("SELECT count(*) FROM status_parked").await == 0).then_some(())
        })
        .await;
    });
}

#[test]
fn after_the_window_has_closed_only_a_template_goes_through() {
    on_each_database(|system| async move {
        let channel = system.connect("whatsapp_cloud").await;
        // A message of the day before yesterday, as a provider delivers after an outage.
        let two_days_ago = wire::now() - 2 * 24 * 3600;
        let phone = system
            .sim
            .add_phone(NewPhone {
                phone: Some("447700900777".to_owned()),
                ..NewPhone::named("Lucía", "Fernández")
            })
            .await
            .unwrap();
        let mut old = wire::whatsapp_text(&phone.phone, "wamid.old", "Do you still have it?");
        old["timestamp"] = json!(two_days_ago.to_string());
        let value = wire::whatsapp_value(&channel, "messages", &phone.phone, json!([old]));
        system
            .deliver_whatsapp(&channel, &wire::whatsapp(&channel, vec![value]))
            .await
            .ok();
        let contact = system.contact_who_said("Do you still have it?").await["id"]
            .as_i64()
            .unwrap();

        let text = json!({ "type": "text", "text": "Yes!" });
        let refused = system.owner.says(contact, &client_id(), text).await;
        assert_eq!(refused.refused(409), "window_closed");
        assert_eq!(system.send_calls(&channel).await, 0);
        let detail = system.owner.get(&format!("/contacts/{contact}")).await.ok();
        let closes_at = detail["channels"][0]["window_closes_at"].as_u64().unwrap();
        assert!(closes_at < wire::now() * 1_000_000, "{detail}");

        let template = json!({ "type": "whatsapp_template", "template": {
            "name": "hello_world", "languageCode": "en_US", "components": [],
        }});
        let sent = system.owner.says(contact, &client_id(), template).await.ok();
        system
            .message_with_status(contact, sent["id"].as_i64().unwrap(), "delivered")
            .await;
        assert_eq!(system.accepted(&channel).await, 1);
    });
}

#[test]
fn a_window_that_only_the_provider_knows_to_be_closed_fails_the_message() {
    on_each_database(|system| async move {
        let channel = system.connect("whatsapp_cloud").await;
        let phone = system.customer("Noa", "Levi").await;
        // Delivered past the simulator, so for the provider this customer has never written.
        let text = wire::whatsapp_text(&phone.phone, "wamid.unseen", "Hello?");
        let value = wire::whatsapp_value(&channel, "messages", &phone.phone, json!([text]));
        system
            .deliver_whatsapp(&channel, &wire::whatsapp(&channel, vec![value]))
            .await
            .ok();
        let contact = system.contact_who_said("Hello?").await["id"].as_i64().unwrap();
        let mut socket = system.owner.live().await;

        let sent = system.owner.replies(contact, "Hello!").await;
        let id = sent["id"].clone();
        let failed = socket
            .wait("the message to fail", |frame| {
                frame["message"]["id"] == id && frame["message"]["status"] == "failed"
            })
            .await;
        assert_eq!(failed["message"]["failure"]["reason"], "window_closed", "{failed}");
        assert_eq!(failed["message"]["failure"]["code"], "131047", "{failed}");
    });
}

#[test]
fn edits_reactions_and_deletions_of_a_customer_reach_the_timeline() {
    on_each_database(|system| async move {
        let channel = system.connect("whatsapp_cloud").await;
        let (phone, contact) = arrived(&system, &channel, "I want two mgus").await;
        let first = system.sim.messages(&channel.account, &phone).await[0].id.clone();
        let mut socket = system.owner.live().await;
        let act = async |what: What| {
            system
                .sim
                .customer_writes(&channel.account, &phone, Write::from(what))
                .await
                .unwrap()
        };

        act(What::Edit {
            message: first.clone(),
            text: "I want two mugs".to_owned(),
        })
        .await;
        socket
            .event("message.updated", |frame| {
                frame["message"]["content"]["text"] == "I want two mugs"
            })
            .await;
        let answer = system.owner.replies(contact, "They are on their way.").await["id"].clone();
        let on_phone = system
            .sim
            .wait_received(&channel.account, &phone, crate::support::DEADLINE, |m| {
                m.text() == "They are on their way."
            })
            .await
            .unwrap();
        socket
            .wait("sent", |frame| {
                frame["message"]["id"] == answer && frame["message"]["status"] == "sent"
            })
            .await;
        act(What::Reaction {
            message: on_phone.id,
            emoji: Some("❤️".to_owned()),
        })
        .await;
        let liked = socket
            .event("message.updated", |frame| {
                frame["message"]["id"] == answer && frame["message"]["reactions"][0].is_object()
            })
            .await;
        assert_eq!(
            liked["message"]["reactions"][0],
            json!({ "emoji": "❤️", "from": "contact" })
        );
        act(What::Delete { message: first }).await;
        socket
            .event("message.updated", |frame| frame["message"]["deleted_at"].is_i64())
            .await;
    });
}
