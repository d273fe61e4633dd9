//! What holds for every channel.

use crate::testing::{
    NOW, SECRET, answer, assert_contains, channel_of, every_content, outgoing, raw_answer, sentence, shown, webhook,
};
use crate::{ADAPTERS, Adapter, Call, Outcome, Rejection, Step, Webhook, adapter};
use ism_domain::inbound::Inbound;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn folder(source: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source)
}

/// The cases in a channel's fixtures: `[{"what", "body", "events"}]`, or `rejected` with a status in place of events.
fn cases(source: &str) -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(source).join("fixtures"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            serde_json::from_str::<Vec<Value>>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

#[test]
fn every_folder_is_complete_and_listed() {
    let listed: BTreeSet<String> = ADAPTERS
        .iter()
        .map(|adapter| adapter.descriptor().source.to_owned())
        .collect();
    assert_eq!(listed.len(), ADAPTERS.len(), "two adapters have the same source");
    let folders: BTreeSet<String> = std::fs::read_dir(folder(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        folders, listed,
        "each channel's folder is named after its source and is listed in ADAPTERS"
    );
    for source in &listed {
        for name in ["mod.rs", "receive.rs", "send.rs", "tests.rs", "README.md", "fixtures"] {
            assert!(folder(source).join(name).exists(), "{source} lacks {name}");
        }
        let manual = std::fs::read_to_string(folder(source).join("README.md")).unwrap();
        for field in &adapter(source).unwrap().descriptor().fields {
            assert!(
                manual.contains(field.label),
                "the README of {source} does not explain “{}”",
                field.label
            );
        }
    }
}

#[test]
fn descriptors_can_be_drawn_and_kept() {
    for adapter in ADAPTERS {
        let descriptor = adapter.descriptor();
        let source = descriptor.source;
        assert!(
            !descriptor.steps.is_empty() && !descriptor.summary.is_empty(),
            "{source}"
        );
        let keys: BTreeSet<&str> = descriptor.fields.iter().map(|field| field.key).collect();
        assert_eq!(keys.len(), descriptor.fields.len(), "{source} has a field twice");
        for field in &descriptor.fields {
            let looks_secret = ["token", "secret", "password"]
                .iter()
                .any(|word| field.key.contains(word));
            assert_eq!(field.secret, looks_secret, "{source}: is {} a credential?", field.key);
            assert!(
                field.help.ends_with('.'),
                "{source}: {} needs a sentence of help",
                field.key
            );
        }
        let capabilities = &descriptor.capabilities;
        assert!(
            capabilities.max_text >= 1000 && !capabilities.attachments.is_empty(),
            "{source}"
        );
        let pace = adapter.pace(&channel_of(source));
        assert!(
            pace.per_second > 0 && pace.contact_burst > 0 && !pace.contact_interval.is_zero(),
            "{source}"
        );
        serde_json::to_value(descriptor).unwrap();
    }
}

#[test]
fn the_settings_of_the_tests_are_accepted_and_required_fields_are_asked_for() {
    for adapter in ADAPTERS {
        let source = adapter.descriptor().source;
        let config = channel_of(source).config;
        adapter.account(&config).unwrap();
        for field in adapter.descriptor().fields.iter().filter(|field| field.required) {
            let mut without = config.clone();
            without.remove(field.key);
            let refusal = adapter.account(&without).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some(field.key), "{source}");
            let mut wrong = config.clone();
            wrong.insert(field.key.into(), json!(["not text"]));
            assert!(
                adapter.account(&wrong).is_err(),
                "{source}: {} takes an array",
                field.key
            );
        }
    }
}

#[test]
fn fixtures_are_read_as_they_say() {
    for adapter in ADAPTERS {
        let source = adapter.descriptor().source;
        for case in cases(source) {
            let what = format!("{source}: {}", case["what"].as_str().unwrap());
            let received = adapter.receive(&channel_of(source), &webhook(&case["body"]), NOW);
            if let Some(status) = case["rejected"].as_u64() {
                assert_eq!(u64::from(received.unwrap_err().status()), status, "{what}");
                continue;
            }
            let events: Value = received
                .unwrap_or_else(|no| panic!("{what}: {no:?}"))
                .events
                .iter()
                .map(shown)
                .collect();
            println!("{what}");
            assert_contains(&events, &case["events"]);
        }
    }
}

#[test]
fn reading_a_request_twice_gives_the_same() {
    for adapter in ADAPTERS {
        let channel = channel_of(adapter.descriptor().source);
        for case in cases(adapter.descriptor().source) {
            let read = |now| {
                let received = adapter.receive(&channel, &webhook(&case["body"]), now);
                received.map(|received| received.events.iter().map(shown).collect::<Vec<_>>())
            };
            assert_eq!(read(NOW), read(NOW));
        }
    }
}

#[test]
fn nothing_is_taken_without_a_credential() {
    for adapter in ADAPTERS {
        let source = adapter.descriptor().source;
        let no = adapter.verify(&channel_of(source), &webhook(&json!({}))).unwrap_err();
        assert!(matches!(no.status(), 401 | 404), "{source}");
        let mut bare = channel_of(source);
        bare.secret = String::new();
        bare.config = Map::new();
        let headers = [
            ("x-telegram-bot-api-secret-token", ""),
            ("authorization", "Bearer "),
            (
                "x-hub-signature-256",
                "sha256=0000000000000000000000000000000000000000000000000000000000000000",
            ),
        ];
        let empty = crate::testing::with_headers(&headers, b"{}");
        assert!(
            adapter.verify(&bare, &empty).is_err(),
            "{source} takes an empty credential for an empty secret"
        );
    }
}

/// Answers that a provider, or something between it and us, may give to anything.
fn odd_answers(words: &str) -> Vec<Call> {
    let mut answers = vec![
        Call::NotSent(words.to_owned()),
        Call::Broken(words.to_owned()),
        raw_answer(200, b""),
        raw_answer(200, b"<html>"),
        raw_answer(204, b""),
        answer(200, json!([])),
        answer(
            200,
            json!({ "ok": true, "result": { "message_id": 1, "chat": { "id": 2 }, "url": "x" }, "id": "7", "url": words }),
        ),
        answer(302, json!(null)),
    ];
    for status in [400_u16, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504] {
        answers.push(raw_answer(status, words.as_bytes()));
        answers.push(answer(
            status,
            json!({ "ok": false, "error_code": status, "description": words }),
        ));
        answers.push(answer(status, json!({ "error": { "code": 1, "message": words } })));
        answers.push(answer(
            status,
            json!({ "error": { "code": 999_999, "message": words, "error_data": { "details": words } } }),
        ));
        answers.push(answer(status, json!({ "error": { "message": words } })));
    }
    answers
}

/// The end of a dialogue to which every call gets the same answer.
fn end<T>(mut dialogue: Box<dyn crate::Dialogue<T>>, call: &Call) -> T {
    let mut last = None;
    for _ in 0..10 {
        match dialogue.next(last.take()) {
            Step::Done(value) => return value,
            Step::Call(_) => last = Some(call.clone()),
        }
    }
    panic!("a dialogue goes on for more than ten calls");
}

#[test]
fn no_answer_puts_a_credential_into_a_sentence() {
    for adapter in ADAPTERS {
        let source = adapter.descriptor().source;
        let channel = channel_of(source);
        let fields = adapter.descriptor().fields.iter().filter(|field| field.secret);
        let mut secrets: Vec<&str> = fields.map(|field| channel.text(field.key)).collect();
        secrets.push(SECRET);
        let words = format!(
            "error for url (https://api.example/bot{}/x) {}",
            secrets[0],
            secrets.join(" and ")
        );
        let clean = |text: &str| {
            let leaks = secrets.iter().any(|secret| text.contains(secret)) || text.contains("://api");
            assert!(!leaks && !text.is_empty(), "{source}: {text}");
        };
        for call in odd_answers(&words) {
            for content in every_content() {
                let outcome = end(adapter.send(&channel, &outgoing(source, content)), &call);
                sentence(&outcome).into_iter().for_each(clean);
            }
            match end(adapter.connect(&channel), &call) {
                Ok(connected) => connected.warning.as_deref().into_iter().for_each(clean),
                Err(failure) => clean(&failure.text),
            }
            end(adapter.disconnect(&channel), &call);
            match end(adapter.media(&channel, &json!({ "file_id": "f", "id": "7" })), &call) {
                crate::Media::Gone(text) | crate::Media::Later(text) => clean(&text),
                crate::Media::Download { .. } => {}
            }
        }
    }
}

#[test]
fn what_may_have_arrived_is_never_sent_again() {
    for adapter in ADAPTERS
        .iter()
        .filter(|adapter| adapter.descriptor().source != "website_chat")
    {
        let source = adapter.descriptor().source;
        let send = || {
            adapter.send(
                &channel_of(source),
                &outgoing(source, ism_domain::content::Content::text("Hi")),
            )
        };
        let broken = end(send(), &Call::Broken("reset".into()));
        assert!(matches!(broken, Outcome::Uncertain(_)), "{source}: {broken:?}");
        let unsent = end(send(), &Call::NotSent("refused".into()));
        assert!(
            matches!(unsent, Outcome::Retry { counts: true, .. }),
            "{source}: {unsent:?}"
        );
    }
}

#[test]
fn a_contact_without_an_identity_here_cannot_be_written_to() {
    for adapter in ADAPTERS
        .iter()
        .filter(|adapter| adapter.descriptor().source != "website_chat")
    {
        let source = adapter.descriptor().source;
        let mut message = outgoing(source, ism_domain::content::Content::text("Hi"));
        message.to = vec![ism_domain::inbound::Identity::new("elsewhere", "1")];
        let outcome = end(adapter.send(&channel_of(source), &message), &raw_answer(200, b"{}"));
        assert!(matches!(outcome, Outcome::Failed(_)), "{source}: {outcome:?}");
    }
}

/// The bodies of all fixtures, read once.
static BODIES: LazyLock<Vec<(&'static str, Value)>> = LazyLock::new(|| {
    let sources = ADAPTERS.iter().map(|adapter| adapter.descriptor().source);
    sources
        .flat_map(|source| {
            cases(source)
                .into_iter()
                .map(move |mut case| (source, case["body"].take()))
        })
        .collect()
});

