//! Telegram: what a bot sees over HTTP.

use crate::support::{Business, Running, SOON, start};
use ism_simulator::world::MediaKind;
use ism_simulator::{FailNext, Failure, NewPhone, What, Write};
use serde_json::{Value, json};

const TOKEN: &str = "7000000001:SIMULATED_abcdefghijklmnopqrstuvwxyz";
const BOT: &str = "telegram:7000000001";

async fn call(on: &Running, method: &str, body: Value) -> (u16, Value) {
    on.post(&format!("/telegram/bot{TOKEN}/{method}"), body).await
}

/// A bot with a webhook and one phone.
async fn connected() -> (Running, Business, String) {
    let (on, business) = (start().await, Business::start().await);
    let (status, _) = call(
        &on,
        "setWebhook",
        json!({"url": business.url, "secret_token": "s3cret_-X"}),
    )
    .await;
    assert_eq!(status, 200);
    let phone = on.sim.add_phone(NewPhone::named("Ana", "Reis")).await.unwrap();
    (on, business, phone.id)
}

async fn chat_id(on: &Running, phone: &str) -> i64 {
    on.sim
        .phones()
        .await
        .into_iter()
        .find(|p| p.id == phone)
        .unwrap()
        .telegram_id
}

#[tokio::test]
async fn a_message_reaches_the_webhook_and_the_answer_the_phone() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(BOT, &phone, Write::text("Is the blue one in stock?"))
        .await
        .unwrap();
    let hook = business.wait(1).await.remove(0);
    assert_eq!(hook.headers["x-telegram-bot-api-secret-token"], "s3cret_-X");
    let message = &hook.body["message"];
    assert_eq!(message["text"], "Is the blue one in stock?");
    assert_eq!(message["from"]["first_name"], "Ana");

    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "opt:1"}]]});
    let reply = json!({"message_id": message["message_id"]});
    let body = json!({"chat_id": message["chat"]["id"], "text": "<b>Yes</b> &amp; red", "parse_mode": "HTML",
        "reply_markup": keyboard, "reply_parameters": reply});
    let (status, answer) = call(&on, "sendMessage", body).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{answer}");
    assert_eq!(answer["result"]["text"], "Yes & red");
    assert_eq!(
        answer["result"]["entities"][0],
        json!({"type": "bold", "offset": 0, "length": 3})
    );
    assert_eq!(
        answer["result"]["reply_to_message"]["message_id"],
        message["message_id"]
    );

    let got = on
        .sim
        .wait_received(BOT, &phone, SOON, |m| m.text() == "Yes & red")
        .await
        .unwrap();
    let press = What::Press {
        message: Some(got.id),
        button: "Yes".to_owned(),
    };
    on.sim.customer_writes(BOT, &phone, press).await.unwrap();
    let query = business.wait_until(|b| b.get("callback_query").is_some()).await.body["callback_query"].clone();
    assert_eq!(query["data"], "opt:1");
    assert_eq!(query["message"]["message_id"], answer["result"]["message_id"]);
    let answered = json!({"callback_query_id": query["id"]});
    assert_eq!(call(&on, "answerCallbackQuery", answered.clone()).await.0, 200);
    let (status, again) = call(&on, "answerCallbackQuery", answered).await;
    assert_eq!(status, 400);
    assert!(again["description"].as_str().unwrap().contains("query is too old"));
}

