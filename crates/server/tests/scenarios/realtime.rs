//! Sockets never lose: cut in the middle of traffic, resumed from anywhere, told to reload when that is quicker.

use crate::support::{Channel, System, on_each_database, wait_for};
use crate::wire;
use serde_json::json;
use std::time::Duration;

/// Stores texts of one customer through a bridge, in one request.
async fn write_many(system: &System, bridge: &Channel, customer: &str, numbers: std::ops::Range<u32>) {
    let events = numbers
        .map(|number| wire::custom_text(&format!("{customer}-{number}"), &format!("text {number}")))
        .collect();
    let body = wire::custom(&json!(bridge.public_id), customer, events).to_string();
    let bearer = format!("Bearer {}", bridge.secret);
    let url = format!("{}/custom/channel/webhook/", system.url);
    system.deliver(&url, &[("authorization", &bearer)], body).await.ok();
}

async fn head(system: &System) -> i64 {
    system.owner.get("").await.ok()["seq"].as_i64().unwrap()
}

#[test]
fn a_socket_that_is_cut_in_the_middle_of_traffic_resumes_without_a_gap() {
    on_each_database(|system| async move {
        let bridge = system.connect("custom_channel").await;
        let traffic = async {
            for round in 0..30 {
                write_many(
                    &system,
                    &bridge,
                    &format!("customer-{}", round % 7),
                    round * 5..round * 5 + 5,
                )
                .await;
            }
        };
        let watching = async {
            let mut seq = 0;
            // Cut after every eleventh frame, without a word.
            for _ in 0..12 {
                let mut socket = system.owner.socket(seq).await;
                for _ in 0..11 {
                    match tokio::time::timeout(Duration::from_secs(5), socket.next()).await {
                        Ok(Some(_)) => seq = socket.seq,
                        _ => break,
                    }
                }
            }
            seq
        };
        let ((), seq) = tokio::join!(traffic, watching);
        let head = head(&system).await;
        assert!(seq > 0 && head > 150);
        let mut socket = system.owner.socket(seq).await;
        let caught_up = socket.wait("caught up", |frame| frame["type"] == "caught_up").await;
        assert_eq!((socket.seq, &caught_up["seq"]), (head, &json!(head)));

        // From any number, the same events in the same order.
        let mut whole = system.owner.socket(0).await;
        whole.wait("caught up", |frame| frame["type"] == "caught_up").await;
        let kinds = |frames: &[serde_json::Value]| -> Vec<(i64, String)> {
            let events = frames.iter().filter(|frame| frame["type"] == "event");
            events
                .map(|frame| (frame["seq"].as_i64().unwrap(), frame["event"]["kind"].to_string()))
                .collect()
        };
        let all = kinds(&whole.frames);
        assert_eq!(all.len() as i64, head);
        for from in (0..=head).step_by(13) {
            let mut socket = system.owner.socket(from).await;
            socket.wait("caught up", |frame| frame["type"] == "caught_up").await;
            assert_eq!(kinds(&socket.frames), all[from as usize..], "from {from}");
        }
    });
}

#[test]
fn a_socket_that_is_too_far_behind_is_told_to_reload() {
    on_each_database(|system| async move {
        let bridge = system.connect("custom_channel").await;
        for round in 0..5 {
            write_many(&system, &bridge, "customer", round * 420..(round + 1) * 420).await;
        }
        let head = head(&system).await;
        assert!(head > 2_100, "{head}");
        for (from, told) in [
            (head - 2_001, "reload"),
            (head - 2_000, "event"),
            (head, "caught_up"),
            // From the future: the log was restored from a copy.
            (head + 1, "reload"),
            (0, "reload"),
        ] {
            let mut socket = system.owner.socket(from).await;
            let first = socket.wait("an answer", |frame| frame["type"] != "presence").await;
            assert_eq!(first["type"], told, "from {from}: {first}");
            if told == "reload" {
                assert_eq!(first["seq"], head);
            }
            socket.wait("caught up", |frame| frame["type"] == "caught_up").await;
            assert_eq!(socket.seq, head, "from {from}");
        }
        // It goes on from there.
        let mut socket = system.owner.socket(0).await;
        socket.wait("caught up", |frame| frame["type"] == "caught_up").await;
        write_many(&system, &bridge, "customer", 90_000..90_001).await;
        socket
            .event("message.received", |frame| {
                frame["message"]["content"]["text"] == "text 90000"
            })
            .await;
        assert_eq!(socket.seq, head + 1);
    });
}