/// Every name and short text in the fixtures: arbitrary JSON made of these reaches deep into the readers.
static VOCABULARY: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn collect(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                names.insert(name.clone());
                collect(value, names);
            }),
            Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            Value::String(text) if text.len() < 40 => {
                names.insert(text.clone());
            }
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    BODIES.iter().for_each(|(_, body)| collect(body, &mut names));
    names.into_iter().collect()
});

fn word() -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(|index| index.get(&VOCABULARY).clone())
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let words = prop_oneof![word(), any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Replaces the `at`-th value of a document, counted depth first, by another.
fn graft(document: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *document = new.clone();
    }
    *at = at.wrapping_sub(1);
    match document {
        Value::Object(fields) => fields.values_mut().for_each(|value| graft(value, at, new)),
        Value::Array(items) => items.iter_mut().for_each(|value| graft(value, at, new)),
        _ => {}
    }
}

/// Fails unless the adapter takes this JSON, or refuses it where it may.
fn takes(adapter: &dyn Adapter, body: &Value) -> Result<(), TestCaseError> {
    let source = adapter.descriptor().source;
    let channel = channel_of(source);
    match adapter.receive(&channel, &webhook(body), NOW) {
        Ok(received) => {
            for event in &received.events {
                if let Inbound::Message(message) | Inbound::Echo(message) | Inbound::Edited(message) = event {
                    prop_assert!(!message.profile.identities.is_empty() && !message.external_id.is_empty());
                    prop_assert!(
                        !serde_json::to_string(&message.content).unwrap().contains("\\u0000"),
                        "NUL in {:?}",
                        message.content
                    );
                }
            }
            prop_assert!(
                source == "custom_channel" || !received.events.is_empty(),
                "an event must be counted"
            );
        }
        Err(Rejection::Malformed(_)) => prop_assert!(
            !body.is_object() || source == "custom_channel",
            "{source} refused {body}"
        ),
        Err(_) => prop_assert!(matches!(source, "custom_channel" | "website_chat")),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_taken(body in arbitrary_json()) {
        for adapter in ADAPTERS {
            takes(*adapter, &body)?;
        }
    }

    #[test]
    fn any_disfigured_fixture_is_taken(case in any::<prop::sample::Index>(), at in 0_usize..80, new in arbitrary_json()) {
        let (source, body) = case.get(&BODIES);
        let mut body = body.clone();
        graft(&mut body, &mut { at }, &new);
        takes(adapter(source).unwrap(), &body)?;
    }

    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200), header in any::<String>()) {
        let names = ["x-telegram-bot-api-secret-token", "authorization", "x-hub-signature-256"];
        let headers = names.iter().map(|name| ((*name).to_owned(), header.clone())).collect();
        let query = vec![("hub.mode".to_owned(), "subscribe".to_owned()), ("hub.verify_token".to_owned(), header.clone())];
        let webhook = Webhook { headers, query, body: body.into() };
        for adapter in ADAPTERS {
            let channel = channel_of(adapter.descriptor().source);
            prop_assert!(adapter.verify(&channel, &webhook).is_err());
            prop_assert!(adapter.handshake(&channel, &webhook).is_none_or(|reply| reply.status == 403));
            let _ = adapter.receive(&channel, &webhook, NOW);
        }
    }

    #[test]
    fn any_answer_is_survived(status in 100_u16..600, body in arbitrary_json()) {
        let call = answer(status, body);
        for adapter in ADAPTERS {
            let source = adapter.descriptor().source;
            let channel = channel_of(source);
            for content in every_content() {
                end(adapter.send(&channel, &outgoing(source, content)), &call);
            }
            let _ = end(adapter.connect(&channel), &call);
            end(adapter.media(&channel, &json!({ "file_id": "f", "id": "7" })), &call);
        }
    }

    #[test]
    fn any_typed_identifier_is_survived(text in any::<String>(), digits in "[+0-9 ()-]{0,24}") {
        for adapter in ADAPTERS {
            let channel = channel_of(adapter.descriptor().source);
            for identifier in [&text, &digits] {
                if let Some(profile) = adapter.start(&channel, identifier) {
                    prop_assert!(!profile.identities.is_empty() && adapter.descriptor().capabilities.can_start);
                }
            }
        }
    }
}
