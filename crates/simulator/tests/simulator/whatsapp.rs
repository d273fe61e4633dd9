//! WhatsApp: what a business sees over HTTP.

use crate::support::{Business, Running, SOON, start};
use hmac::{Hmac, KeyInit, Mac};
use ism_simulator::world::MediaKind;
use ism_simulator::{FailNext, Failure, NewPhone, What, WhatsappAccount, Write};
use serde_json::{Value, json};

const NUMBER: &str = "whatsapp:204400000000011";
const WABA: &str = "309900000000021";
const MESSAGES: &str = "/whatsapp/v26.0/204400000000011/messages";
const SECRET: &str = "omni-app-secret-0001";

async fn connected() -> (Running, Business, String) {
    let (on, business) = (start().await, Business::start().await);
    let account = WhatsappAccount {
        phone_number_id: "204400000000011".to_owned(),
        waba_id: WABA.to_owned(),
        app_secret: Some(SECRET.to_owned()),
        verify_token: Some("right-token".to_owned()),
        webhook_url: Some(business.url.clone()),
        ..WhatsappAccount::default()
    };
    assert_eq!(on.sim.register_whatsapp(account).await.unwrap(), NUMBER);
    on.sim.set_knobs(NUMBER, |k| k.status_delay_ms = 5).await.unwrap();
    let phone = NewPhone {
        phone: Some("447700900123".to_owned()),
        ..NewPhone::named("Priya", "Nair")
    };
    let phone = on.sim.add_phone(phone).await.unwrap();
    (on, business, phone.id)
}

fn text(to: &str, body: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}, "biz_opaque_callback_data": "msg:1"})
}

/// The first status or message of each change, in order.
fn items(business: &Business, key: &str) -> Vec<Value> {
    let entries = |body: Value| body["entry"].as_array().cloned().unwrap_or_default();
    let changes = business
        .bodies()
        .into_iter()
        .flat_map(entries)
        .map(|e| e["changes"][0]["value"].clone());
    changes.filter_map(|value| value[key].get(0).cloned()).collect()
}

fn statuses(business: &Business) -> Vec<String> {
    items(business, "statuses")
        .iter()
        .map(|s| s["status"].as_str().unwrap().to_owned())
        .collect()
}

fn has_status(body: &Value, wanted: &str) -> bool {
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["status"] == wanted
}

#[tokio::test]
async fn webhooks_are_signed_over_their_raw_bytes() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("café 😀 a/b"))
        .await
        .unwrap();
    let hook = business.wait(1).await.remove(0);
    assert!(hook.raw.is_ascii(), "Meta escapes everything else");
    let raw = String::from_utf8(hook.raw.to_vec()).unwrap();
    assert!(raw.contains(r"caf\u00e9 \ud83d\ude00 a\/b"), "{raw}");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&hook.raw);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(hook.headers["x-hub-signature-256"].to_str().unwrap(), expected);

    let value = &hook.body["entry"][0]["changes"][0]["value"];
    assert_eq!(value["metadata"]["phone_number_id"], "204400000000011");
    assert_eq!(value["contacts"][0]["wa_id"], "447700900123");
    assert_eq!(value["messages"][0]["text"]["body"], "café 😀 a/b");
}

#[tokio::test]
async fn a_message_in_the_window_is_sent_delivered_and_read() {
    let (on, business, phone) = connected().await;
    on.sim.set_knobs(NUMBER, |k| k.auto_read = true).await.unwrap();
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("hello"))
        .await
        .unwrap();
    let (status, answer) = on.post(MESSAGES, text("+44 7700 900123", "Hello *Priya*")).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["messages"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("wamid."));
    assert_eq!(answer["contacts"][0]["wa_id"], "447700900123");
    business.wait_until(|b| has_status(b, "read")).await;
    assert_eq!(statuses(&business), ["sent", "delivered", "read"]);
    for status in items(&business, "statuses") {
        assert_eq!(
            (status["id"].as_str(), &status["biz_opaque_callback_data"]),
            (Some(id), &json!("msg:1"))
        );
    }
}

