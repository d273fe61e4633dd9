//! Custom channels: any system that speaks the small protocol of the Developer API.

mod receive;
mod send;
#[cfg(test)]
mod tests;

use crate::adapter::{
    Adapter, Channel, Connected, Descriptor, Field, FieldKind, FieldOption, Media, Outcome, Outgoing, Pace,
};
use crate::dialogue::{Dialogue, Immediate, Request};
use crate::webhook::{Received, Rejection, Webhook, WebhookReply};
use crate::{form, json, words};
use ism_domain::channel::{AttachmentRule, Capabilities, QuickReplyRule};
use ism_domain::content::AttachmentKind;
use ism_domain::inbound::{Identity, Profile};
use ism_domain::message::{Failure, Status};
use ism_domain::{Refusal, Timestamp};
use serde_json::{Map, Value};
use std::sync::LazyLock;
use std::time::Duration;

/// The scheme of a contact id of the connected system.
const SCHEME: &str = "custom";
const FILE_CAP: usize = 25 * 1024 * 1024;

static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| Descriptor {
    source: "custom_channel",
    label: "Custom channel",
    summary: "Connect any other messaging system through a small HTTP protocol.",
    steps: &[
        "Run a service that accepts POST {base URL}/message and answers {\"mId\": \"…\"}.",
        "Enter its base URL here and choose how its users are named.",
        "After connecting, give your service the channel ID, the API token and the webhook address that are shown.",
    ],
    fields: vec![
        Field {
            kind: FieldKind::Url,
            ..form::required(
                "base_url",
                "Base URL",
                "Messages are sent to this address with /message behind it.",
            )
        },
        Field {
            kind: FieldKind::Select,
            options: &[
                FieldOption {
                    value: "phone",
                    label: "Phone number",
                },
                FieldOption {
                    value: "custom",
                    label: "Custom ID",
                },
            ],
            ..form::required(
                "id_type",
                "ID type",
                "How your system names its users; it cannot be changed later.",
            )
        },
    ],
    capabilities: Capabilities {
        max_text: 4096,
        max_caption: 0,
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
            max_chars: 256,
        }),
        reply_to: false,
        location: true,
        templates: false,
        custom_payload: true,
        window_hours: None,
        can_start: true,
        furthest_status: Status::Read,
    },
    simulated: true,
});

fn patterns(kind: AttachmentKind) -> Vec<&'static str> {
    match kind {
        AttachmentKind::Image => vec!["image/*"],
        AttachmentKind::Video => vec!["video/*"],
        AttachmentKind::Audio => vec!["audio/*"],
        AttachmentKind::File | AttachmentKind::Sticker => vec!["*/*"],
    }
}

/// The custom channel adapter.
pub struct CustomChannel;

impl Adapter for CustomChannel {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn account(&self, config: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        form::check(&DESCRIPTOR, config).map(|()| None)
    }

    /// There is nothing to call: the protocol knows no check, and the service learns token and address from the user.
    fn connect(&self, channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
        let base = channel.base_url("").to_owned();
        let host = url::Url::parse(&base)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        Box::new(Immediate::new(Ok(Connected {
            name: host.unwrap_or_else(|| "Custom channel".to_owned()),
            address: base,
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

    fn verify(&self, channel: &Channel, webhook: &Webhook) -> Result<(), Rejection> {
        let header = webhook.header("authorization").ok_or(Rejection::Missing)?;
        let (scheme, token) = header.trim().split_once(' ').ok_or(Rejection::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Rejection::Missing);
        }
        if words::same_secret(token.trim(), &channel.secret) {
            Ok(())
        } else {
            Err(Rejection::Wrong { status: 401 })
        }
    }

    fn receive(&self, channel: &Channel, webhook: &Webhook, now: Timestamp) -> Result<Received, Rejection> {
        receive::receive(channel, webhook, now)
    }

    fn send(&self, channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
        send::send(channel, message)
    }

    fn media(&self, _channel: &Channel, media: &Value) -> Box<dyn Dialogue<Media>> {
        let url = json::filled(media, "/url").filter(|url| receive::is_web_address(url));
        Box::new(Immediate::new(match url {
            Some(url) => {
                let mut request = Request::get(url);
                request.timeout = Duration::from_secs(120);
                request.max_response = FILE_CAP;
                Media::Download {
                    request,
                    mime: json::filled(media, "/mime"),
                    file_name: json::filled(media, "/file_name"),
                }
            }
            None => Media::Gone("The file’s address is not one that can be fetched.".to_owned()),
        }))
    }

    fn pace(&self, _channel: &Channel) -> Pace {
        // The protocol names no limit; this one keeps a small service from being overrun.
        Pace {
            per_second: 50,
            contact_interval: Duration::from_millis(200),
            contact_burst: 20,
        }
    }

    fn start(&self, channel: &Channel, identifier: &str) -> Option<Profile> {
        let identifier = identifier.trim();
        if channel.text("id_type") == "custom" {
            return receive::is_custom_id(identifier).then(|| Profile {
                identities: vec![Identity::new(SCHEME, identifier)],
                ..Profile::default()
            });
        }
        let phone = words::phone(identifier)?;
        Some(Profile {
            aliases: receive::spellings(&phone),
            identities: vec![Identity::new(SCHEME, &phone)],
            phone: Some(phone),
            ..Profile::default()
        })
    }
}
