//! The bridge of a custom channel, the control API and what survives a restart.

use std::time::Duration;

use crate::support::{Business, Running, SOON, start, start_with};
use ism_simulator::{Bridge, NewPhone, Options, Write};
use serde_json::{Value, json};

async fn connected() -> (Running, Business, String) {
    let (on, business) = (start().await, Business::start().await);
    let bridge = Bridge {
        bridge: "shop".to_owned(),
        channel_id: "k3j9c0wq71xz".to_owned(),
        token: "EAAG-test".to_owned(),
        webhook_url: business.url.clone(),
        ..Bridge::default()
    };
    on.sim.register_bridge(bridge).await.unwrap();
    on.sim
        .set_knobs("custom:shop", |k| k.status_delay_ms = 5)
        .await
        .unwrap();
    let phone = NewPhone {
        phone: Some("60123456789".to_owned()),
        ..NewPhone::named("Mia", "Okafor")
    };
    let phone = on.sim.add_phone(phone).await.unwrap();
    (on, business, phone.id)
}

#[tokio::test]
async fn messages_and_statuses_of_a_bridge() {
    let (on, business, phone) = connected().await;
    on.sim
        .customer_writes("custom:shop", &phone, Write::text("Hi"))
        .await
        .unwrap();
    let hook = business.wait(1).await.remove(0);
    assert_eq!(hook.headers["authorization"], "Bearer EAAG-test");
    assert_eq!(
        (&hook.body["channelId"], &hook.body["contactId"]),
        (&json!("k3j9c0wq71xz"), &json!("+60123456789"))
    );
    assert_eq!(hook.body["events"][0]["message"], json!({"type": "text", "text": "Hi"}));
    assert_eq!(hook.body["contact"]["firstName"], "Mia");

    let body = json!({"channelId": "k3j9c0wq71xz", "contactId": "+60123456789",
        "message": {"type": "quick_reply", "title": "Size?", "replies": ["S", "M"]}});
    let (status, answer) = on.post("/custom/shop/message", body).await;
    assert_eq!(status, 200, "{answer}");
    let delivered = business
        .wait_until(|b| b["events"][0]["status"]["value"] == "delivered")
        .await;
    assert_eq!(delivered.body["events"][0]["mId"], answer["mId"]);
    let got = on
        .sim
        .wait_received("custom:shop", &phone, SOON, |m| m.text() == "Size?")
        .await
        .unwrap();
    assert_eq!(got.buttons.len(), 2);

    let (status, refused) = on
        .post(
            "/custom/shop/message",
            json!({"contactId": "+60123456789", "message": {"type": "poll"}}),
        )
        .await;
    assert_eq!(status, 400);
    assert!(refused["error"]["message"].as_str().unwrap().contains("not supported"));
    assert_eq!(on.post("/custom/other/message", json!({})).await.0, 404);
    let unauthorised = on
        .http
        .post(format!("{}/custom/shop/message", on.url))
        .bearer_auth("wrong")
        .json(&json!({}))
        .send();
    assert_eq!(unauthorised.await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_control_api_does_what_the_handle_does() {
    let (on, business, phone) = connected().await;
    let chat = format!("/sim/api/chats/custom:shop/{phone}");
    let (status, written) = on
        .post(&format!("{chat}/write"), json!({"kind": "media", "media": "document"}))
        .await;
    assert_eq!(status, 200, "{written}");
    let attachment = business.wait(1).await[0].body["events"][0]["message"]["attachment"].clone();
    let file = on.http.get(attachment["url"].as_str().unwrap()).send().await.unwrap();
    assert!(file.bytes().await.unwrap().starts_with(b"%PDF-"));

    let knobs = "/sim/api/accounts/custom:shop/knobs";
    let put = |body: Value| on.http.put(format!("{}{knobs}", on.url)).json(&body).send();
    assert_eq!(put(json!({"delay_ms": 30})).await.unwrap().status(), 200);
    assert_eq!(
        put(json!({"delay": 30})).await.unwrap().status(),
        400,
        "a wrong name is not ignored"
    );
    let (_, now) = on.get(knobs).await;
    assert_eq!((&now["delay_ms"], &now["status_delay_ms"]), (&json!(30), &json!(5)));

    assert_eq!(
        on.post(&format!("{chat}/write"), json!({"kind": "teleport"})).await.0,
        400
    );
    assert_eq!(
        on.post("/sim/api/chats/custom:shop/nobody/write", json!({"kind": "block"}))
            .await
            .0,
        404
    );
    let (_, log) = on.get("/sim/api/log").await;
    assert!(!log.to_string().contains("EAAG-test"));
    let foreign = on
        .http
        .post(format!("{}/sim/api/reset", on.url))
        .header("origin", "https://elsewhere.test")
        .send();
    assert_eq!(foreign.await.unwrap().status(), 403);
    on.post("/sim/api/reset", json!({})).await;
    assert_eq!(on.get("/sim/api/accounts").await.1, json!({"accounts": []}));
}

#[tokio::test]
async fn chats_and_files_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = Some(folder.path().join("simulator.json"));
    let options = || Options {
        state_file: state_file.clone(),
        retry_base: Duration::from_millis(20),
        ..Options::default()
    };
    let token = "7000000001:SIMULATED_abcdefghijklmnopqrstuvwxyz";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sim = ism_simulator::Simulator::new(options()).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(ism_simulator::serve_with(listener, sim.clone(), async {
        let _ = stopped.await;
    }));
    let bot = ism_simulator::Bot {
        token: token.to_owned(),
        ..ism_simulator::Bot::default()
    };
    let key = sim.register_bot(bot).await.unwrap();
    let phone = sim.add_phone(NewPhone::default()).await.unwrap();
    let sample = Write::sample(ism_simulator::world::MediaKind::Image, Some("kept"));
    let said = sim.customer_writes(&key, &phone.id, sample).await.unwrap().remove(0);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();

    let on = start_with(options()).await;
    let kept = on.sim.messages(&key, &phone.id).await.remove(0);
    assert_eq!((kept.text(), kept.seq), ("kept", said.seq));
    let ism_simulator::world::Content::Media { file, size, .. } = kept.content else {
        panic!("a photo")
    };
    let bytes = on
        .http
        .get(format!("{}/sim/files/{file}/photo.jpg", on.url))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes.len(), size);
    let again = on
        .sim
        .customer_writes(&key, &phone.id, Write::text("more"))
        .await
        .unwrap()
        .remove(0);
    assert!(again.seq > said.seq, "numbers go on");
}