#[test]
fn typing_and_presence_reach_the_others() {
    on_each_database(|system| async move {
        let bridge = system.connect("custom_channel").await;
        write_many(&system, &bridge, "customer", 0..1).await;
        let contact = system.contact_who_said("text 0").await["id"].clone();
        let ana = system.colleague("Ana", "agent").await;
        let mut watching = system.owner.live().await;
        let mut typing = ana.live().await;
        watching
            .wait("both online", |frame| {
                frame["type"] == "presence"
                    && frame["online"]
                        .as_array()
                        .is_some_and(|online| online.contains(&json!(ana.user)))
            })
            .await;
        typing.say(&json!({ "type": "typing", "contact_id": contact })).await;
        let told = watching.wait("typing", |frame| frame["type"] == "typing").await;
        assert_eq!((&told["contact_id"], &told["user_id"]), (&contact, &json!(ana.user)));
        typing.say(&json!({ "type": "ping" })).await;
        typing.wait("pong", |frame| frame["type"] == "pong").await;
        // Nonsense is not held against anybody.
        typing.say(&json!({ "type": "dance" })).await;
        drop(typing);
        wait_for("Ana to be offline", async || {
            let users = system.owner.get("/users").await.ok();
            let ana = users
                .as_array()
                .unwrap()
                .iter()
                .find(|user| user["id"] == ana.user)?
                .clone();
            (ana["online"] == false).then_some(())
        })
        .await;
    });
}

#[test]
fn every_kind_of_change_reaches_the_others_sockets() {
    on_each_database(|system| async move {
        let bridge = system.connect("custom_channel").await;
        write_many(&system, &bridge, "customer", 0..1).await;
        let contact = system.contact_who_said("text 0").await["id"].as_i64().unwrap();
        let ana = system.colleague("Ana", "agent").await;
        let mut socket = system.owner.live().await;
        let at = |what: &str| format!("/contacts/{contact}/{what}");
        ana.post(&at("assignee"), &json!({ "user_id": ana.user })).await.ok();
        ana.post(&at("read"), &json!({})).await.ok();
        ana.post(&at("unread"), &json!({})).await.ok();
        let comment = format!("{{{{@user.{}}}}} could you look at this?", system.owner.user);
        ana.post(
            &at("comments"),
            &json!({ "client_id": crate::people::client_id(), "text": comment }),
        )
        .await
        .ok();
        let until = (wire::now() + 3600) * 1_000_000;
        ana.post(&at("snooze"), &json!({ "until": until })).await.ok();
        ana.post(&at("unsnooze"), &json!({})).await.ok();
        ana.patch(
            &format!("/contacts/{contact}"),
            &json!({ "first_name": "Amelia", "email": "amelia@example.com" }),
        )
        .await
        .ok();
        ana.post(&at("close"), &json!({ "summary": "Answered" })).await.ok();
        ana.post(&at("open"), &json!({})).await.ok();
        for kind in [
            "contact.assignee.updated",
            "contact.read",
            "contact.unread",
            "conversation.snoozed",
            "conversation.unsnoozed",
            "contact.updated",
            "conversation.closed",
            "conversation.opened",
        ] {
            let frame = socket
                .event(kind, |frame| frame["event"]["actor"]["id"] == ana.user)
                .await;
            assert_eq!(frame["event"]["contact_id"], contact, "{frame}");
            assert!(frame["contact"].is_object(), "{kind} carries the contact: {frame}");
        }
        let comment = socket.event("comment.created", |_| true).await;
        assert_eq!(comment["comment"]["mentions"], json!([system.owner.user]), "{comment}");
        let shown = ana.get(&format!("/contacts/{contact}/timeline")).await.ok();
        let kinds: Vec<&str> = shown["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item["event"]["kind"].as_str())
            .collect();
        for kind in [
            "contact.created",
            "conversation.opened",
            "contact.assignee.updated",
            "conversation.snoozed",
            "conversation.closed",
        ] {
            assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
        }
    });
}
