use super::WhatsappCloud;
use crate::adapter::{Adapter, Channel, Media, Outcome, Outgoing, Scope};
use crate::dialogue::{Call, Method, Request};
use crate::testing::{answer, assert_contains, body, channel_of, file, outgoing, play, raw_answer, with_headers};
use crate::webhook::{Rejection, Webhook};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ism_domain::content::{AttachmentKind, Content};
use ism_domain::inbound::Identity;
use ism_domain::message::FailureReason;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

const GRAPH: &str = "https://graph.facebook.com/v26.0";
const NUMBER: &str = "204400000000011";

fn whatsapp() -> Channel {
    channel_of("whatsapp_cloud")
}

#[test]
fn the_handshake_answers_the_challenge_of_whoever_knows_the_token() {
    let ask = |mode: &str, token: &str| {
        let query = [
            ("hub.mode", mode),
            ("hub.verify_token", token),
            ("hub.challenge", "1158201444"),
        ];
        let query = query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let webhook = Webhook {
            headers: vec![],
            query,
            body: bytes::Bytes::new(),
        };
        WhatsappCloud.handshake(&whatsapp(), &webhook).unwrap()
    };
    let yes = ask("subscribe", "our-verify-token");
    assert_eq!((yes.status, yes.body.as_str()), (200, "1158201444"));
    assert!(yes.content_type.starts_with("text/plain"));
    for (mode, token) in [
        ("subscribe", "wrong"),
        ("subscribe", ""),
        ("unsubscribe", "our-verify-token"),
    ] {
        let no = ask(mode, token);
        assert_eq!(no.status, 403);
        assert!(!no.body.contains("1158201444"));
    }
}

#[test]
fn without_a_verify_token_of_the_users_own_the_channels_secret_serves() {
    let mut channel = whatsapp();
    channel.config.remove("verify_token");
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.verify_token", &channel.secret),
        ("hub.challenge", "7"),
    ];
    let query = query
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let webhook = Webhook {
        headers: vec![],
        query,
        body: bytes::Bytes::new(),
    };
    assert_eq!(WhatsappCloud.handshake(&channel, &webhook).unwrap().status, 200);
}

#[test]
fn signatures_cover_the_raw_bytes() {
    let verify = |header: &str, body: &[u8]| {
        WhatsappCloud.verify(&whatsapp(), &with_headers(&[("x-hub-signature-256", header)], body))
    };
    let vectors: [(&str, &str); 3] = [
        (
            r#"{"object":"page","entry":[]}"#,
            "f9f4b40c3c0559e8bb2a6cae376292042ef3974cae544e573c80093ea2c7e800",
        ),
        (
            r#"{"t":"caf\u00e9 \ud83d\ude00 a\/b"}"#,
            "d2b7d7b814f15d310e8be1286b3a971d54760b64ec5d92f9a291f7feb6774721",
        ),
        (
            r#"{"t":"café 😀 a/b"}"#,
            "0eda43742813dce1189967d1083079ebf4a70a9e0c5a2728474efecb43989923",
        ),
    ];
    for (body, mac) in vectors {
        assert_eq!(verify(&format!("sha256={mac}"), body.as_bytes()), Ok(()), "{body}");
        let mut altered = body.as_bytes().to_vec();
        altered[2] ^= 1;
        assert_eq!(
            verify(&format!("sha256={mac}"), &altered),
            Err(Rejection::Wrong { status: 403 })
        );
        for shape in [
            mac.to_owned(),
            format!("sha1={mac}"),
            format!("sha256={}", &mac[2..]),
            "sha256=zz".to_owned(),
        ] {
            assert_eq!(verify(&shape, body.as_bytes()), Err(Rejection::Missing), "{shape}");
        }
    }
    let sha1_only = with_headers(&[("x-hub-signature", "sha1=00")], b"{}");
    assert_eq!(WhatsappCloud.verify(&whatsapp(), &sha1_only), Err(Rejection::Missing));
}