#[tokio::test]
async fn outside_the_window_only_templates_arrive() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("hello"))
        .await
        .unwrap();
    on.sim.set_window(NUMBER, &phone, false).await;
    assert_eq!(
        on.post(MESSAGES, text("447700900123", "too late")).await.0,
        200,
        "refused only later"
    );
    business.wait_until(|b| has_status(b, "failed")).await;
    assert_eq!(items(&business, "statuses")[0]["errors"][0]["code"], 131_047);

    let template = |components: Value| {
        json!({"messaging_product": "whatsapp", "to": "447700900123", "type": "template",
            "template": {"name": "order_update", "language": {"code": "en_GB"}, "components": components}})
    };
    let parameter = |text: &str| json!({"type": "text", "text": text});
    let complete = json!([
        {"type": "header", "parameters": [parameter("88")]},
        {"type": "body", "parameters": [parameter("Priya"), parameter("Friday")]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [parameter("88")]},
    ]);
    let (status, answer) = on.post(MESSAGES, template(complete)).await;
    assert_eq!(
        (status, &answer["messages"][0]["message_status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    let got = on
        .sim
        .wait_received(NUMBER, &phone, SOON, |m| m.text().starts_with("Hi Priya"))
        .await
        .unwrap();
    assert_eq!(got.text(), "Hi Priya, your parcel leaves on Friday.");
    business.wait_until(|b| has_status(b, "delivered")).await;

    let (_, short) = on
        .post(
            MESSAGES,
            template(json!([{"type": "body", "parameters": [parameter("x")]}])),
        )
        .await;
    assert_eq!(short["error"]["code"], 132_000);
    let mut other = template(json!([]));
    other["template"]["language"]["code"] = json!("en");
    assert_eq!(on.post(MESSAGES, other).await.1["error"]["code"], 132_001);
}

#[tokio::test]
async fn numbers_nobody_has_fail_later_and_ids_in_the_wrong_field_are_lost() {
    let (on, business, _phone) = connected().await;
    assert_eq!(on.post(MESSAGES, text("4915112345678", "anyone?")).await.0, 200);
    business.wait_until(|b| has_status(b, "failed")).await;
    assert_eq!(items(&business, "statuses")[0]["errors"][0]["code"], 131_026);
    assert_eq!(on.post(MESSAGES, text("GB.70012345678901234567", "lost")).await.0, 200);
    assert_eq!(statuses(&business), ["failed"]);
}

#[tokio::test]
async fn a_status_can_come_before_the_answer() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("hello"))
        .await
        .unwrap();
    business.wait(1).await;
    on.sim
        .set_knobs(NUMBER, |k| (k.status_before_answer, k.auto_delivered) = (true, false))
        .await
        .unwrap();
    let (_, answer) = on.post(MESSAGES, text("447700900123", "fast")).await;
    assert_eq!(
        items(&business, "statuses")[0]["id"],
        answer["messages"][0]["id"],
        "it was there when the call returned"
    );
}

