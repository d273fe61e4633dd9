use super::CustomChannel;
use crate::adapter::{Adapter, Media, Outcome, Scope};
use crate::dialogue::{Call, Response};
use crate::testing::{
    NOW, SECRET, answer, body, channel, channel_of, file, outgoing, play, raw_answer, webhook, with_headers,
};
use crate::webhook::Rejection;
use ism_domain::content::{AttachmentKind, Content};
use ism_domain::inbound::Identity;
use ism_domain::message::FailureReason;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_bearer_token_decides() {
    let channel = channel_of("custom_channel");
    let verify = |value: &str| CustomChannel.verify(&channel, &with_headers(&[("authorization", value)], b"{}"));
    assert_eq!(verify(&format!("Bearer {SECRET}")), Ok(()));
    assert_eq!(verify(&format!("bearer  {SECRET}")), Ok(()));
    assert_eq!(
        verify(&format!("Bearer {}x", SECRET)),
        Err(Rejection::Wrong { status: 401 })
    );
    for shape in [SECRET, &format!("Basic {SECRET}"), ""] {
        assert_eq!(verify(shape), Err(Rejection::Missing), "{shape}");
    }
    assert_eq!(
        CustomChannel.verify(&channel, &with_headers(&[], b"{}")),
        Err(Rejection::Missing)
    );
}

