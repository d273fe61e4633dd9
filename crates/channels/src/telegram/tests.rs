use super::{DESCRIPTOR, SCHEME, Telegram};
use crate::adapter::{Adapter, Media, Outcome, Scope};
use crate::dialogue::Call;
use crate::testing::{
    SECRET, answer, assert_contains, body, channel, channel_of, file, outgoing, play, raw_answer, receive, with_headers,
};
use crate::webhook::Rejection;
use ism_domain::content::{AttachmentKind, Content};
use ism_domain::inbound::Inbound;
use ism_domain::message::FailureReason;
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN_URL: &str = "https://api.telegram.org/bot4242:AAEexample_token-000";

fn sent() -> Call {
    answer(
        200,
        json!({ "ok": true, "result": { "message_id": 42, "chat": { "id": 5_012_345_678_i64 }, "date": 1 } }),
    )
}

fn refused(code: u16, description: &str) -> Call {
    answer(
        code,
        json!({ "ok": false, "error_code": code, "description": description }),
    )
}

fn ok(result: Value) -> Call {
    answer(200, json!({ "ok": true, "result": result }))
}

/// The method and body of the request for a content, and its outcome.
fn send(content: Content, answers: Vec<Call>) -> (Vec<(String, Value)>, Outcome) {
    let (requests, outcome) = play(
        Telegram.send(&channel_of("telegram"), &outgoing("telegram", content)),
        answers,
    );
    let calls = requests.iter().map(|request| {
        let method = request.url.strip_prefix(TOKEN_URL).unwrap().trim_start_matches('/');
        (method.to_owned(), body(request))
    });
    (calls.collect(), outcome)
}

#[test]
fn the_secret_header_decides() {
    let channel = channel_of("telegram");
    let verify = |headers: &[(&str, &str)]| Telegram.verify(&channel, &with_headers(headers, b"{}"));
    let name = "x-telegram-bot-api-secret-token";
    assert_eq!(verify(&[(name, SECRET)]), Ok(()));
    assert_eq!(verify(&[]), Err(Rejection::Missing));
    assert_eq!(verify(&[(name, &SECRET[1..])]), Err(Rejection::Wrong { status: 403 }));
}

#[test]
fn a_pressed_button_is_answered_even_in_a_group() {
    for kind in ["private", "group"] {
        let update = json!({ "update_id": 1, "callback_query": { "id": "771", "from": { "id": 5 }, "data": "x",
            "message": { "message_id": 1, "date": 1, "chat": { "id": 5, "type": kind } } } });
        let received = receive(&Telegram, &update);
        let [follow_up] = received.follow_ups.as_slice() else {
            panic!("one call is owed")
        };
        assert_eq!(follow_up.url, format!("{TOKEN_URL}/answerCallbackQuery"));
        assert_eq!(body(follow_up), json!({ "callback_query_id": "771" }));
        assert_eq!(matches!(received.events[0], Inbound::Message(_)), kind == "private");
    }
}

#[test]
fn tokens_are_checked_for_shape_and_name_the_bot() {
    let account = |token: &str| Telegram.account(json!({ "bot_token": token }).as_object().unwrap());
    assert_eq!(account(" 4242:AAE_x-9 "), Ok(Some("4242".to_owned())));
    for wrong in [
        "",
        "4242",
        "bot:AAE",
        "4242:",
        "4242:AA E",
        "4242:AAE/../x",
        "https://t.me/bot",
    ] {
        assert_eq!(
            account(wrong).unwrap_err().field.as_deref(),
            Some("bot_token"),
            "{wrong}"
        );
    }
    let config = json!({ "bot_token": "4242:AAE", "base_url": "ftp://x" });
    assert_eq!(
        Telegram
            .account(config.as_object().unwrap())
            .unwrap_err()
            .field
            .as_deref(),
        Some("base_url")
    );
}

fn bot() -> Call {
    ok(json!({ "id": 4242, "is_bot": true, "first_name": "Mugs", "username": "mugs_bot", "can_join_groups": true }))
}

#[test]
fn trying_credentials_leaves_the_bots_webhook_alone() {
    let mut channel = channel_of("telegram");
    channel.webhook_url = String::new();
    let (requests, connected) = play(Telegram.connect(&channel), vec![bot()]);
    assert_eq!(connected.unwrap().address, "@mugs_bot");
    assert_eq!(requests.len(), 1, "only getMe is called");
}

