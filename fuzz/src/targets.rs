//! The parsers, and what must be true of what they return.

use crate::Target;
use ism_channels::{Adapter, Call, Channel, Dialogue, Outgoing, Response, Step, Webhook};
use ism_domain::content::{Content, Template, clean_text};
use ism_domain::inbound::Identity;
use ism_domain::{ChannelId, MessageId, Timestamp, contact, phone};
use serde_json::{Map, Value, json};

/// Every parser.
pub const TARGETS: &[Target] = &[
    ("telegram", |data| webhook("telegram", data)),
    ("whatsapp_cloud", |data| webhook("whatsapp_cloud", data)),
    ("custom_channel", |data| webhook("custom_channel", data)),
    ("website_chat", |data| webhook("website_chat", data)),
    ("provider_answer", provider_answer),
    ("channel_form", channel_form),
    ("content", content),
    ("text", text),
    ("phone", phones),
    ("frames", frames),
    ("developer", developer),
    ("multipart", multipart),
    ("file", file),
];

const NOW: Timestamp = Timestamp(1_790_000_500_000_000);

/// A channel as the fixtures know it.
fn channel(source: &str) -> Channel {
    let config = match source {
        "telegram" => json!({ "bot_token": "4242:AAEexample_token-000" }),
        "whatsapp_cloud" => json!({
            "access_token": "EAAGexampletoken", "phone_number_id": "204400000000011", "waba_id": "309900000000021",
            "app_secret": "omni-app-secret-0001", "verify_token": "our-verify-token",
        }),
        "custom_channel" => json!({ "base_url": "https://bridge.example/k3/", "id_type": "phone" }),
        _ => json!({}),
    };
    Channel {
        id: ChannelId(1_790_000_000_000_064),
        public_id: "k3j9c0wq71xz".to_owned(),
        config: config.as_object().cloned().unwrap_or_default(),
        secret: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
        webhook_url: "https://chat.example/webhooks/source/1790000000000064".to_owned(),
    }
}

/// Headers, an empty line, the body; without the line all is body.
fn split(data: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let Some(end) = data.windows(2).position(|pair| pair == b"\n\n") else {
        return (Vec::new(), data);
    };
    let head = String::from_utf8_lossy(&data[..end]);
    let headers = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    (headers, &data[end + 2..])
}

fn webhook(source: &str, data: &[u8]) {
    let Some(adapter) = ism_channels::adapter(source) else {
        return;
    };
    let channel = channel(source);
    let (headers, body) = split(data);
    let webhook = Webhook {
        query: headers.clone(),
        headers,
        body: body.to_vec().into(),
    };
    let _ = adapter.handshake(&channel, &webhook);
    let _ = adapter.verify(&channel, &webhook);
    if let Ok(received) = adapter.receive(&channel, &webhook, NOW) {
        // What is stored and shown is made from these.
        let told = format!("{:?}", received.events);
        assert!(!told.contains("0f1e2d3c4b5a6978"), "a secret is among the events");
    }
}

/// What a provider answers to our calls: one body for each call of a dialogue.
fn provider_answer(data: &[u8]) {
    let status = match data.first() {
        Some(byte) if byte.is_ascii_digit() => 100 + u16::from(byte - b'0') * 60,
        _ => 200,
    };
    let answer = || {
        Call::Answered(Response {
            status,
            headers: vec![("retry-after".to_owned(), String::from_utf8_lossy(data).into_owned())],
            body: data.strip_prefix(b"4").unwrap_or(data).to_vec().into(),
        })
    };
    let message = |source: &str, content: Content| Outgoing {
        message_id: MessageId(1_790_000_000_001_024),
        to: vec![Identity::new(
            if source == "telegram" { "telegram" } else { "wa_phone" },
            "447700900123",
        )],
        content,
        reply_to: None,
        attachment_url: None,
    };
    for adapter in ism_channels::ADAPTERS {
        let adapter: &dyn Adapter = *adapter;
        let source = adapter.descriptor().source;
        let channel = channel(source);
        play(adapter.connect(&channel), answer);
        play(adapter.disconnect(&channel), answer);
        play(adapter.send(&channel, &message(source, Content::text("Hi"))), answer);
        let media: Value = serde_json::from_slice(data).unwrap_or_else(|_| json!({ "id": "1", "file_id": "1" }));
        play(adapter.media(&channel, &media), answer);
    }
}