#[test]
fn a_channel_without_an_app_secret_trusts_nobody() {
    let mut channel = whatsapp();
    channel.config.insert("app_secret".into(), "".into());
    // What an attacker would compute with an empty key.
    let digest = Hmac::<Sha256>::new_from_slice(b"")
        .unwrap()
        .chain_update(b"{}")
        .finalize()
        .into_bytes();
    let webhook = with_headers(
        &[("x-hub-signature-256", &format!("sha256={}", hex::encode(digest)))],
        b"{}",
    );
    assert_eq!(
        WhatsappCloud.verify(&channel, &webhook),
        Err(Rejection::Wrong { status: 403 })
    );
}

#[test]
fn ids_are_digits() {
    let mut config = whatsapp().config;
    assert_eq!(WhatsappCloud.account(&config), Ok(Some(NUMBER.to_owned())));
    config.insert("phone_number_id".into(), "+15550100200".into());
    assert_eq!(
        WhatsappCloud.account(&config).unwrap_err().field.as_deref(),
        Some("phone_number_id")
    );
}

fn number() -> Call {
    answer(
        200,
        json!({ "id": NUMBER, "verified_name": "Mugs Ltd", "display_phone_number": "+1 555-010-0200", "quality_rating": "GREEN",
            "name_status": "PENDING_REVIEW", "status": "CONNECTED", "throughput": { "level": "HIGH" } }),
    )
}

fn account() -> Call {
    answer(200, json!({ "id": "309900000000021", "name": "Mugs" }))
}

fn done() -> Call {
    answer(200, json!({ "success": true }))
}

fn error(status: u16, code: i64, message: &str) -> Call {
    answer(
        status,
        json!({ "error": { "message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A" } }),
    )
}

fn line(request: &Request) -> (Method, String) {
    let path = request
        .url
        .strip_prefix(GRAPH)
        .unwrap()
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    assert!(
        request
            .headers
            .iter()
            .any(|(name, value)| *name == "authorization" && value == "Bearer EAAGexampletoken")
    );
    (request.method, path)
}

#[test]
fn connecting_subscribes_before_it_overrides() {
    let channel = whatsapp();
    let (requests, connected) = play(
        WhatsappCloud.connect(&channel),
        vec![number(), account(), done(), done()],
    );
    let connected = connected.unwrap();
    assert_eq!(
        (connected.name.as_str(), connected.address.as_str()),
        ("Mugs Ltd", "+1 555-010-0200")
    );
    assert_eq!(connected.facts["throughput"], "HIGH");
    assert_eq!(connected.facts["quality_rating"], "GREEN");
    assert_eq!(connected.warning, None, "a display name in review is no fault");
    let lines: Vec<_> = requests.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            (Method::Get, format!("/{NUMBER}")),
            (Method::Get, "/309900000000021".to_owned()),
            (Method::Post, "/309900000000021/subscribed_apps".to_owned()),
            (Method::Post, format!("/{NUMBER}")),
        ]
    );
    assert_eq!(body(&requests[2]), Value::Null);
    let own = json!({ "override_callback_uri": channel.webhook_url, "verify_token": "our-verify-token" });
    assert_eq!(body(&requests[3]), json!({ "webhook_configuration": own }));
}

#[test]
fn trying_credentials_changes_nothing_at_meta() {
    let mut channel = whatsapp();
    channel.webhook_url = String::new();
    let (requests, connected) = play(WhatsappCloud.connect(&channel), vec![number(), account()]);
    assert!(connected.is_ok());
    assert!(
        requests.iter().all(|request| request.method == Method::Get),
        "it only looks"
    );
}

#[test]
fn the_accounts_override_serves_where_the_numbers_is_refused() {
    let answers = vec![number(), account(), done(), error(400, 100, "no"), done()];
    let (requests, connected) = play(WhatsappCloud.connect(&whatsapp()), answers);
    assert_eq!(connected.unwrap().warning, None);
    assert_eq!(line(&requests[4]).1, "/309900000000021/subscribed_apps");
    assert!(body(&requests[4]).get("override_callback_uri").is_some());
}