#[test]
fn connecting_sets_the_webhook_and_looks_whether_it_holds() {
    let channel = channel_of("telegram");
    let info = ok(json!({ "url": channel.webhook_url, "pending_update_count": 0 }));
    let (requests, connected) = play(Telegram.connect(&channel), vec![bot(), ok(json!(true)), info]);
    let connected = connected.unwrap();
    assert_eq!(
        (connected.name.as_str(), connected.address.as_str()),
        ("Mugs", "@mugs_bot")
    );
    assert_eq!(connected.facts["username"], "mugs_bot");
    assert_eq!(connected.warning, None);
    assert!(requests[1].url.ends_with("/setWebhook"));
    assert_contains(
        &body(&requests[1]),
        &json!({ "url": channel.webhook_url, "secret_token": SECRET }),
    );
    let updates = body(&requests[1])["allowed_updates"].to_string();
    assert!(
        updates.contains("message_reaction") && updates.contains("my_chat_member"),
        "{updates}"
    );
}

#[test]
fn connecting_tells_what_is_wrong() {
    let connect = |answers| play(Telegram.connect(&channel_of("telegram")), answers).1;
    for code in [401, 404] {
        let failure = connect(vec![refused(code, "Unauthorized")]).unwrap_err();
        assert_eq!(failure.reason, FailureReason::ChannelDisconnected);
        assert!(failure.text.contains("@BotFather"), "{}", failure.text);
    }
    let failure = connect(vec![Call::NotSent("dns".into())]).unwrap_err();
    assert_eq!(failure.reason, FailureReason::Unavailable);
    assert!(connect(vec![raw_answer(200, b"<html>")]).is_err());

    let no_https = refused(
        400,
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
    );
    let warning = connect(vec![bot(), no_https]).unwrap().warning.unwrap();
    assert!(warning.contains("An HTTPS URL must be provided"), "{warning}");

    let elsewhere = ok(json!({ "url": "https://other.example/hook" }));
    let warning = connect(vec![bot(), ok(json!(true)), elsewhere])
        .unwrap()
        .warning
        .unwrap();
    assert!(warning.contains("Another program"), "{warning}");
}

#[test]
fn disconnecting_leaves_the_webhook_of_another_program_alone() {
    let channel = channel_of("telegram");
    let (requests, ()) = play(
        Telegram.disconnect(&channel),
        vec![ok(json!({ "url": "https://other.example" }))],
    );
    assert_eq!(requests.len(), 1);
    let ours = ok(json!({ "url": channel.webhook_url }));
    let (requests, ()) = play(Telegram.disconnect(&channel), vec![ours, ok(json!(true))]);
    assert!(requests[1].url.ends_with("/deleteWebhook"));
}

#[test]
fn each_content_uses_its_method() {
    let chat = 5_012_345_678_i64;
    let (image, pdf) = (
        (AttachmentKind::Image, "image/jpeg"),
        (AttachmentKind::File, "application/pdf"),
    );
    let stored = |name: &str, mime: &str| json!({ name: { "attachment": 77, "file_name": "mug.bin", "mime": mime } });
    let of = |(kind, mime): (AttachmentKind, &str), caption| file(kind, mime, caption);
    let table = [
        (
            Content::text("Hi *you*"),
            "sendMessage",
            json!({ "chat_id": chat, "text": "Hi *you*", "parse_mode": null }),
        ),
        (
            of(image, Some("lid")),
            "sendPhoto",
            json!({ "chat_id": chat.to_string(), "caption": "lid" }),
        ),
        (of(image, None), "sendPhoto", stored("photo", "image/jpeg")),
        (
            of((AttachmentKind::Image, "image/gif"), None),
            "sendAnimation",
            stored("animation", "image/gif"),
        ),
        (
            of((AttachmentKind::Image, "image/tiff"), None),
            "sendDocument",
            stored("document", "image/tiff"),
        ),
        (of(pdf, None), "sendDocument", stored("document", "application/pdf")),
        (
            of((AttachmentKind::Video, "video/mp4"), None),
            "sendVideo",
            json!({ "supports_streaming": "true" }),
        ),
        (
            of((AttachmentKind::Video, "video/webm"), None),
            "sendDocument",
            json!({}),
        ),
        (
            of((AttachmentKind::Audio, "audio/ogg; codecs=opus"), None),
            "sendVoice",
            stored("voice", "audio/ogg; codecs=opus"),
        ),
        (
            of((AttachmentKind::Audio, "audio/mpeg"), None),
            "sendAudio",
            stored("audio", "audio/mpeg"),
        ),
        (
            of((AttachmentKind::Audio, "audio/wav"), None),
            "sendDocument",
            json!({}),
        ),
        (
            of((AttachmentKind::Sticker, "image/webp"), None),
            "sendSticker",
            stored("sticker", "image/webp"),
        ),
        (
            of((AttachmentKind::Sticker, "image/webp"), Some("!")),
            "sendPhoto",
            json!({ "caption": "!" }),
        ),
    ];
    for (content, method, expected) in table {
        let (calls, outcome) = send(content.clone(), vec![sent()]);
        assert_eq!(calls[0].0, method, "{content:?}");
        assert_contains(&calls[0].1, &expected);
        assert_eq!(
            outcome,
            Outcome::Sent {
                external_id: Some("5012345678:42".into()),
                aliases: vec![]
            }
        );
    }
}

