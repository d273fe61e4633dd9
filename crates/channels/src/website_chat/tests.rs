use super::{WebsiteChat, origin_allowed, user_hash_matches};
use crate::adapter::{Adapter, Outcome};
use crate::testing::{channel, every_content, outgoing, play};
use ism_domain::content::Content;
use serde_json::{Value, json};

#[test]
fn a_visitor_is_proven_by_the_hash_of_the_id() {
    let mut channel = channel(json!({}));
    channel.secret = "widget-secret".to_owned();
    let hash = "03ef7e8784e06e0f8317142f50b1f0644c8dac857d0705e0c560b6f27528fe9a";
    assert!(user_hash_matches(&channel, "user-42", hash));
    assert!(user_hash_matches(&channel, "user-42", &hash.to_uppercase()));
    assert!(!user_hash_matches(&channel, "user-43", hash));
    assert!(!user_hash_matches(&channel, "user-42", ""));
    assert!(!user_hash_matches(&channel, "user-42", &hash[..63]));
    channel.secret = String::new();
    assert!(!user_hash_matches(
        &channel,
        "",
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    ));
}

#[test]
fn websites_are_allowed_by_scheme_host_and_port() {
    let list = "https://shop.example\n https://*.mugs.example \nhttp://localhost:5173/\n";
    let chat = channel(json!({ "allowed_origins": list }));
    let allowed = |origin: &str| origin_allowed(&chat, origin);
    for origin in [
        "https://shop.example",
        "https://shop.example:443",
        "https://a.b.mugs.example",
        "http://localhost:5173",
    ] {
        assert!(allowed(origin), "{origin}");
    }
    for origin in [
        "http://shop.example",
        "https://shop.example:8443",
        "https://evil-shop.example",
        "https://shop.example.evil.test",
        "https://mugs.example",
        "https://evilmugs.example",
        "http://localhost",
        "null",
        "",
    ] {
        assert!(!allowed(origin), "{origin}");
    }
    assert!(origin_allowed(
        &channel(json!({ "allowed_origins": " \n" })),
        "https://any.example"
    ));
    assert!(origin_allowed(&channel(json!({})), "null"));
}

#[test]
fn settings_are_checked() {
    let account = |config: Value| WebsiteChat.account(config.as_object().unwrap());
    let good = json!({ "color": "#1f6feb", "greeting": "Hi!", "position": "left", "locale": "pt-BR", "require_identity": true,
        "allowed_origins": "https://shop.example\nhttps://*.shop.example" });
    assert_eq!(account(good), Ok(None));
    assert_eq!(account(json!({})), Ok(None));
    for (config, field) in [
        (json!({ "color": "blue" }), "color"),
        (json!({ "color": "#12345g" }), "color"),
        (json!({ "position": "top" }), "position"),
        (json!({ "locale": "english please" }), "locale"),
        (json!({ "require_identity": "yes" }), "require_identity"),
        (json!({ "greeting": "x".repeat(501) }), "greeting"),
        (json!({ "allowed_origins": "shop.example" }), "allowed_origins"),
        (
            json!({ "allowed_origins": "https://shop.example/path" }),
            "allowed_origins",
        ),
        (
            json!({ "allowed_origins": "https://shop.*.example" }),
            "allowed_origins",
        ),
        (json!({ "allowed_origins": "https://*" }), "allowed_origins"),
    ] {
        assert_eq!(
            account(config.clone()).unwrap_err().field.as_deref(),
            Some(field),
            "{config}"
        );
    }
}

#[test]
fn sending_is_storing() {
    let chat = channel(json!({}));
    assert!(play(WebsiteChat.connect(&chat), vec![]).1.is_ok());
    for content in every_content() {
        let shown = matches!(
            content,
            Content::Text { .. } | Content::Attachment { .. } | Content::QuickReply { .. }
        );
        let (requests, outcome) = play(WebsiteChat.send(&chat, &outgoing("website_chat", content)), vec![]);
        assert!(requests.is_empty());
        assert_eq!(matches!(outcome, Outcome::Sent { external_id: None, .. }), shown);
    }
}