#[test]
fn connecting_tells_what_is_wrong() {
    let connect = |answers| play(WhatsappCloud.connect(&whatsapp()), answers).1;
    let failure = connect(vec![error(401, 190, "Error validating access token")]).unwrap_err();
    assert_eq!(failure.reason, FailureReason::ChannelDisconnected);
    assert!(failure.text.contains("system user"), "{}", failure.text);
    let failure = connect(vec![error(400, 100, "Unsupported get request")]).unwrap_err();
    assert!(failure.text.contains("phone number ID"), "{}", failure.text);
    let failure = connect(vec![number(), error(400, 100, "Unsupported get request")]).unwrap_err();
    assert!(failure.text.contains("Business account ID"), "{}", failure.text);
    assert!(connect(vec![account()]).is_err(), "an account's id is no number's id");
    assert!(connect(vec![raw_answer(502, b"<html>")]).is_err());

    let warning = connect(vec![number(), account(), error(403, 200, "denied")])
        .unwrap()
        .warning
        .unwrap();
    assert!(warning.contains("do not arrive here yet"), "{warning}");
    let refused = || error(400, 2_200_001, "callback verification failed");
    let warning = connect(vec![number(), account(), done(), refused(), refused()])
        .unwrap()
        .warning
        .unwrap();
    assert!(warning.contains("callback verification failed"), "{warning}");

    let banned = answer(200, json!({ "display_phone_number": "+1", "status": "BANNED" }));
    let warning = connect(vec![banned, account(), done(), done()])
        .unwrap()
        .warning
        .unwrap();
    assert!(warning.contains("banned"), "{warning}");
}

#[test]
fn disconnecting_one_number_leaves_the_accounts_others_subscribed() {
    let (requests, ()) = play(WhatsappCloud.disconnect(&whatsapp()), vec![done()]);
    assert_eq!(line(&requests[0]), (Method::Post, format!("/{NUMBER}")));
}

fn accepted() -> Call {
    answer(
        200,
        json!({ "messaging_product": "whatsapp", "messages": [{ "id": "wamid.OUT20" }],
            "contacts": [{ "input": "447700900123", "wa_id": "447700900123" }] }),
    )
}

fn send_message(message: &Outgoing, answers: Vec<Call>) -> (Vec<Request>, Outcome) {
    play(WhatsappCloud.send(&whatsapp(), message), answers)
}

fn send(content: Value) -> Value {
    let message = outgoing("whatsapp_cloud", serde_json::from_value(content).unwrap());
    let (requests, outcome) = send_message(&message, vec![accepted()]);
    assert_eq!(
        outcome,
        Outcome::Sent {
            external_id: Some("wamid.OUT20".into()),
            aliases: vec![]
        }
    );
    assert_eq!(line(&requests[0]), (Method::Post, format!("/{NUMBER}/messages")));
    body(&requests[0])
}

#[test]
fn messages_carry_their_reference() {
    assert_eq!(
        send(json!({ "type": "text", "text": "Hello *Priya*" })),
        json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": "447700900123",
            "biz_opaque_callback_data": "1790000000001024", "type": "text",
            "text": { "body": "Hello *Priya*", "preview_url": false } })
    );
    assert_eq!(
        send(json!({ "type": "text", "text": "see https://x.example" }))["text"]["preview_url"],
        true
    );
}

#[test]
fn an_id_is_never_put_where_a_number_belongs() {
    let mut message = outgoing("whatsapp_cloud", Content::text("Hi"));
    message.to = vec![Identity::new("wa_bsuid", "GB.7001")];
    message.reply_to = Some("wamid.IN01".to_owned());
    let sent = body(&send_message(&message, vec![accepted()]).0[0]);
    assert_eq!((sent.get("to"), sent["recipient"].as_str()), (None, Some("GB.7001")));
    assert_eq!(sent["context"], json!({ "message_id": "wamid.IN01" }));
}

#[test]
fn an_answer_reveals_other_spellings_of_the_recipient() {
    let answered = answer(
        200,
        json!({ "messages": [{ "id": "w" }], "contacts": [{ "wa_id": "551187654321", "user_id": "BR.1" }] }),
    );
    let mut message = outgoing("whatsapp_cloud", Content::text("Hi"));
    message.to = vec![Identity::new("wa_phone", "5511987654321")];
    let Outcome::Sent { aliases, .. } = send_message(&message, vec![answered]).1 else {
        panic!()
    };
    assert_eq!(
        aliases,
        [
            Identity::new("wa_phone", "551187654321"),
            Identity::new("wa_bsuid", "BR.1")
        ]
    );
}