#[test]
fn places_cards_and_payloads() {
    let content = |value| serde_json::from_value::<Content>(value).unwrap();
    let table = [
        (
            json!({ "type": "location", "latitude": 1.5, "longitude": 2.0 }),
            "sendLocation",
            json!({ "latitude": 1.5, "title": null }),
        ),
        (
            json!({ "type": "location", "latitude": 1.5, "longitude": 2.0, "name": "Shop" }),
            "sendVenue",
            json!({ "title": "Shop", "address": "Shop" }),
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": "Sam", "phones": ["+44"] }] }),
            "sendContact",
            json!({ "phone_number": "+44" }),
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": "Sam", "phones": ["+44"] }, { "name": "Lee" }] }),
            "sendMessage",
            json!({ "text": "Sam · +44\nLee" }),
        ),
        (
            json!({ "type": "custom_payload", "payload": { "method": "sendDice", "emoji": "🎯", "chat_id": 9 } }),
            "sendDice",
            json!({ "emoji": "🎯", "chat_id": 5_012_345_678_i64, "method": null }),
        ),
    ];
    for (value, method, expected) in table {
        let (calls, _) = send(content(value), vec![sent()]);
        assert_eq!(calls[0].0, method);
        assert_contains(&calls[0].1, &expected);
    }
    for payload in [
        json!([]),
        json!({ "method": "deleteWebhook" }),
        json!({ "method": "send/../getMe" }),
        json!({ "method": 1 }),
    ] {
        let (calls, outcome) = send(Content::CustomPayload { payload }, vec![]);
        assert!(calls.is_empty() && matches!(outcome, Outcome::Failed(_)));
    }
}

#[test]
fn quick_replies_come_back_as_the_answer_that_was_shown() {
    let long = "ä".repeat(40);
    let replies = vec!["Yes".to_owned(), long.clone()];
    let (calls, _) = send(
        Content::QuickReply {
            title: "Which?".into(),
            replies,
        },
        vec![sent()],
    );
    let markup = &calls[0].1["reply_markup"];
    assert_eq!(
        markup["inline_keyboard"][0],
        json!([{ "text": "Yes", "callback_data": "Yes" }])
    );
    assert_eq!(markup["inline_keyboard"][1][0]["callback_data"], "qr:1");
    for (data, answer) in [("Yes", "Yes"), ("qr:1", &long)] {
        let received = receive(
            &Telegram,
            &json!({ "update_id": 1, "callback_query": { "id": "1", "from": { "id": 5 }, "data": data,
                "message": { "message_id": 1, "date": 1, "chat": { "id": 5, "type": "private" }, "reply_markup": markup } } }),
        );
        let Inbound::Message(message) = &received.events[0] else {
            panic!()
        };
        let expected = json!({ "type": "postback", "title": answer, "payload": answer, "origin": "quick_reply" });
        assert_eq!(serde_json::to_value(&message.content).unwrap(), expected);
    }
}

#[test]
fn quotes_name_a_message_of_the_same_chat() {
    for (quoted, expected) in [
        ("5012345678:17", json!(17)),
        ("9:17", Value::Null),
        ("cb:88", Value::Null),
    ] {
        let mut message = outgoing("telegram", Content::text("Hi"));
        message.reply_to = Some(quoted.to_owned());
        let (requests, _) = play(Telegram.send(&channel_of("telegram"), &message), vec![sent()]);
        let reply = body(&requests[0])["reply_parameters"].clone();
        assert_eq!(reply["message_id"], expected);
        assert!(reply.is_null() || reply["allow_sending_without_reply"] == true);
    }
}

