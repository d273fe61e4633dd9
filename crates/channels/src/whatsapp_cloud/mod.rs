//! WhatsApp Cloud API. Reference: <https://developers.facebook.com/docs/whatsapp/cloud-api>.

mod alerts;
mod connect;
mod content;
mod errors;
mod people;
mod receive;
mod send;
mod template;
#[cfg(test)]
mod tests;

use crate::adapter::{Adapter, Channel, Connected, Descriptor, Field, Media, Outcome, Outgoing, Pace};
use crate::dialogue::Dialogue;
use crate::webhook::{Received, Rejection, Webhook, WebhookReply};
use crate::{form, words};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ism_domain::channel::{AttachmentRule, Capabilities, QuickReplyRule};
use ism_domain::content::AttachmentKind;
use ism_domain::inbound::Profile;
use ism_domain::message::{Failure, Status};
use ism_domain::{Refusal, Timestamp};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::sync::LazyLock;
use std::time::Duration;

/// Digits of a phone number, without `+`: WhatsApp's `wa_id`.
const PHONE: &str = "wa_phone";
/// A business-scoped user id such as `GB.7001…`, for people who hide their number.
const BSUID: &str = "wa_bsuid";
/// The form of it that linked business portfolios share.
const PARENT_BSUID: &str = "wa_parent_bsuid";
const PROVIDER: &str = "https://graph.facebook.com";
const VERSION: &str = "v26.0";
const MB: i64 = 1024 * 1024;

static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| Descriptor {
    source: "whatsapp_cloud",
    label: "WhatsApp",
    summary: "Answer people on your WhatsApp business number, through Meta’s Cloud API.",
    steps: &[
        "At developers.facebook.com create an app of the type Business and add the product WhatsApp.",
        "Add your phone number under WhatsApp → API setup, and copy its phone number ID and the WhatsApp Business account ID.",
        "In the business settings create a system user, give it the app and the WhatsApp account, and generate a token that never expires with the permissions whatsapp_business_messaging and whatsapp_business_management.",
        "Copy the app secret from the app’s settings → Basic.",
        "Under WhatsApp → Configuration subscribe the app to the field “messages”.",
    ],
    fields: vec![
        form::secret(
            "access_token",
            "Access token",
            "The token of a system user, which never expires.",
        ),
        form::required(
            "phone_number_id",
            "Phone number ID",
            "Under WhatsApp → API setup; it is not the phone number itself.",
        ),
        form::required(
            "waba_id",
            "WhatsApp Business account ID",
            "Under WhatsApp → API setup, below the phone number ID.",
        ),
        form::secret(
            "app_secret",
            "App secret",
            "Under the app’s settings → Basic; it proves that messages come from Meta.",
        ),
        Field {
            required: false,
            advanced: true,
            ..form::secret(
                "verify_token",
                "Verify token",
                "Only if you enter the webhook at Meta by hand: the text you typed there. Otherwise one is made for you.",
            )
        },
        form::base_url("Only for tests and partners: the address instead of https://graph.facebook.com."),
    ],
    capabilities: Capabilities {
        max_text: 4096,
        max_caption: 1024,
        attachments: vec![
            rule(AttachmentKind::Image, &["image/jpeg", "image/png"], 5 * MB),
            rule(AttachmentKind::Video, &["video/mp4", "video/3gpp"], 16 * MB),
            rule(
                AttachmentKind::Audio,
                &["audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"],
                16 * MB,
            ),
            rule(AttachmentKind::Sticker, &["image/webp"], 500 * 1024),
            rule(AttachmentKind::File, &["*/*"], 100 * MB),
        ],
        quick_replies: Some(QuickReplyRule {
            max_replies: 10,
            max_chars: 24,
        }),
        reply_to: true,
        location: true,
        templates: true,
        custom_payload: true,
        window_hours: Some(24),
        can_start: true,
        furthest_status: Status::Read,
    },
    simulated: true,
});