#[test]
fn quick_replies_take_the_richest_form_that_shows_them_whole() {
    let quick = |replies: &[&str]| send(json!({ "type": "quick_reply", "title": "Which?", "replies": replies }));
    let three = quick(&["Red", "Blue", "Exactly twenty chars"]);
    assert_eq!(three["interactive"]["type"], "button");
    assert_eq!(
        three["interactive"]["action"]["buttons"][0],
        json!({ "type": "reply", "reply": { "id": "Red", "title": "Red" } })
    );
    let four = quick(&["1", "2", "3", "4"]);
    assert_eq!(four["interactive"]["type"], "list");
    assert_eq!(
        four["interactive"]["action"]["sections"][0]["rows"][3],
        json!({ "id": "4", "title": "4" })
    );
    let longer = quick(&["Red", "Twenty-one characters"]);
    assert_eq!(longer["interactive"]["type"], "list");
    let longest = quick(&["Red", "More than twenty-four chars"]);
    assert_eq!(
        longest["text"]["body"],
        "Which?\n1. Red\n2. More than twenty-four chars"
    );
    let eleven: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    assert_eq!(
        quick(&eleven.iter().map(String::as_str).collect::<Vec<_>>())["type"],
        "text"
    );
    assert_eq!(quick(&["Same", "Same"])["type"], "text", "ids have to differ");
}

#[test]
fn other_contents() {
    let place = json!({ "type": "location", "latitude": 51.5033, "longitude": -0.1196, "name": "Shop", "address": "1 River Rd" });
    assert_eq!(
        send(place)["location"],
        json!({ "latitude": "51.5033", "longitude": "-0.1196", "name": "Shop", "address": "1 River Rd" })
    );
    let cards = json!({ "type": "contacts", "contacts": [{ "name": "Help Desk", "phones": ["+15550100299"] }] });
    assert_contains(
        &send(cards)["contacts"][0],
        &json!({ "name": { "formatted_name": "Help Desk", "first_name": "Help" }, "phones": [{ "phone": "+15550100299" }] }),
    );
    let interactive = json!({ "type": "cta_url", "body": { "text": "Pay" } });
    let sent = send(json!({ "type": "whatsapp_interactive", "interactive": interactive }));
    assert_eq!(
        (sent["type"].as_str(), &sent["interactive"]),
        (Some("interactive"), &interactive)
    );
    let payload = json!({ "type": "reaction", "reaction": { "message_id": "wamid.IN01", "emoji": "🙏" }, "to": "1" });
    assert_contains(
        &send(json!({ "type": "custom_payload", "payload": payload })),
        &json!({ "type": "reaction", "reaction": { "emoji": "🙏" }, "to": "447700900123" }),
    );
    let message = outgoing(
        "whatsapp_cloud",
        Content::CustomPayload {
            payload: json!({ "text": "no type" }),
        },
    );
    assert!(matches!(send_message(&message, vec![]).1, Outcome::Failed(_)));
}

#[test]
fn files_are_uploaded_and_sent_by_id() {
    let table = [
        (
            AttachmentKind::Image,
            "image/jpeg",
            Some("lid"),
            "image",
            json!({ "id": "7200001", "caption": "lid" }),
        ),
        (
            AttachmentKind::Video,
            "video/mp4",
            None,
            "video",
            json!({ "id": "7200001" }),
        ),
        (
            AttachmentKind::Audio,
            "audio/mpeg",
            None,
            "audio",
            json!({ "id": "7200001" }),
        ),
        (
            AttachmentKind::Audio,
            "audio/mpeg",
            Some("song"),
            "document",
            json!({ "id": "7200001", "caption": "song", "filename": "mug.bin" }),
        ),
        (
            AttachmentKind::Audio,
            "audio/wav",
            None,
            "document",
            json!({ "id": "7200001", "filename": "mug.bin" }),
        ),
        (
            AttachmentKind::File,
            "application/pdf",
            Some("bill"),
            "document",
            json!({ "id": "7200001", "caption": "bill", "filename": "mug.bin" }),
        ),
        (
            AttachmentKind::Image,
            "image/gif",
            None,
            "document",
            json!({ "id": "7200001", "filename": "mug.bin" }),
        ),
        (
            AttachmentKind::Sticker,
            "image/webp",
            None,
            "sticker",
            json!({ "id": "7200001" }),
        ),
    ];
    for (kind, mime, caption, sent_as, expected) in table {
        let message = outgoing("whatsapp_cloud", file(kind, mime, caption));
        let uploaded = answer(200, json!({ "id": "7200001" }));
        let (requests, outcome) = send_message(&message, vec![uploaded, accepted()]);
        assert_eq!(line(&requests[0]).1, format!("/{NUMBER}/media"));
        let file = json!({ "attachment": 77, "file_name": "mug.bin", "mime": mime });
        assert_eq!(
            body(&requests[0]),
            json!({ "messaging_product": "whatsapp", "type": mime, "file": file })
        );
        let sent = body(&requests[1]);
        assert_eq!((sent["type"].as_str(), &sent[sent_as]), (Some(sent_as), &expected));
        assert!(matches!(outcome, Outcome::Sent { .. }));
    }
}

