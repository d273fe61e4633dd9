//! Telegram bots. Bot API reference: <https://core.telegram.org/bots/api>.

mod connect;
mod content;
mod receive;
mod send;
#[cfg(test)]
mod tests;

use crate::adapter::{Adapter, Channel, Connected, Descriptor, Media, Outcome, Outgoing, Pace};
use crate::dialogue::{Body, Dialogue, Method, Request};
use crate::webhook::{Received, Rejection, Webhook, WebhookReply};
use crate::{form, words};
use ism_domain::channel::{AttachmentRule, Capabilities, QuickReplyRule};
use ism_domain::content::AttachmentKind;
use ism_domain::message::{Failure, Status};
use ism_domain::{Refusal, Timestamp};
use serde_json::{Map, Value};
use std::sync::LazyLock;
use std::time::Duration;

/// The scheme of a Telegram user's id.
const SCHEME: &str = "telegram";
const PROVIDER: &str = "https://api.telegram.org";
const MB: i64 = 1_000_000;

static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| Descriptor {
    source: "telegram",
    label: "Telegram",
    summary: "Answer people who write to your Telegram bot.",
    steps: &[
        "Open @BotFather in Telegram and send /newbot (or /mybots for a bot you already have).",
        "Choose a name and a username; the username has to end in “bot”.",
        "Copy the token that @BotFather answers with and paste it here.",
    ],
    fields: vec![
        form::secret(
            "bot_token",
            "Bot token",
            "The text such as 123456789:AAF… that @BotFather gave you.",
        ),
        form::base_url("Only for a Bot API server of your own: its address instead of https://api.telegram.org."),
    ],
    capabilities: Capabilities {
        max_text: 4096,
        max_caption: 1024,
        attachments: vec![
            rule(
                AttachmentKind::Image,
                &["image/jpeg", "image/png", "image/webp"],
                10 * MB,
            ),
            rule(AttachmentKind::Video, &["video/mp4"], 50 * MB),
            rule(
                AttachmentKind::Audio,
                &["audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/ogg"],
                50 * MB,
            ),
            rule(AttachmentKind::Sticker, &["image/webp"], 512_000),
            rule(AttachmentKind::File, &["*/*"], 50 * MB),
        ],
        quick_replies: Some(QuickReplyRule {
            max_replies: 10,
            max_chars: 64,
        }),
        reply_to: true,
        location: true,
        templates: false,
        custom_payload: true,
        window_hours: None,
        can_start: false,
        furthest_status: Status::Sent,
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

/// The Telegram adapter.
pub struct Telegram;

impl Adapter for Telegram {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn account(&self, config: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        form::check(&DESCRIPTOR, config)?;
        let token = config
            .get("bot_token")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim();
        let shape = token.split_once(':').filter(|(id, secret)| {
            !id.is_empty()
                && id.bytes().all(|byte| byte.is_ascii_digit())
                && !secret.is_empty()
                && secret
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
        match shape {
            Some((id, _)) => Ok(Some(id.to_owned())),
            None => Err(Refusal::field(
                "bot_token",
                "A bot token looks like 123456789:AAF…; copy the whole token from @BotFather.",
            )),
        }
    }

    fn connect(&self, channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
        connect::connect(channel)
    }

    fn disconnect(&self, channel: &Channel) -> Box<dyn Dialogue<()>> {
        connect::disconnect(channel)
    }

    fn handshake(&self, _channel: &Channel, _webhook: &Webhook) -> Option<WebhookReply> {
        None
    }

    fn verify(&self, channel: &Channel, webhook: &Webhook) -> Result<(), Rejection> {
        let given = webhook
            .header("x-telegram-bot-api-secret-token")
            .ok_or(Rejection::Missing)?;
        if words::same_secret(given, &channel.secret) {
            Ok(())
        } else {
            Err(Rejection::Wrong { status: 403 })
        }
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

    fn pace(&self, _channel: &Channel) -> Pace {
        // Guidance, not a contract: the real ceilings are undisclosed, and `retry_after` is obeyed in any case.
        Pace {
            per_second: 30,
            contact_interval: Duration::from_secs(1),
            contact_burst: 3,
        }
    }
}

/// A request to a method of the Bot API. The address contains the token.
fn call(channel: &Channel, method: &str, body: Body) -> Request {
    let base = channel.base_url(PROVIDER);
    Request::new(
        Method::Post,
        format!("{base}/bot{}/{method}", channel.text("bot_token").trim()),
        body,
    )
}
