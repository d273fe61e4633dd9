//! What an adapter hands over after reading a provider's request, the same for every channel.

use crate::content::Content;
use crate::message::{Failure, Status};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way a provider names a person. Unique within a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// `telegram`, `wa_phone`, `wa_bsuid`, `custom`, `visitor`…
    pub scheme: String,
    /// The provider's value, as text (ids exceed 53 bits).
    pub value: String,
}

impl Identity {
    /// An identity from its two parts.
    #[must_use]
    pub fn new(scheme: &str, value: impl Into<String>) -> Self {
        Self {
            scheme: scheme.to_owned(),
            value: value.into(),
        }
    }

    /// The one-line form stored in the database: `scheme:value`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.scheme, self.value)
    }
}

/// What the provider says about the person who wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Every identity known from this event; the first is the address to send to. Never empty.
    pub identities: Vec<Identity>,
    /// Other spellings under which the person may already be known (Brazilian ninth digit and the like): looked up
    /// after `identities`, stored as aliases.
    #[serde(default)]
    pub aliases: Vec<Identity>,
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
    /// Used when there is no name.
    #[serde(default)]
    pub username: Option<String>,
    /// E.164 with `+`; only where the channel proves it belongs to the person.
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    /// ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country_code: Option<String>,
    /// A URL that needs no credentials.
    #[serde(default)]
    pub picture: Option<String>,
}

/// A message as the adapter read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Unique within the channel, over both directions.
    pub external_id: String,
    pub profile: Profile,
    pub content: Content,
    /// How to fetch the bytes of an attachment; opaque to everyone but the adapter. Holds no credential.
    #[serde(default)]
    pub media: Option<Value>,
    /// The provider's time.
    pub at: Timestamp,
    /// External id of the quoted message.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Items of one album share this.
    #[serde(default)]
    pub album: Option<String>,
    #[serde(default)]
    pub forwarded: bool,
    /// The ad, link or page that led here, as the provider described it. `{"kind":"ad",…}` opens with source
    /// `ctc_ads`.
    #[serde(default)]
    pub referral: Option<Value>,
}

/// A provider's word on one of our messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundStatus {
    /// The provider's message id.
    pub external_id: String,
    /// The reference we gave when sending, if the provider repeats it: matches even before the send answered.
    #[serde(default)]
    pub reference: Option<String>,
    pub status: Status,
    pub at: Timestamp,
    /// For `failed`.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// One thing that happened at the provider. An adapter returns these in the order of the request.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// The customer wrote, or pressed a button.
    Message(Box<InboundMessage>),
    /// The business wrote from outside our product. The profile is the customer's.
    Echo(Box<InboundMessage>),
    /// New content of a message; may name one we never saw, and is then stored as a message.
    Edited(Box<InboundMessage>),
    /// The customer withdrew a message.
    Deleted {
        external_id: String,
        at: Timestamp,
    },
    /// A reaction was set, or removed (`emoji: None`).
    Reaction {
        profile: Profile,
        target: String,
        emoji: Option<String>,
        at: Timestamp,
    },
    Status(InboundStatus),
    /// The customer started the chat without writing (deep link, first opening of the chat).
    Opened {
        profile: Profile,
        payload: Option<String>,
        at: Timestamp,
    },
    /// The customer blocked us or unsubscribed.
    Stopped {
        profile: Profile,
        at: Timestamp,
    },
    /// The customer came back after [`Inbound::Stopped`].
    Resumed {
        profile: Profile,
        at: Timestamp,
    },
    /// The provider renamed a person.
    IdentityChanged {
        from: Identity,
        to: Vec<Identity>,
        at: Timestamp,
    },
    /// Something about the account: quality, ban, token. Shown on the channel.
    ChannelAlert {
        code: String,
        text: String,
        at: Timestamp,
    },
    /// Understood, and deliberately of no consequence.
    Ignored {
        reason: &'static str,
    },
    /// Authentic, but not understood: kept raw and counted.
    Unrecognised {
        reason: &'static str,
        raw: Value,
    },
}