fn rule(kind: AttachmentKind, mimes: &[&'static str], max_bytes: i64) -> AttachmentRule {
    AttachmentRule {
        kind,
        mimes: mimes.to_vec(),
        max_bytes,
    }
}

/// The WhatsApp Cloud API adapter.
pub struct WhatsappCloud;

impl Adapter for WhatsappCloud {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn account(&self, config: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        form::check(&DESCRIPTOR, config)?;
        for key in ["phone_number_id", "waba_id"] {
            let id = config.get(key).and_then(Value::as_str).unwrap_or_default().trim();
            if !id.bytes().all(|byte| byte.is_ascii_digit()) {
                let text = "This is an id of digits only; copy it from WhatsApp → API setup (a phone number with + is something else).";
                return Err(Refusal::field(key, text));
            }
        }
        Ok(config
            .get("phone_number_id")
            .and_then(Value::as_str)
            .map(|id| id.trim().to_owned()))
    }

    fn connect(&self, channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
        connect::connect(channel)
    }

    fn disconnect(&self, channel: &Channel) -> Box<dyn Dialogue<()>> {
        connect::disconnect(channel)
    }

    fn handshake(&self, channel: &Channel, webhook: &Webhook) -> Option<WebhookReply> {
        let given = webhook.query("hub.verify_token").unwrap_or_default();
        let challenge = webhook
            .query("hub.challenge")
            .filter(|_| webhook.query("hub.mode") == Some("subscribe"));
        Some(match challenge {
            Some(challenge) if words::same_secret(given, verify_token(channel)) => WebhookReply::text(challenge),
            _ => WebhookReply {
                status: 403,
                ..WebhookReply::text("The verify token does not match.")
            },
        })
    }

    fn verify(&self, channel: &Channel, webhook: &Webhook) -> Result<(), Rejection> {
        // The legacy SHA-1 header beside it is never looked at.
        let header = webhook.header("x-hub-signature-256").ok_or(Rejection::Missing)?;
        let digest = header
            .strip_prefix("sha256=")
            .and_then(|digits| hex::decode(digits).ok());
        let digest = digest.filter(|digest| digest.len() == 32).ok_or(Rejection::Missing)?;
        let wrong = Rejection::Wrong { status: 403 };
        let secret = channel.text("app_secret").trim();
        if secret.is_empty() {
            return Err(wrong);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| wrong)?;
        mac.update(&webhook.body);
        mac.verify_slice(&digest).map_err(|_| wrong)
    }

    fn receive(&self, channel: &Channel, webhook: &Webhook, now: Timestamp) -> Result<Received, Rejection> {
        receive::receive(channel, webhook, now)
    }

    fn send(&self, channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
        send::send(channel, message)
    }

    fn media(&self, channel: &Channel, media: &Value) -> Box<dyn Dialogue<Media>> {
        connect::media(channel, media)
    }

    fn pace(&self, channel: &Channel) -> Pace {
        // The level is one of the facts that connecting found.
        let per_second = if channel.text("throughput").eq_ignore_ascii_case("HIGH") {
            1000
        } else {
            80
        };
        Pace {
            per_second,
            contact_interval: Duration::from_secs(6),
            contact_burst: 45,
        }
    }

    fn start(&self, _channel: &Channel, identifier: &str) -> Option<Profile> {
        people::start(identifier)
    }
}

/// The token of the handshake: the user's own, else the channel's secret.
fn verify_token(channel: &Channel) -> &str {
    let own = channel.text("verify_token").trim();
    if own.is_empty() { &channel.secret } else { own }
}

/// The address of a Graph API node, such as `{phone_number_id}/messages`.
fn node(channel: &Channel, path: &str) -> String {
    format!("{}/{VERSION}/{path}", channel.base_url(PROVIDER))
}

fn phone_number_id(channel: &Channel) -> &str {
    channel.text("phone_number_id").trim()
}

fn access_token(channel: &Channel) -> &str {
    channel.text("access_token").trim()
}