#[tokio::test]
async fn refusals_are_worded_as_telegrams() {
    let (on, _business, phone) = connected().await;
    let chat = chat_id(&on, &phone).await;
    let send = |text: &str| json!({"chat_id": chat, "text": text});
    let (_, unknown) = call(&on, "sendMessage", send("hi")).await;
    assert_eq!(
        unknown["description"], "Bad Request: chat not found",
        "a bot cannot begin"
    );

    on.sim
        .customer_writes(
            BOT,
            &phone,
            What::Start {
                payload: Some("spring".to_owned()),
            },
        )
        .await
        .unwrap();
    assert_eq!(call(&on, "sendMessage", send("hi")).await.0, 200);
    for (body, description) in [
        (send("  "), "Bad Request: message text is empty"),
        (send(&"x".repeat(4_097)), "Bad Request: message is too long"),
        (
            json!({"chat_id": chat, "text": "<x>", "parse_mode": "HTML"}),
            "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0",
        ),
        (
            json!({"chat_id": chat, "text": "a", "reply_parameters": {"message_id": 999}}),
            "Bad Request: message to be replied not found",
        ),
    ] {
        let (status, answer) = call(&on, "sendMessage", body).await;
        assert_eq!((status, answer["description"].as_str().unwrap()), (400, description));
    }
    on.sim.customer_writes(BOT, &phone, What::Block).await.unwrap();
    let (status, blocked) = call(&on, "sendMessage", send("hi")).await;
    assert_eq!(
        (status, blocked["description"].as_str().unwrap()),
        (403, "Forbidden: bot was blocked by the user")
    );

    let wrong_secret = "/telegram/bot7000000001:SIMULATED_zyxwvutsrqponmlkjihgfedcba/getMe";
    assert_eq!(on.get(wrong_secret).await.0, 401);
    assert_eq!(on.get("/telegram/botnonsense/getMe").await.0, 404);
    let (status, _) = call(
        &on,
        "setWebhook",
        json!({"url": "http://a.test", "secret_token": "not ok!"}),
    )
    .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_refused_update_comes_again_and_holds_back_its_chat() {
    let (on, business, phone) = connected().await;
    business.answer_next(&[500, 503]);
    for text in ["one", "two", "three"] {
        on.sim.customer_writes(BOT, &phone, Write::text(text)).await.unwrap();
    }
    let texts: Vec<Value> = business
        .wait(5)
        .await
        .into_iter()
        .map(|h| h.body["message"]["text"].clone())
        .collect();
    assert_eq!(texts, ["one", "one", "one", "two", "three"]);
    let ids: Vec<i64> = business
        .bodies()
        .iter()
        .map(|b| b["update_id"].as_i64().unwrap())
        .collect();
    assert!(ids[0] == ids[2] && ids[2] < ids[3] && ids[3] < ids[4], "{ids:?}");
    let counters = on.sim.counters(BOT).await.unwrap();
    assert!(counters.webhook_retries >= 2);
}

#[tokio::test]
async fn updates_wait_until_a_webhook_is_set() {
    let (on, business) = (start().await, Business::start().await);
    assert_eq!(call(&on, "getMe", json!({})).await.1["result"]["is_bot"], true);
    let phone = on.sim.add_phone(NewPhone::default()).await.unwrap();
    on.sim
        .customer_writes(BOT, &phone.id, Write::text("early"))
        .await
        .unwrap();
    call(&on, "setWebhook", json!({"url": business.url})).await;
    assert_eq!(business.wait(1).await[0].body["message"]["text"], "early");
}

#[tokio::test]
async fn duplicates_are_the_same_update_twice() {
    let (on, business, phone) = connected().await;
    on.sim.set_knobs(BOT, |knobs| knobs.duplicate_rate = 1.0).await.unwrap();
    on.sim.customer_writes(BOT, &phone, Write::text("twice")).await.unwrap();
    let hooks = business.wait(2).await;
    assert_eq!(hooks[0].raw, hooks[1].raw);
}

#[tokio::test]
async fn failures_on_request_are_used_up() {
    let (on, _business, phone) = connected().await;
    on.sim.customer_writes(BOT, &phone, Write::text("hi")).await.unwrap();
    let chat = chat_id(&on, &phone).await;
    let body = json!({"chat_id": chat, "text": "hello"});
    let fail = |status, retry_after| FailNext {
        n: 1,
        status,
        retry_after,
        code: None,
        method: None,
    };

    on.sim
        .set_knobs(BOT, |k| k.fail_next = Some(fail(Failure::Status(429), Some(7))))
        .await
        .unwrap();
    assert_eq!(call(&on, "getMe", json!({})).await.0, 200, "only sends are meant");
    let (status, limited) = call(&on, "sendMessage", body.clone()).await;
    assert_eq!((status, limited["parameters"]["retry_after"].as_i64()), (429, Some(7)));
    assert_eq!(call(&on, "sendMessage", body.clone()).await.0, 200);

    on.sim
        .set_knobs(BOT, |k| k.fail_next = Some(fail(Failure::Half, None)))
        .await
        .unwrap();
    let url = format!("{}/telegram/bot{TOKEN}/sendMessage", on.url);
    let response = on.http.post(url).json(&body).send().await.unwrap();
    assert!(response.bytes().await.is_err(), "the answer breaks off");
    assert_eq!(
        on.sim.received(BOT, &phone).await.len(),
        2,
        "the message was taken all the same"
    );
    assert_eq!(on.sim.counters(BOT).await.unwrap().same_content, 1);
}

#[tokio::test]
async fn files_go_both_ways() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(BOT, &phone, Write::sample(MediaKind::Image, Some("broken lid")))
        .await
        .unwrap();
    let message = business.wait(1).await.remove(0).body["message"].clone();
    assert_eq!(message["caption"], "broken lid");
    let sizes = message["photo"].as_array().unwrap();
    let largest = sizes.last().unwrap();
    assert_eq!((&largest["width"], &largest["height"]), (&json!(640), &json!(480)));

    let (_, file) = call(&on, "getFile", json!({"file_id": largest["file_id"]})).await;
    let path = file["result"]["file_path"].as_str().unwrap();
    let url = format!("{}/telegram/file/bot{TOKEN}/{path}", on.url);
    let bytes = on.http.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len(), file["result"]["file_size"].as_u64().unwrap() as usize);

    let chat = message["chat"]["id"].to_string();
    let part = reqwest::multipart::Part::bytes(bytes.to_vec())
        .file_name("a.jpg")
        .mime_str("image/jpeg")
        .unwrap();
    let form = reqwest::multipart::Form::new()
        .text("chat_id", chat)
        .text("caption", "like this?")
        .part("photo", part);
    let url = format!("{}/telegram/bot{TOKEN}/sendPhoto", on.url);
    let sent: Value = on
        .http
        .post(url)
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(sent["result"]["caption"], "like this?", "{sent}");
    let (status, _) = call(
        &on,
        "sendPhoto",
        json!({"chat_id": message["chat"]["id"], "photo": "nonsense"}),
    )
    .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn an_album_is_many_updates_with_one_group() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes(
            BOT,
            &phone,
            What::Album {
                count: 10,
                caption: Some("all".to_owned()),
            },
        )
        .await
        .unwrap();
    let bodies: Vec<Value> = business.wait(10).await.into_iter().map(|h| h.body).collect();
    let group = &bodies[0]["message"]["media_group_id"];
    assert!(group.is_string() && bodies.iter().all(|b| b["message"]["media_group_id"] == *group));
    assert_eq!(bodies.iter().filter(|b| b["message"]["caption"].is_string()).count(), 1);
}