#[test]
fn refusals_mean_what_the_table_says() {
    let failed =
        |reason| move |outcome: &Outcome| matches!(outcome, Outcome::Failed(failure) if failure.reason == reason);
    type Is = Box<dyn Fn(&Outcome) -> bool>;
    let stopped: fn(&Outcome) -> bool = |outcome| matches!(outcome, Outcome::Stopped(_));
    let down: fn(&Outcome) -> bool = |outcome| matches!(outcome, Outcome::ChannelDown(_));
    let retried: fn(&Outcome) -> bool = |outcome| {
        matches!(
            outcome,
            Outcome::Retry {
                counts: true,
                scope: Scope::Message,
                ..
            }
        )
    };
    let table: Vec<(u16, &str, Is)> = vec![
        (403, "Forbidden: bot was blocked by the user", Box::new(stopped)),
        (403, "Forbidden: user is deactivated", Box::new(stopped)),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            Box::new(stopped),
        ),
        (403, "Forbidden: bot was kicked from the group chat", Box::new(stopped)),
        (
            403,
            "Forbidden: something new",
            Box::new(failed(FailureReason::Unknown)),
        ),
        (
            400,
            "Bad Request: chat not found",
            Box::new(failed(FailureReason::Unreachable)),
        ),
        (
            400,
            "Bad Request: PEER_ID_INVALID",
            Box::new(failed(FailureReason::Unreachable)),
        ),
        (
            400,
            "Bad Request: message is too long",
            Box::new(failed(FailureReason::Content)),
        ),
        (
            400,
            "Bad Request: BUTTON_DATA_INVALID",
            Box::new(failed(FailureReason::Content)),
        ),
        (
            400,
            "Bad Request: wrong file identifier/HTTP URL specified",
            Box::new(failed(FailureReason::Media)),
        ),
        (
            400,
            "Bad Request: file is too big",
            Box::new(failed(FailureReason::Media)),
        ),
        (413, "Request Entity Too Large", Box::new(failed(FailureReason::Media))),
        (
            400,
            "Bad Request: something new",
            Box::new(failed(FailureReason::Unknown)),
        ),
        (401, "Unauthorized", Box::new(down)),
        (404, "Not Found", Box::new(down)),
        (409, "Conflict: terminated by other getUpdates request", Box::new(down)),
        (
            404,
            "Not Found: method not found",
            Box::new(failed(FailureReason::Unknown)),
        ),
        (500, "Internal Server Error", Box::new(retried)),
        (502, "Bad Gateway", Box::new(retried)),
    ];
    for (code, description, is) in table {
        let (_, outcome) = send(Content::text("Hi"), vec![refused(code, description)]);
        assert!(is(&outcome), "{code} {description}: {outcome:?}");
    }
}

#[test]
fn a_wait_that_telegram_names_holds_for_the_chat_and_costs_no_try() {
    let busy = json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7", "parameters": { "retry_after": 7 } });
    let (_, outcome) = send(Content::text("Hi"), vec![answer(429, busy)]);
    let Outcome::Retry {
        after, scope, counts, ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (after, scope, counts),
        (Some(Duration::from_secs(7)), Scope::Contact, false)
    );
}

#[test]
fn what_telegram_says_how_to_mend_is_mended_once() {
    let moved = || {
        let parameters = json!({ "migrate_to_chat_id": -100_777 });
        answer(
            400,
            json!({ "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat", "parameters": parameters }),
        )
    };
    let (calls, outcome) = send(Content::text("Hi"), vec![moved(), sent()]);
    assert_eq!(calls[1].1["chat_id"], -100_777);
    assert!(matches!(outcome, Outcome::Sent { .. }));
    assert!(matches!(
        send(Content::text("Hi"), vec![moved(), moved()]).1,
        Outcome::Failed(_)
    ));

    let mut quoting = outgoing("telegram", Content::text("Hi"));
    quoting.reply_to = Some("5012345678:17".to_owned());
    let lost = || refused(400, "Bad Request: message to be replied not found");
    let (requests, outcome) = play(Telegram.send(&channel_of("telegram"), &quoting), vec![lost(), sent()]);
    assert!(body(&requests[1]).get("reply_parameters").is_none());
    assert!(matches!(outcome, Outcome::Sent { .. }));

    let photo = || file(AttachmentKind::Image, "image/jpeg", Some("wide"));
    let shape = || refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS");
    let (calls, outcome) = send(photo(), vec![shape(), sent()]);
    assert_eq!(
        (calls[0].0.as_str(), calls[1].0.as_str()),
        ("sendPhoto", "sendDocument")
    );
    assert_contains(
        &calls[1].1,
        &json!({ "caption": "wide", "document": { "attachment": 77 }, "photo": null }),
    );
    assert!(matches!(outcome, Outcome::Sent { .. }));

    let payload = json!({ "text": "a_b", "parse_mode": "Markdown" });
    let broken = refused(400, "Bad Request: can't parse entities: byte offset 1");
    let (calls, _) = send(Content::CustomPayload { payload }, vec![broken, sent()]);
    assert!(calls[1].1.get("parse_mode").is_none());
}