impl Inbound {
    /// The same without NUL in anything that is looked up or stored by itself: databases refuse it, and an id is the same
    /// with or without it. Raw JSON is left as it came.
    #[must_use]
    pub fn without_nul(mut self) -> Self {
        match &mut self {
            Self::Message(message) | Self::Echo(message) | Self::Edited(message) => {
                strip(&mut message.external_id);
                message.reply_to.iter_mut().chain(&mut message.album).for_each(strip);
                strip_profile(&mut message.profile);
                strip_content(&mut message.content);
            }
            Self::Deleted { external_id, .. } => strip(external_id),
            Self::Reaction {
                profile, target, emoji, ..
            } => {
                strip_profile(profile);
                strip(target);
                emoji.iter_mut().for_each(strip);
            }
            Self::Status(status) => {
                strip(&mut status.external_id);
                status.reference.iter_mut().for_each(strip);
                if let Some(failure) = &mut status.failure {
                    strip(&mut failure.text);
                    failure.code.iter_mut().for_each(strip);
                }
            }
            Self::Opened { profile, payload, .. } => {
                strip_profile(profile);
                payload.iter_mut().for_each(strip);
            }
            Self::Stopped { profile, .. } | Self::Resumed { profile, .. } => strip_profile(profile),
            Self::IdentityChanged { from, to, .. } => {
                strip(&mut from.value);
                to.iter_mut().for_each(|identity| strip(&mut identity.value));
            }
            Self::ChannelAlert { code, text, .. } => {
                strip(code);
                strip(text);
            }
            Self::Ignored { .. } | Self::Unrecognised { .. } => {}
        }
        self
    }
}

fn strip(text: &mut String) {
    if text.contains('\0') {
        text.retain(|c| c != '\0');
    }
}

fn strip_profile(profile: &mut Profile) {
    for identity in profile.identities.iter_mut().chain(&mut profile.aliases) {
        strip(&mut identity.value);
    }
    let parts = [
        &mut profile.first_name,
        &mut profile.last_name,
        &mut profile.username,
        &mut profile.phone,
        &mut profile.email,
        &mut profile.language,
        &mut profile.country_code,
        &mut profile.picture,
    ];
    parts.into_iter().flatten().for_each(strip);
}

/// Every text of a content, wherever it stands: through its JSON form, since there are many.
fn strip_content(content: &mut Content) {
    if let Content::Text { text } = content {
        return strip(text);
    }
    let Ok(mut value) = serde_json::to_value(&*content) else {
        return;
    };
    if strip_value(&mut value)
        && let Ok(clean) = serde_json::from_value(value)
    {
        *content = clean;
    }
}

/// Returns whether anything was removed.
fn strip_value(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let found = text.contains('\0');
            strip(text);
            found
        }
        Value::Array(list) => list.iter_mut().fold(false, |found, item| strip_value(item) | found),
        Value::Object(object) => object.values_mut().fold(false, |found, item| strip_value(item) | found),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Location, clean_text};

    #[test]
    fn nul_goes_and_what_looks_like_it_stays() {
        let said = |content: Content| InboundMessage {
            external_id: "m\x001".into(),
            profile: Profile {
                identities: vec![Identity::new("custom", "7\0")],
                ..Profile::default()
            },
            content,
            media: None,
            at: Timestamp(1),
            reply_to: None,
            album: None,
            forwarded: false,
            referral: None,
        };
        let place = |name: &str| {
            Content::Location(Location {
                latitude: 1.0,
                longitude: 2.0,
                name: Some(name.into()),
                address: None,
                live: false,
            })
        };
        for text in ["a\0b", "\\u0000", "\\\0u0000", "plain"] {
            for (content, clean) in [
                (Content::text(text), Content::text(clean_text(text))),
                (place(text), place(&clean_text(text))),
            ] {
                let Inbound::Message(message) = Inbound::Message(Box::new(said(content))).without_nul() else {
                    unreachable!()
                };
                assert_eq!(message.content, clean);
                assert_eq!(
                    (
                        message.external_id.as_str(),
                        message.profile.identities[0].value.as_str()
                    ),
                    ("m1", "7")
                );
            }
        }
    }
}