#[tokio::test]
async fn many_events_share_a_request_when_asked() {
    let (on, business, phone) = connected().await;
    on.sim.set_knobs(NUMBER, |k| k.batch = 50).await.unwrap();
    on.sim
        .customer_writes(
            NUMBER,
            &phone,
            What::Album {
                count: 10,
                caption: None,
            },
        )
        .await
        .unwrap();
    let hook = business.wait(1).await.remove(0);
    assert_eq!(hook.body["entry"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn reordering_sends_the_last_first() {
    let (on, business, phone) = connected().await;
    on.sim.set_knobs(NUMBER, |k| k.reorder = true).await.unwrap();
    for word in ["one", "two", "three"] {
        on.sim.customer_writes(NUMBER, &phone, Write::text(word)).await.unwrap();
    }
    business.wait(3).await;
    let words: Vec<Value> = items(&business, "messages")
        .iter()
        .map(|m| m["text"]["body"].clone())
        .collect();
    assert_eq!(words, ["three", "two", "one"]);
}

#[tokio::test]
async fn a_refused_webhook_steps_aside_and_comes_again() {
    let (on, business, phone) = connected().await;
    business.answer_next(&[500]);
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("one"))
        .await
        .unwrap();
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("two"))
        .await
        .unwrap();
    business.wait(3).await;
    let words: Vec<Value> = items(&business, "messages")
        .iter()
        .map(|m| m["text"]["body"].clone())
        .collect();
    assert_eq!(words.iter().filter(|w| *w == "one").count(), 2, "{words:?}");
    assert_eq!(words.iter().filter(|w| *w == "two").count(), 1, "{words:?}");
}

#[tokio::test]
async fn bodies_are_checked_as_meta_checks_them() {
    let (on, _business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("hello"))
        .await
        .unwrap();
    let message = |kind: &str, part: Value| {
        let mut body = json!({"messaging_product": "whatsapp", "to": "447700900123", "type": kind});
        body[kind] = part;
        body
    };
    let reply = |n: usize, title: &str| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": format!("{title}{n}")}});
    let buttons = |n: usize, title: &str| {
        let buttons: Vec<Value> = (0..n).map(|n| reply(n, title)).collect();
        message(
            "interactive",
            json!({"type": "button", "body": {"text": "What next?"}, "action": {"buttons": buttons}}),
        )
    };
    for (body, code) in [
        (
            json!({"to": "447700900123", "type": "text", "text": {"body": "x"}}),
            100,
        ),
        (message("text", json!({"body": ""})), 131_008),
        (message("text", json!({"body": "x".repeat(4_097)})), 100),
        (buttons(4, "B"), 100),
        (buttons(1, &"B".repeat(20)), 100),
        (message("image", json!({"id": "123"})), 131_009),
        (
            message("audio", json!({"link": "https://a.test/a.mp3", "caption": "no"})),
            100,
        ),
        (message("location", json!({"latitude": 200, "longitude": 0})), 131_009),
        (message("poll", json!({})), 100),
        (
            message("template", json!({"name": "old_offer", "language": {"code": "en"}})),
            132_015,
        ),
    ] {
        let (status, answer) = on.post(MESSAGES, body.clone()).await;
        assert!(status >= 400, "{body}");
        assert_eq!(answer["error"]["code"], code, "{body} -> {answer}");
        assert!(answer["error"]["fbtrace_id"].is_string());
    }
    assert_eq!(on.post(MESSAGES, buttons(3, "B")).await.0, 200);
    let received = on.sim.received(NUMBER, &phone).await;
    assert_eq!(received.len(), 1);
    let press = What::Press {
        message: Some(received[0].id.clone()),
        button: "b1".to_owned(),
    };
    on.sim.customer_writes(NUMBER, &phone, press).await.unwrap();
    let pressed = _business
        .wait_until(|b| b["entry"][0]["changes"][0]["value"]["messages"][0]["type"] == "interactive")
        .await;
    let pressed = &pressed.body["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(
        pressed["interactive"]["button_reply"],
        json!({"id": "b1", "title": "B1"})
    );
    assert_eq!(pressed["context"]["id"], json!(received[0].id));
    assert!(pressed.get("text").is_none());
}

#[tokio::test]
async fn media_is_uploaded_resolved_and_downloaded() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::sample(MediaKind::Voice, None))
        .await
        .unwrap();
    business.wait(1).await;
    let audio = items(&business, "messages")[0]["audio"].clone();
    assert_eq!(
        (&audio["voice"], &audio["mime_type"]),
        (&json!(true), &json!("audio/ogg; codecs=opus"))
    );
    let id = audio["id"].as_str().unwrap();
    let (_, media) = on
        .get(&format!("/whatsapp/v26.0/{id}?phone_number_id=204400000000011"))
        .await;
    let url = media["url"].as_str().unwrap();
    let fetch = |agent: bool, token: bool| {
        let mut request = on.http.get(url);
        if agent {
            request = request.header("user-agent", "test/1");
        }
        if token {
            request = request.bearer_auth("EAAG-test");
        }
        async move { request.send().await.unwrap() }
    };
    let bytes = fetch(true, true).await.bytes().await.unwrap();
    assert!(bytes.starts_with(b"OggS"));
    assert_eq!(fetch(true, false).await.status(), 401);
    assert_eq!(fetch(false, true).await.status(), 403);
    let (_, gone) = on
        .get("/whatsapp/v26.0/7999999999999?phone_number_id=204400000000011")
        .await;
    assert_eq!(
        gone["error"]["error_subcode"], 33,
        "an unknown media id does not become an account: {gone}"
    );

    let part = reqwest::multipart::Part::bytes(bytes.to_vec())
        .file_name("v.ogg")
        .mime_str("audio/ogg")
        .unwrap();
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", "audio/ogg")
        .part("file", part);
    let url = format!("{}/whatsapp/v26.0/204400000000011/media", on.url);
    let uploaded: Value = on
        .http
        .post(url)
        .bearer_auth("EAAG-test")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let body = json!({"messaging_product": "whatsapp", "to": "447700900123", "type": "audio", "audio": {"id": uploaded["id"]}});
    assert_eq!(on.post(MESSAGES, body).await.0, 200, "{uploaded}");
    business.wait_until(|b| has_status(b, "delivered")).await;
}