#[test]
fn a_broken_upload_has_sent_nothing() {
    let message = outgoing("whatsapp_cloud", file(AttachmentKind::Image, "image/png", None));
    for call in [
        Call::Broken("x".into()),
        Call::NotSent("x".into()),
        raw_answer(200, b""),
        raw_answer(504, b""),
    ] {
        let (_, outcome) = send_message(&message, vec![call]);
        assert!(matches!(outcome, Outcome::Retry { counts: true, .. }), "{outcome:?}");
    }
    let (_, outcome) = send_message(&message, vec![error(400, 131_053, "bad file")]);
    assert!(matches!(outcome, Outcome::Retry { failure, .. } if failure.reason == FailureReason::Media));
    let uploaded = answer(200, json!({ "id": "7" }));
    let (_, outcome) = send_message(&message, vec![uploaded, Call::Broken("x".into())]);
    assert!(matches!(outcome, Outcome::Uncertain(_)));
}

/// The outcome of a text that is answered with this.
fn answered(call: Call) -> Outcome {
    send_message(&outgoing("whatsapp_cloud", Content::text("Hi")), vec![call]).1
}

#[test]
fn errors_are_decided_by_number_not_by_http_status() {
    for status in [400, 401, 403, 429, 500] {
        assert!(
            matches!(answered(error(status, 190, "expired")), Outcome::ChannelDown(_)),
            "{status}"
        );
        let limited = answered(error(status, 130_429, "rate"));
        assert!(
            matches!(
                limited,
                Outcome::Retry {
                    scope: Scope::Channel,
                    counts: false,
                    ..
                }
            ),
            "{status}"
        );
        let closed = answered(error(status, 131_047, "window"));
        assert!(
            matches!(closed, Outcome::Failed(failure) if failure.reason == FailureReason::WindowClosed),
            "{status}"
        );
    }
    let pair = answered(error(400, 131_056, "pair"));
    let Outcome::Retry {
        scope: Scope::Contact,
        counts: false,
        after: Some(after),
        ..
    } = pair
    else {
        panic!("{pair:?}")
    };
    assert!(after >= Duration::from_secs(6));
    let passing = json!({ "error": { "code": 999_999, "message": "x", "is_transient": true } });
    assert!(matches!(
        answered(answer(400, passing)),
        Outcome::Retry { counts: true, .. }
    ));
    assert!(matches!(answered(error(400, 999_999, "x")), Outcome::Failed(_)));
    assert!(matches!(answered(error(500, 999_999, "x")), Outcome::Retry { .. }));
    let detailed = json!({ "error": { "code": 131_009, "message": "(#131009)", "error_data": { "details": "The SKU is unknown" } } });
    assert!(
        matches!(answered(answer(400, detailed)), Outcome::Failed(failure) if failure.text.ends_with("The SKU is unknown"))
    );
}

