//! The chat widget for websites. It talks to our own server, so there is no provider to call or to be called by: this
//! adapter describes the channel and decides who may use it.

mod receive;
mod send;
#[cfg(test)]
mod tests;

pub use receive::{origin_allowed, user_hash_matches};

use crate::adapter::{
    Adapter, Channel, Connected, Descriptor, Field, FieldKind, FieldOption, Media, Outcome, Outgoing, Pace,
};
use crate::dialogue::{Dialogue, Immediate};
use crate::form;
use crate::webhook::{Received, Rejection, Webhook, WebhookReply};
use ism_domain::channel::{AttachmentRule, Capabilities, QuickReplyRule};
use ism_domain::content::AttachmentKind;
use ism_domain::message::{Failure, Status};
use ism_domain::{Refusal, Timestamp};
use serde_json::{Map, Value};
use std::sync::LazyLock;
use std::time::Duration;

static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| Descriptor {
    source: "website_chat",
    label: "Website chat",
    summary: "A chat widget for your own website.",
    steps: &[
        "Choose how the widget looks and connect.",
        "Copy the code that is shown into your pages, before </body>.",
    ],
    fields: vec![
        option(
            "color",
            "Colour",
            "The colour of the button and the header, such as #1f6feb.",
            FieldKind::Color,
        ),
        option(
            "greeting",
            "Greeting",
            "What visitors read when they open the chat.",
            FieldKind::Text,
        ),
        Field {
            options: &[
                FieldOption {
                    value: "right",
                    label: "Right",
                },
                FieldOption {
                    value: "left",
                    label: "Left",
                },
            ],
            ..option(
                "position",
                "Position",
                "The corner of the page where the button sits.",
                FieldKind::Select,
            )
        },
        option(
            "locale",
            "Language",
            "A language code such as en or pt-BR; empty means the visitor’s own.",
            FieldKind::Text,
        ),
        option(
            "allowed_origins",
            "Allowed websites",
            "One address a line, such as https://shop.example or https://*.shop.example; empty means any.",
            FieldKind::Lines,
        ),
        Field {
            advanced: true,
            ..option(
                "require_identity",
                "Only signed-in visitors",
                "Visitors must be named by your website with a hash made with the channel’s secret.",
                FieldKind::Toggle,
            )
        },
    ],
    capabilities: Capabilities {
        max_text: 4096,
        max_caption: 1024,
        attachments: [
            AttachmentKind::Image,
            AttachmentKind::Video,
            AttachmentKind::Audio,
            AttachmentKind::File,
        ]
        .into_iter()
        .map(|kind| AttachmentRule {
            kind,
            mimes: patterns(kind),
            max_bytes: 25 * 1024 * 1024,
        })
        .collect(),
        quick_replies: Some(QuickReplyRule {
            max_replies: 10,
            max_chars: 80,
        }),
        reply_to: false,
        location: false,
        templates: false,
        custom_payload: false,
        window_hours: None,
        can_start: false,
        furthest_status: Status::Read,
    },
    simulated: false,
});

const fn option(key: &'static str, label: &'static str, help: &'static str, kind: FieldKind) -> Field {
    Field {
        key,
        label,
        help,
        kind,
        required: false,
        secret: false,
        advanced: false,
        options: &[],
    }
}

fn patterns(kind: AttachmentKind) -> Vec<&'static str> {
    match kind {
        AttachmentKind::Image => vec!["image/jpeg", "image/png", "image/gif", "image/webp"],
        AttachmentKind::Video => vec!["video/mp4", "video/webm"],
        AttachmentKind::Audio => vec!["audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "audio/wav"],
        AttachmentKind::File | AttachmentKind::Sticker => vec!["*/*"],
    }
}

/// The website chat adapter.
pub struct WebsiteChat;

impl Adapter for WebsiteChat {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn account(&self, config: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        form::check(&DESCRIPTOR, config)?;
        let text = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        if text("greeting").chars().count() > 500 {
            return Err(Refusal::field(
                "greeting",
                "The greeting may have at most 500 characters.",
            ));
        }
        let locale = text("locale");
        if !locale.is_empty() && !receive::is_locale(locale) {
            return Err(Refusal::field("locale", "The language is a code such as en or pt-BR."));
        }
        match receive::origins(text("allowed_origins")).find(|line| !receive::is_origin(line)) {
            Some(line) => Err(Refusal::field(
                "allowed_origins",
                format!("“{line}” is not a website’s address. Write https://shop.example, without a path."),
            )),
            None => Ok(None),
        }
    }

    fn connect(&self, _channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
        Box::new(Immediate::new(Ok(Connected {
            name: "Website chat".to_owned(),
            address: "Your website".to_owned(),
            facts: Map::new(),
            warning: None,
        })))
    }

    fn disconnect(&self, _channel: &Channel) -> Box<dyn Dialogue<()>> {
        Box::new(Immediate::new(()))
    }

    fn handshake(&self, _channel: &Channel, _webhook: &Webhook) -> Option<WebhookReply> {
        None
    }

    fn verify(&self, _channel: &Channel, _webhook: &Webhook) -> Result<(), Rejection> {
        receive::no_webhook()
    }

    fn receive(&self, _channel: &Channel, _webhook: &Webhook, _now: Timestamp) -> Result<Received, Rejection> {
        receive::no_webhook()
    }

    fn send(&self, _channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
        Box::new(Immediate::new(send::outcome(message)))
    }

    fn media(&self, _channel: &Channel, _media: &Value) -> Box<dyn Dialogue<Media>> {
        // Visitors upload to us before they send.
        Box::new(Immediate::new(Media::Gone("This file was not uploaded.".to_owned())))
    }

    fn pace(&self, _channel: &Channel) -> Pace {
        Pace {
            per_second: 10_000,
            contact_interval: Duration::from_millis(1),
            contact_burst: 1000,
        }
    }
}