#[tokio::test]
async fn callbacks_are_verified_and_cannot_be_overridden_before_subscribing() {
    let on = start().await;
    let business = Business::start().await;
    let path = format!("/whatsapp/v26.0/{WABA}/subscribed_apps");
    let with = |token: &str| json!({"override_callback_uri": business.url, "verify_token": token});
    let (_, early) = on.post(&path, with("right-token")).await;
    assert_eq!(early["error"]["code"], 100);
    assert_eq!(on.post(&path, json!({})).await.1["success"], true);
    assert_eq!(on.post(&path, with("wrong")).await.1["error"]["code"], 2_200);
    assert_eq!(on.post(&path, with("right-token")).await.1["success"], true);
    let (_, apps) = on.get(&path).await;
    assert_eq!(apps["data"][0]["override_callback_uri"], json!(business.url));

    // The number the WABA got is the one the first call about a number takes over.
    let (_, numbers) = on.get(&format!("/whatsapp/v26.0/{WABA}/phone_numbers")).await;
    assert_eq!(numbers["data"].as_array().unwrap().len(), 1);
    on.get("/whatsapp/v26.0/204400000000099?fields=verified_name,display_phone_number")
        .await;
    let phone = on.sim.add_phone(NewPhone::default()).await.unwrap();
    on.sim
        .customer_writes("whatsapp:204400000000099", &phone.id, Write::text("hello"))
        .await
        .unwrap();
    assert_eq!(business.wait(1).await[0].body["entry"][0]["id"], WABA);
}

#[tokio::test]
async fn a_number_nobody_registered_can_be_connected_step_by_step() {
    let (on, business) = (start().await, Business::start().await);
    let (_, number) = on
        .get("/whatsapp/v26.0/204400000000077?fields=display_phone_number,verified_name,status")
        .await;
    assert!(number["display_phone_number"].is_string(), "{number}");
    let (_, waba) = on.get(&format!("/whatsapp/v26.0/{WABA}?fields=id,name")).await;
    assert!(waba["name"].is_string(), "{waba}");
    assert_eq!(
        on.post(&format!("/whatsapp/v26.0/{WABA}/subscribed_apps"), json!({}))
            .await
            .0,
        200
    );
    let point =
        json!({"webhook_configuration": {"override_callback_uri": business.url, "verify_token": "right-token"}});
    assert_eq!(on.post("/whatsapp/v26.0/204400000000077", point).await.0, 200);
    let accounts = on.sim.accounts().await;
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    let phone = on.sim.add_phone(NewPhone::default()).await.unwrap();
    on.sim
        .customer_writes("whatsapp:204400000000077", &phone.id, Write::text("hello"))
        .await
        .unwrap();
    assert_eq!(business.wait(1).await[0].body["entry"][0]["id"], WABA);
}