#[test]
fn answers_that_are_not_metas() {
    assert!(matches!(
        answered(raw_answer(502, b"<html>")),
        Outcome::Retry { counts: true, .. }
    ));
    assert!(matches!(
        answered(raw_answer(429, b"")),
        Outcome::Retry { counts: false, .. }
    ));
    assert!(matches!(answered(raw_answer(404, b"not here")), Outcome::Failed(_)));
    for uncertain in [
        raw_answer(200, b"<html>"),
        answer(200, json!({})),
        answer(200, json!({ "messages": [] })),
        raw_answer(504, b""),
    ] {
        assert!(matches!(answered(uncertain), Outcome::Uncertain(_)));
    }
}

fn fetch(media: Value, answers: Vec<Call>) -> (Vec<Request>, Media) {
    play(WhatsappCloud.media(&whatsapp(), &media), answers)
}

fn bearer(request: &Request) -> bool {
    request.headers.iter().any(|(name, _)| *name == "authorization")
}

#[test]
fn files_are_looked_up_by_id_and_fetched_with_the_token() {
    let url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=7100001";
    let found = answer(
        200,
        json!({ "url": url, "mime_type": "image/jpeg", "sha256": "00", "file_size": 3 }),
    );
    let (requests, media) = fetch(
        json!({ "id": "7100001", "url": "https://old.example", "file_name": "a.jpg" }),
        vec![found],
    );
    assert_eq!(line(&requests[0]).1, "/7100001");
    assert!(requests[0].url.ends_with(&format!("?phone_number_id={NUMBER}")));
    let Media::Download {
        request,
        mime,
        file_name,
    } = media
    else {
        panic!("{media:?}")
    };
    assert_eq!(
        (request.url.as_str(), mime.as_deref(), file_name.as_deref()),
        (url, Some("image/jpeg"), Some("a.jpg"))
    );
    assert!(bearer(&request) && request.headers.iter().any(|(name, _)| *name == "user-agent"));
}

#[test]
fn the_token_is_shown_to_meta_only() {
    let trusted = |url: &str| {
        let (_, media) = fetch(json!({ "url": url }), vec![]);
        let Media::Download { request, .. } = media else {
            panic!("{media:?}")
        };
        bearer(&request)
    };
    for url in [
        "https://lookaside.fbsbx.com/x",
        "https://graph.facebook.com/x",
        "https://mmg.whatsapp.net/x",
    ] {
        assert!(trusted(url), "{url}");
    }
    for url in [
        "https://cdn.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://evilfbsbx.com/x",
        "https://fbsbx.com.evil.example/x",
        "https://graph.facebook.com@evil.example/x",
    ] {
        assert!(!trusted(url), "{url}");
    }
    let mut own = whatsapp();
    own.config
        .insert("base_url".into(), "http://127.0.0.1:4000/graph".into());
    let found = answer(200, json!({ "url": "http://127.0.0.1:4000/files/1" }));
    let (_, media) = play(WhatsappCloud.media(&own, &json!({ "id": "1" })), vec![found]);
    assert!(matches!(media, Media::Download { request, .. } if bearer(&request)));
}

#[test]
fn files_that_are_gone_are_told_from_those_that_can_be_had_later() {
    for call in [
        error(400, 100, "no such object"),
        error(404, 33, "x"),
        error(400, 131_052, "x"),
    ] {
        assert!(matches!(fetch(json!({ "id": "1" }), vec![call]).1, Media::Gone(_)));
    }
    for call in [
        error(401, 190, "x"),
        error(500, 2, "x"),
        raw_answer(502, b""),
        Call::NotSent("x".into()),
        Call::Broken("x".into()),
    ] {
        assert!(matches!(fetch(json!({ "id": "1" }), vec![call]).1, Media::Later(_)));
    }
    assert!(matches!(fetch(json!({}), vec![]).1, Media::Gone(_)));
    assert!(matches!(fetch(json!({ "id": "../me" }), vec![]).1, Media::Gone(_)));
}

#[test]
fn pace_follows_the_numbers_level() {
    assert_eq!(WhatsappCloud.pace(&whatsapp()).per_second, 80);
    let mut high = whatsapp();
    high.config.insert("throughput".into(), "HIGH".into());
    let pace = WhatsappCloud.pace(&high);
    assert_eq!(
        (pace.per_second, pace.contact_interval, pace.contact_burst),
        (1000, Duration::from_secs(6), 45)
    );
}