#[test]
fn a_refusal_names_the_field() {
    let refused = |event: Value| {
        let body = json!({ "channelId": "k3j9c0wq71xz", "contactId": "+60123456789", "events": [event] });
        match CustomChannel.receive(&channel_of("custom_channel"), &webhook(&body), NOW) {
            Err(Rejection::Malformed(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    };
    let text = json!({ "type": "text", "text": "x" });
    assert!(refused(json!({ "type": "message", "timestamp": 1, "message": text })).contains("mId"));
    assert!(refused(json!({ "type": "message", "mId": "1", "message": text })).contains("timestamp"));
    assert!(refused(json!({ "mId": "1", "timestamp": 1, "message": text })).contains("events[].type"));
    assert!(
        refused(json!({ "type": "message", "mId": "1", "timestamp": 1, "message": { "type": "text" } }))
            .contains("message.text")
    );
    assert!(refused(json!({ "type": "message_status", "mId": "1", "timestamp": 1 })).contains("status.value"));
    assert!(refused(json!({ "type": "message", "mId": "1", "timestamp": 1.5, "message": text })).contains("timestamp"));
}

#[test]
fn custom_ids_are_free_of_surprises() {
    let custom = channel(json!({ "base_url": "https://x.example", "id_type": "custom" }));
    let receive = |id: Value| {
        let body = json!({ "channelId": "k3j9c0wq71xz", "contactId": id, "events": [] });
        CustomChannel.receive(&custom, &webhook(&body), NOW)
    };
    for id in [json!("user_42=+/@"), json!(42), json!("5f0c-11ee")] {
        assert!(receive(id.clone()).is_ok(), "{id}");
    }
    for id in [
        json!("a b"),
        json!("ä"),
        json!("x".repeat(51)),
        json!(""),
        json!(null),
        json!(["x"]),
    ] {
        assert!(matches!(receive(id.clone()), Err(Rejection::Malformed(_))), "{id}");
    }
}

fn send(content: Content, call: Call) -> (crate::Request, Outcome) {
    let message = outgoing("custom_channel", content);
    let (mut requests, outcome) = play(CustomChannel.send(&channel_of("custom_channel"), &message), vec![call]);
    (requests.remove(0), outcome)
}

fn taken() -> Call {
    answer(200, json!({ "mId": "ext-2" }))
}

#[test]
fn messages_go_to_the_base_url() {
    let (request, outcome) = send(Content::text("Hello Mia"), taken());
    assert_eq!(request.url, "https://bridge.example/k3/message");
    assert!(request.headers.contains(&("authorization", format!("Bearer {SECRET}"))));
    assert_eq!(request.timeout, Duration::from_secs(10));
    let expected = json!({ "channelId": "k3j9c0wq71xz", "contactId": "+60123456789", "message": { "type": "text", "text": "Hello Mia" } });
    assert_eq!(body(&request), expected);
    assert_eq!(
        outcome,
        Outcome::Sent {
            external_id: Some("ext-2".into()),
            aliases: vec![]
        }
    );
}

#[test]
fn each_content_has_its_form() {
    let said = |content: Content| body(&send(content, taken()).0)["message"].clone();
    assert_eq!(
        said(file(AttachmentKind::Image, "image/png", None)),
        json!({ "type": "attachment", "attachment": { "type": "image", "url": "https://chat.example/files/abc/mug.jpg", "mimeType": "image/png", "fileName": "mug.bin" } })
    );
    let content = |value: Value| serde_json::from_value::<Content>(value).unwrap();
    let same = [
        json!({ "type": "location", "latitude": 3.1, "longitude": 101.7, "address": "Jalan 1" }),
        json!({ "type": "quick_reply", "title": "Which?", "replies": ["A", "B"] }),
        json!({ "type": "custom_payload", "payload": { "x": [1] } }),
    ];
    for value in same {
        assert_eq!(said(content(value.clone())), value);
    }
    let mut homeless = outgoing("custom_channel", file(AttachmentKind::File, "application/pdf", None));
    homeless.attachment_url = None;
    let (requests, outcome) = play(CustomChannel.send(&channel_of("custom_channel"), &homeless), vec![]);
    assert!(requests.is_empty() && matches!(outcome, Outcome::Failed(_)));
}

#[test]
fn answers_mean_what_the_protocol_says() {
    let outcome = |call| send(Content::text("Hi"), call).1;
    for call in [answer(200, json!({})), raw_answer(200, b"OK"), raw_answer(204, b"")] {
        assert_eq!(
            outcome(call),
            Outcome::Sent {
                external_id: None,
                aliases: vec![]
            }
        );
    }
    assert_eq!(
        outcome(answer(200, json!({ "mId": 77 }))),
        Outcome::Sent {
            external_id: Some("77".into()),
            aliases: vec![]
        }
    );
    let failed = |call| match outcome(call) {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    };
    let failure = failed(answer(422, json!({ "error": { "message": "Unknown person" } })));
    assert_eq!(
        (failure.text.as_str(), failure.code.as_deref()),
        ("Unknown person", Some("422"))
    );
    assert_eq!(
        failed(raw_answer(500, "kaputt ".repeat(100).as_bytes()))
            .text
            .chars()
            .take(6)
            .collect::<String>(),
        "kaputt"
    );
    assert!(failed(raw_answer(500, b"<html><body>x")).text.contains("HTTP 500"));
    assert_eq!(failed(raw_answer(401, b"")).reason, FailureReason::ChannelDisconnected);
    assert!(matches!(
        outcome(Call::Broken("time out".into())),
        Outcome::Uncertain(_)
    ));
}

#[test]
fn a_busy_service_is_tried_again_when_it_says() {
    for (status, expected) in [(429, false), (503, true)] {
        let headers = vec![("retry-after".to_owned(), "9".to_owned())];
        let busy = Call::Answered(Response {
            status,
            headers,
            body: bytes::Bytes::new(),
        });
        let Outcome::Retry {
            after, scope, counts, ..
        } = send(Content::text("Hi"), busy).1
        else {
            panic!()
        };
        assert_eq!(
            (after, scope, counts),
            (Some(Duration::from_secs(9)), Scope::Channel, expected)
        );
    }
}

#[test]
fn files_are_fetched_from_the_web_only() {
    let fetch = |url: &str| {
        play(
            CustomChannel.media(&channel_of("custom_channel"), &json!({ "url": url })),
            vec![],
        )
        .1
    };
    let Media::Download { request, .. } = fetch("https://cdn.example/p.png") else {
        panic!()
    };
    assert!(
        request.headers.is_empty(),
        "the channel's token is nobody else's business"
    );
    for url in ["file:///etc/passwd", "gopher://x", "p.png", ""] {
        assert!(matches!(fetch(url), Media::Gone(_)), "{url}");
    }
}

#[test]
fn settings() {
    let account = |config: Value| CustomChannel.account(config.as_object().unwrap());
    assert_eq!(
        account(json!({ "base_url": "http://bridge:8080/x", "id_type": "custom" })),
        Ok(None)
    );
    for (config, field) in [
        (json!({ "base_url": "bridge.example", "id_type": "phone" }), "base_url"),
        (
            json!({ "base_url": "https://user:pw@x.example", "id_type": "phone" }),
            "base_url",
        ),
        (
            json!({ "base_url": "https://x.example?x=1", "id_type": "phone" }),
            "base_url",
        ),
        (json!({ "base_url": "https://x.example", "id_type": "fax" }), "id_type"),
    ] {
        assert_eq!(account(config).unwrap_err().field.as_deref(), Some(field));
    }
}

#[test]
fn an_agent_can_write_first() {
    let phone = CustomChannel
        .start(&channel_of("custom_channel"), "+60 12-345 6789")
        .unwrap();
    assert_eq!(phone.identities, [Identity::new("custom", "+60123456789")]);
    assert!(phone.aliases.contains(&Identity::new("custom", "60123456789")));
    assert_eq!(CustomChannel.start(&channel_of("custom_channel"), "mia"), None);
    let custom = channel(json!({ "base_url": "https://x.example", "id_type": "custom" }));
    assert_eq!(
        CustomChannel.start(&custom, "mia").unwrap().identities,
        [Identity::new("custom", "mia")]
    );
    assert_eq!(CustomChannel.start(&custom, "mia okafor"), None);
}