fn play<T>(mut dialogue: Box<dyn Dialogue<T>>, answer: impl Fn() -> Call) {
    let mut last = None;
    for _ in 0..40 {
        match dialogue.next(last.take()) {
            Step::Done(_) => return,
            Step::Call(_) => last = Some(answer()),
        }
    }
    panic!("a dialogue goes on for ever");
}

fn channel_form(data: &[u8]) {
    let Ok(config) = serde_json::from_slice::<Map<String, Value>>(data) else {
        return;
    };
    for adapter in ism_channels::ADAPTERS {
        let _ = adapter.account(&config);
        let changed = Channel {
            config: config.clone(),
            ..channel(adapter.descriptor().source)
        };
        let _ = adapter.pace(&changed);
        let _ = ism_channels::origin_allowed(&changed, "https://shop.example");
        let _ = adapter.connect(&changed).next(None);
    }
}

fn content(data: &[u8]) {
    if let Ok(content) = serde_json::from_slice::<Content>(data) {
        let _ = (
            contact::preview(&content),
            content.words(),
            contact::list_type(&content),
        );
        let again: Content = serde_json::from_value(json!(content)).expect("what was read can be read again");
        assert_eq!(again, content);
        for adapter in ism_channels::ADAPTERS {
            let source = adapter.descriptor().source;
            let message = Outgoing {
                message_id: MessageId(1),
                to: vec![Identity::new("telegram", "1")],
                content: content.clone(),
                reply_to: Some(String::from_utf8_lossy(data).into_owned()),
                attachment_url: None,
            };
            let _ = adapter.send(&channel(source), &message).next(None);
        }
    }
    if let Ok(template) = serde_json::from_slice::<Template>(data) {
        let _ = ism_domain::content::template_words(&template);
    }
}

fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let clean = clean_text(&text);
    assert!(!clean.contains('\0'));
    assert_eq!(clean_text(&clean), clean);
    let _ = (
        contact::fold(&text),
        contact::language_code(&text),
        ism_services::inbox::words(&text),
    );
    if let Ok(email) = contact::check_email(&text) {
        assert_eq!(contact::check_email(&email), Ok(email));
    }
}

fn phones(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(number) = phone::normalise(&text) {
        assert!(
            number.starts_with('+') && number[1..].bytes().all(|byte| byte.is_ascii_digit()),
            "{number}"
        );
        assert_eq!(phone::normalise(&number), Some(number.clone()));
        let _ = phone::country(&number);
    }
    for adapter in ism_channels::ADAPTERS {
        let _ = adapter.start(&channel(adapter.descriptor().source), &text);
    }
}

fn frames(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (
        ism_api::fuzzing::realtime_frame(&text),
        ism_api::fuzzing::widget_frame(&text),
    );
    let _ = ism_api::fuzzing::session_token(data);
}

fn developer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (
        ism_api::fuzzing::identifier(&text),
        ism_api::fuzzing::page_is_within_limits(&text),
    );
}

fn multipart(data: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    let (headers, body) = split(data);
    let kind = headers
        .first()
        .map_or("multipart/form-data; boundary=x", |(_, value)| value.as_str());
    RUNTIME.with(|runtime| {
        if let Some(total) = runtime.block_on(ism_api::fuzzing::multipart(kind, body.to_vec())) {
            assert!(total <= body.len() * 4, "{total} bytes from {}", body.len());
        }
    });
}

fn file(data: &[u8]) {
    let declared = String::from_utf8_lossy(&data[..data.len().min(60)]).into_owned();
    for declared in [
        None,
        Some("application/vnd.ms-excel"),
        Some("audio/ogg"),
        Some(declared.as_str()),
    ] {
        let mime = ism_services::files::sniff(data, declared);
        for runs in ["html", "svg", "javascript"] {
            assert!(!mime.contains(runs), "{mime}");
        }
        let inline = ism_services::files::shows_inline(&mime);
        assert!(!(inline && mime.contains("xml")), "{mime}");
    }
    let _ = imagesize::blob_size(data);
    let name = ism_services::files::clean_name(&declared, "text/plain");
    assert!(!name.is_empty() && name.chars().count() <= 120, "{name}");
    assert!(
        !name.contains(['/', '\\', '"', '\0']) && !name.starts_with('.'),
        "{name}"
    );
}
