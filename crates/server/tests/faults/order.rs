//! Webhooks that come several times, at the same time, late and in the wrong order.

use crate::database::on_each;
use crate::people::Browser;
use crate::program::{Town, webhook};
use crate::support::{APP_SECRET, wait_for};
use crate::traffic::{Rig, rounds};
use crate::wire;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Request = (String, Vec<(&'static str, String)>, String);

async fn post(browser: &Browser, (url, headers, body): Request) -> u16 {
    let mut request = browser
        .http
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status().as_u16()
}

/// Sends all of them over so many connections at once; every answer must be good.
async fn deliver(browser: &Browser, requests: Vec<Request>, at_once: usize) {
    let mut answers = futures::stream::iter(requests)
        .map(|request| post(browser, request))
        .buffer_unordered(at_once);
    while let Some(status) = answers.next().await {
        assert_eq!(status, 200);
    }
}

/// As a deck of cards; the seed is in the test's output through the port.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for at in (1..items.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, usize::try_from(seed >> 33).unwrap() % (at + 1));
    }
}

fn whatsapp(town: &Town, key: &str, phone: &str, items: Value) -> Request {
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "304400000000011", "changes": [{
        "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100", "phone_number_id": "204400000000011" },
            "contacts": [{ "profile": { "name": "Wei Zhang" }, "wa_id": phone }],
            key: items,
        },
    }]}]})
    .to_string();
    let signature = wire::meta_signature(APP_SECRET, body.as_bytes());
    (town.whatsapp.0.clone(), vec![("x-hub-signature-256", signature)], body)
}

#[test]
fn webhooks_delivered_up_to_five_times_in_any_order_are_stored_once() {
    on_each(async |place| {
        let messages = rounds(1) * 300;
        let mut rig = Rig::start(place).await;
        let mut requests = Vec::new();
        for number in 1..=messages {
            for _ in 0..1 + number % 5 {
                requests.push(webhook(&rig.town, number));
            }
            let text = format!("n{number}");
            let mut known = rig.known.lock().unwrap();
            known.tried.insert(text.clone());
            known.webhooks.insert(text);
        }
        shuffle(&mut requests, rig.server.port.into());
        let sent = requests.len();
        deliver(&rig.browser, requests, 32).await;
        println!("{messages} messages in {sent} webhooks; {}", rig.settle().await);
    });
}

#[test]
fn fifty_messages_of_a_new_contact_make_one_contact_with_one_conversation() {
    on_each(async |place| {
        let rounds = rounds(4);
        let mut rig = Rig::start(place).await;
        for round in 0..rounds {
            let phone = format!("44770088{round:04}");
            let requests = (0..50)
                .map(|number| {
                    let text = format!("r{round} {number}");
                    let mut known = rig.known.lock().unwrap();
                    known.tried.insert(text.clone());
                    known.webhooks.insert(text.clone());
                    let message = wire::whatsapp_text(&phone, &format!("wamid.{round}.{number}"), &text);
                    whatsapp(&rig.town, "messages", &phone, json!([message]))
                })
                .collect();
            deliver(&rig.browser, requests, 16).await;
            let list = rig.agents[0].get("/inbox?inbox=all&status=all&limit=100").await.ok();
            let contacts = list["items"].as_array().unwrap();
            assert_eq!(contacts.len(), usize::try_from(round + 1).unwrap(), "{list}");
            let newest = &contacts[0];
            let timeline = format!("/contacts/{}/timeline?limit=200", newest["id"]);
            let page = rig.agents[0].get(&timeline).await.ok();
            let items = page["items"].as_array().unwrap();
            let of = |kind: &str| items.iter().filter(|item| item["type"] == kind).count();
            assert_eq!(of("message"), 50, "{page}");
            let conversations: BTreeSet<String> = items
                .iter()
                .filter(|item| item["type"] == "message")
                .map(|item| item["message"]["conversation_id"].to_string())
                .collect();
            assert_eq!(conversations.len(), 1, "{conversations:?}");
        }
        println!(
            "{rounds} contacts of 50 messages over 16 connections; {}",
            rig.settle().await
        );
    });
}

#[test]
fn statuses_in_any_order_and_before_their_message_never_move_it_backwards() {
    on_each(async |place| {
        let messages = rounds(1) * 20;
        let mut rig = Rig::start(place).await;
        let phone = "447700990001";
        let hello = wire::whatsapp_text(phone, "wamid.hello", "hello");
        {
            let mut known = rig.known.lock().unwrap();
            known.tried.insert("hello".to_owned());
            known.webhooks.insert("hello".to_owned());
        }
        let hello = whatsapp(&rig.town, "messages", phone, json!([hello]));
        deliver(&rig.browser, vec![hello], 1).await;
        let agent = rig.agents[0].clone();
        let contact = agent.get("/inbox?inbox=all&status=all").await.ok()["items"][0]["id"]
            .as_i64()
            .unwrap();
        let account = "whatsapp:204400000000011";
        // The provider tells us `sent`, and waits for our answer, before it answers the call that sends; and it tells
        // nothing more by itself.
        rig.sim
            .set_knobs(account, |knobs| {
                knobs.status_before_answer = true;
                knobs.create_unknown = true;
                knobs.auto_delivered = false;
            })
            .await
            .unwrap();
        for number in 0..messages {
            agent.replies(contact, &format!("answer {number}")).await;
        }
        let timeline = format!("/contacts/{contact}/timeline?limit=200");
        let outgoing = async || {
            let page = agent.get(&timeline).await.ok();
            let items = page["items"].as_array().unwrap().clone();
            let messages = items
                .into_iter()
                .filter(|item| item["message"]["direction"] == "outgoing");
            messages.map(|item| item["message"].clone()).collect::<Vec<_>>()
        };
        wait_for("all to be sent", async || {
            let all = outgoing().await;
            all.iter().all(|message| message["status"] == "sent").then_some(())
        })
        .await;
        let store = crate::traffic::open(&rig.server.place).await;
        let externals: Vec<String> = store
            .read(ism_store::NO_WORKSPACE, |tx| {
                let sql = "SELECT external_id FROM message WHERE direction = 'outgoing'";
                tx.rows(sql, &[])?
                    .iter_mut()
                    .map(ism_store::Row::take)
                    .collect::<Result<_, ism_store::Error>>()
            })
            .await
            .unwrap();
        drop(store);
        // Read, delivered and sent, shuffled together and each twice.
        let mut statuses = Vec::new();
        for external in &externals {
            for status in ["read", "delivered", "sent", "read", "delivered", "sent"] {
                let item = json!({ "id": external, "status": status, "timestamp": wire::now().to_string(), "recipient_id": phone });
                statuses.push(whatsapp(&rig.town, "statuses", phone, json!([item])));
            }
        }
        shuffle(&mut statuses, rig.server.port.into());
        deliver(&rig.browser, statuses, 16).await;
        let all = outgoing().await;
        assert_eq!(all.len(), usize::try_from(messages).unwrap());
        assert!(all.iter().all(|message| message["status"] == "read"), "{all:#?}");
        println!(
            "{messages} messages, {} statuses; {}",
            externals.len() * 6,
            rig.settle().await
        );
    });
}