#[tokio::test]
async fn templates_are_paged() {
    let (on, _business, _phone) = connected().await;
    let path = format!("/whatsapp/v26.0/{WABA}/message_templates?limit=2&fields=name,language");
    let (_, mut page) = on.get(&path).await;
    let mut names = Vec::new();
    loop {
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t["name"].as_str().unwrap().to_owned()),
        );
        assert!(page["data"][0].get("components").is_none());
        let Some(next) = page["paging"]["next"].as_str() else {
            break;
        };
        page = on.get(next.strip_prefix(on.url.as_str()).unwrap()).await.1;
    }
    assert_eq!(
        names,
        [
            "hello_world",
            "order_update",
            "appointment_reminder",
            "spring_offer",
            "old_offer"
        ]
    );
}

#[tokio::test]
async fn edits_deletions_and_reactions_name_their_message() {
    let (on, business, phone) = connected().await;
    let said = on
        .sim
        .customer_writes(NUMBER, &phone, Write::text("teh blue one"))
        .await
        .unwrap()
        .remove(0);
    let id = said.id.clone();
    on.sim
        .customer_writes(
            NUMBER,
            &phone,
            What::Edit {
                message: id.clone(),
                text: "the blue one".to_owned(),
            },
        )
        .await
        .unwrap();
    on.sim
        .customer_writes(
            NUMBER,
            &phone,
            What::Reaction {
                message: id.clone(),
                emoji: Some("👍".to_owned()),
            },
        )
        .await
        .unwrap();
    on.sim
        .customer_writes(
            NUMBER,
            &phone,
            What::Reaction {
                message: id.clone(),
                emoji: None,
            },
        )
        .await
        .unwrap();
    on.sim
        .customer_writes(NUMBER, &phone, What::Delete { message: id.clone() })
        .await
        .unwrap();
    business.wait(5).await;
    let messages = items(&business, "messages");
    assert_eq!(messages[1]["edit"]["original_message_id"], json!(id));
    assert_eq!(messages[1]["edit"]["message"]["text"]["body"], "the blue one");
    assert_eq!(messages[2]["reaction"], json!({"message_id": id, "emoji": "👍"}));
    assert_eq!(messages[3]["reaction"], json!({"message_id": id}));
    assert_eq!(messages[4]["revoke"]["original_message_id"], json!(id));
}

#[tokio::test]
async fn failures_carry_metas_codes() {
    let (on, _business, phone) = connected().await;
    on.sim
        .customer_writes(NUMBER, &phone, Write::text("hello"))
        .await
        .unwrap();
    let fail = FailNext {
        n: 2,
        status: Failure::Status(400),
        retry_after: None,
        code: Some(131_056),
        method: None,
    };
    on.sim.set_knobs(NUMBER, |k| k.fail_next = Some(fail)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            on.post(MESSAGES, text("447700900123", "x")).await.1["error"]["code"],
            131_056
        );
    }
    assert_eq!(on.post(MESSAGES, text("447700900123", "x")).await.0, 200);
    let html = FailNext {
        n: 1,
        status: Failure::Html,
        retry_after: None,
        code: None,
        method: None,
    };
    on.sim.set_knobs(NUMBER, |k| k.fail_next = Some(html)).await.unwrap();
    let (status, body) = on.post(MESSAGES, text("447700900123", "y")).await;
    assert_eq!((status, body), (502, Value::Null));
    assert_eq!(on.sim.received(NUMBER, &phone).await.len(), 1);
}