#[test]
fn an_unreadable_success_is_uncertain() {
    for call in [
        raw_answer(200, b"<html>"),
        raw_answer(200, b""),
        raw_answer(504, b""),
        Call::Broken("reset".into()),
    ] {
        let (_, outcome) = send(Content::text("Hi"), vec![call]);
        assert!(matches!(outcome, Outcome::Uncertain(_)), "{outcome:?}");
    }
}

fn fetch(base: Option<&str>, media: Value, answers: Vec<Call>) -> Media {
    let channel = channel(json!({ "bot_token": "4242:AAEexample_token-000", "base_url": base }));
    play(Telegram.media(&channel, &media), answers).1
}

#[test]
fn files_are_found_in_two_steps() {
    let found = ok(json!({ "file_id": "F", "file_path": "photos/file 1.jpg", "file_size": 120_000 }));
    let media = fetch(None, json!({ "file_id": "F", "mime": "image/jpeg" }), vec![found]);
    let Media::Download { request, mime, .. } = media else {
        panic!("{media:?}")
    };
    assert_eq!(
        request.url,
        "https://api.telegram.org/file/bot4242:AAEexample_token-000/photos/file%201.jpg"
    );
    assert_eq!(request.max_response, 20 * 1024 * 1024);
    assert_eq!(mime.as_deref(), Some("image/jpeg"));
    assert!(!format!("{request:?}").contains("AAEexample"));
}

#[test]
fn a_path_cannot_leave_the_bots_files() {
    let found = |path: &str| ok(json!({ "file_id": "F", "file_path": path }));
    let media = fetch(
        Some("http://127.0.0.1:9/tg/"),
        json!({ "file_id": "F" }),
        vec![found("../../etc/%2e%2e/x?y#z")],
    );
    let Media::Download { request, .. } = media else {
        panic!("{media:?}")
    };
    assert!(
        request
            .url
            .starts_with("http://127.0.0.1:9/tg/file/bot4242:AAEexample_token-000/etc/"),
        "{}",
        request.url
    );
    assert!(!request.url.contains(['?', '#']));
    let local = fetch(None, json!({ "file_id": "F" }), vec![found("/var/lib/telegram/x.jpg")]);
    assert!(matches!(local, Media::Gone(_)));
}

#[test]
fn files_that_cannot_be_had_are_told_from_those_that_can_later() {
    let id = || json!({ "file_id": "F" });
    let gone = |media: Media| matches!(media, Media::Gone(_));
    assert!(gone(fetch(
        None,
        id(),
        vec![refused(400, "Bad Request: file is too big")]
    )));
    assert!(gone(fetch(None, json!({ "file_id": "F", "size": 21_000_000 }), vec![])));
    assert!(gone(fetch(
        None,
        id(),
        vec![refused(
            400,
            "Bad Request: wrong file_id or the file is temporarily gone"
        )]
    )));
    assert!(gone(fetch(None, json!({}), vec![])));
    for later in [
        refused(500, "x"),
        refused(429, "x"),
        refused(401, "x"),
        Call::NotSent("x".into()),
        Call::Broken("x".into()),
    ] {
        assert!(matches!(fetch(None, id(), vec![later]), Media::Later(_)));
    }
    // A server of one's own hands over larger files.
    let found = ok(json!({ "file_path": "v/x.mp4", "file_size": 60_000_000 }));
    assert!(matches!(
        fetch(Some("http://bot-api:8081"), id(), vec![found]),
        Media::Download { .. }
    ));
}

#[test]
fn a_bot_cannot_write_first() {
    assert!(!DESCRIPTOR.capabilities.can_start);
    assert_eq!(Telegram.start(&channel_of("telegram"), "+447700900123"), None);
    assert_eq!(SCHEME, "telegram");
}
