//! What a message says, the same for every channel.
//!
//! The JSON form (`{"type":"text","text":"Hi"}`) is what the database stores and what the web app, the
//! Developer API and webhooks show; its type names follow the Developer API.

use crate::ids::AttachmentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of a message. Serialised with a `type` member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text; channels may give it light markup of their own.
    Text { text: String },
    /// One file, with an optional caption.
    Attachment { attachment: Attachment },
    /// A point on the map.
    Location(Location),
    /// One or more contact cards.
    Contacts { contacts: Vec<ContactCard> },
    /// A question with tappable answers (outgoing).
    QuickReply { title: String, replies: Vec<String> },
    /// The customer pressed a button, list row or quick reply (incoming).
    Postback {
        /// What the button said, if the channel tells.
        title: String,
        /// The machine-readable value behind it.
        payload: String,
        /// `button`, `list`, `quick_reply` or `template`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
    },
    /// A WhatsApp template (outgoing).
    WhatsappTemplate { template: Template },
    /// A WhatsApp interactive message, the provider's own object (outgoing).
    WhatsappInteractive { interactive: Value },
    /// A shopping cart (incoming).
    WhatsappOrder { order: Order },
    /// The answers of a form such as a WhatsApp Flow (incoming).
    Form {
        name: String,
        /// The answers as the provider sent them; usually an object.
        response: Value,
    },
    /// Raw JSON for the channel, passed through (outgoing, only where the channel allows it).
    CustomPayload { payload: Value },
    /// Something the channel or we cannot show; the raw event is kept.
    Unsupported {
        /// The provider's name for it, such as `poll`.
        kind: String,
        /// A sentence for the agent, if the provider gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What kind of file an attachment is; decides how it is drawn and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    Image,
    Video,
    Audio,
    File,
    /// A sticker; drawn without a bubble.
    Sticker,
}

impl AttachmentKind {
    /// The kind that a MIME type suggests.
    #[must_use]
    pub fn of_mime(mime: &str) -> Self {
        match mime.split('/').next().unwrap_or_default() {
            "image" if mime != "image/svg+xml" => Self::Image,
            "video" => Self::Video,
            "audio" => Self::Audio,
            _ => Self::File,
        }
    }

    /// The name used in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
            Self::Sticker => "sticker",
        }
    }
}

/// How far the bytes of an attachment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Known but not yet downloaded from the provider.
    #[default]
    Pending,
    /// Stored; can be shown.
    Ready,
    /// The provider no longer has it or refused; `error` says why.
    Failed,
}

/// Stands for "what the file is": an explicit file or sticker is kept when sending, any other kind gives way to what was stored.
const fn natural_kind() -> AttachmentKind {
    AttachmentKind::Image
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attachment {
    /// Our id; absent only between an adapter and ingest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AttachmentId>,
    /// May be left out of what is to be sent: then it is what the bytes are.
    #[serde(default = "natural_kind")]
    #[schema(required = true)]
    pub kind: AttachmentKind,
    #[serde(default)]
    pub state: AttachmentState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// Milliseconds, for audio and video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Recorded on the spot rather than a music or file upload.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
    /// The emoji a sticker stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Why the bytes could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where the bytes can be fetched; only in answers, never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Attachment {
    /// An attachment of which only the kind is known.
    #[must_use]
    pub const fn new(kind: AttachmentKind) -> Self {
        Self {
            id: None,
            kind,
            state: AttachmentState::Pending,
            mime: None,
            file_name: None,
            size: None,
            caption: None,
            width: None,
            height: None,
            duration_ms: None,
            voice: false,
            emoji: None,
            error: None,
            url: None,
        }
    }
}

/// A point on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The sender shares a moving position.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
}

/// A person's card, shared in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, utoipa::ToSchema)]
pub struct ContactCard {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// A template to be sent, in the Developer API's component form (`spec` names: header, body, footer, buttons).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Template {
    pub name: String,
    #[serde(rename = "languageCode")]
    pub language_code: String,
    /// Components in the Developer API's form; matched by `type`, never by position.
    #[serde(default)]
    pub components: Vec<Value>,
}

/// A cart sent by the customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Order {
    pub catalog_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub items: Vec<OrderItem>,
}

/// One line of a cart. The price is the customer's claim, as decimal text: never charge by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderItem {
    pub product_id: String,
    pub quantity: i64,
    pub price: String,
    pub currency: String,
}

impl Content {
    /// Plain text content.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The name of the type as in the JSON form.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Attachment { .. } => "attachment",
            Self::Location(_) => "location",
            Self::Contacts { .. } => "contacts",
            Self::QuickReply { .. } => "quick_reply",
            Self::Postback { .. } => "postback",
            Self::WhatsappTemplate { .. } => "whatsapp_template",
            Self::WhatsappInteractive { .. } => "whatsapp_interactive",
            Self::WhatsappOrder { .. } => "whatsapp_order",
            Self::Form { .. } => "form",
            Self::CustomPayload { .. } => "custom_payload",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// The attachment, if this is one.
    #[must_use]
    pub const fn attachment(&self) -> Option<&Attachment> {
        match self {
            Self::Attachment { attachment } => Some(attachment),
            _ => None,
        }
    }

    /// The attachment, if this is one, to be changed.
    pub const fn attachment_mut(&mut self) -> Option<&mut Attachment> {
        match self {
            Self::Attachment { attachment } => Some(attachment),
            _ => None,
        }
    }

    /// The words in it that search should find and that a list preview shows; empty when there are none.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Text { text } => text.clone(),
            Self::Attachment { attachment } => attachment
                .caption
                .clone()
                .or_else(|| attachment.file_name.clone())
                .unwrap_or_default(),
            Self::Location(place) => [place.name.as_deref(), place.address.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", "),
            Self::Contacts { contacts } => contacts
                .iter()
                .map(|card| card.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            Self::QuickReply { title, .. } | Self::Postback { title, .. } => title.clone(),
            Self::WhatsappTemplate { template } => template_words(template),
            Self::WhatsappInteractive { interactive } => interactive
                .pointer("/body/text")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            Self::WhatsappOrder { order } => order.text.clone(),
            Self::Form { name, .. } => name.clone(),
            Self::CustomPayload { .. } => String::new(),
            Self::Unsupported { reason, .. } => reason.clone().unwrap_or_default(),
        }
    }
}

/// The text of a template with its parameters filled in, for previews and search.
#[must_use]
pub fn template_words(template: &Template) -> String {
    let mut parts = Vec::new();
    for component in &template.components {
        let Some(text) = component.get("text").and_then(Value::as_str) else {
            continue;
        };
        let mut filled = text.to_owned();
        let parameters = component
            .get("parameters")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for (index, parameter) in parameters.iter().enumerate() {
            let value = parameter.get("text").and_then(Value::as_str).unwrap_or_default();
            let placeholder = parameter
                .get("parameter_name")
                .and_then(Value::as_str)
                .map_or_else(|| format!("{{{{{}}}}}", index + 1), |name| format!("{{{{{name}}}}}"));
            filled = filled.replace(&placeholder, value);
        }
        parts.push(filled);
    }
    if parts.is_empty() {
        template.name.clone()
    } else {
        parts.join("\n")
    }
}

/// Text safe to store: PostgreSQL refuses NUL, and providers do send it.
#[must_use]
pub fn clean_text(text: &str) -> String {
    if text.contains('\0') {
        text.replace('\0', "")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_form_carries_the_type() {
        let content = Content::text("Hi");
        assert_eq!(
            serde_json::to_value(&content).unwrap(),
            json!({"type": "text", "text": "Hi"})
        );
        let place = Content::Location(Location {
            latitude: 1.5,
            longitude: 2.0,
            name: None,
            address: None,
            live: false,
        });
        assert_eq!(
            serde_json::to_value(&place).unwrap(),
            json!({"type": "location", "latitude": 1.5, "longitude": 2.0})
        );
    }

    #[test]
    fn an_upload_is_sent_by_its_id_alone() {
        let content: Content =
            serde_json::from_value(json!({"type": "attachment", "attachment": {"id": 7, "caption": "Look"}})).unwrap();
        let Content::Attachment { attachment } = content else {
            panic!("not an attachment")
        };
        assert_eq!(attachment.id, Some(AttachmentId(7)));
        assert_eq!(attachment.caption.as_deref(), Some("Look"));
    }

    #[test]
    fn template_preview_fills_positional_and_named_parameters() {
        let template = Template {
            name: "order".into(),
            language_code: "en".into(),
            components: vec![json!({"type": "body", "text": "Hi {{1}}, {{name}}",
                "parameters": [{"type": "text", "text": "Mia"}, {"type": "text", "parameter_name": "name", "text": "A-77"}]})],
        };
        assert_eq!(template_words(&template), "Hi Mia, A-77");
    }

    #[test]
    fn mime_decides_the_kind_and_svg_is_only_a_file() {
        assert_eq!(AttachmentKind::of_mime("image/png"), AttachmentKind::Image);
        assert_eq!(AttachmentKind::of_mime("image/svg+xml"), AttachmentKind::File);
        assert_eq!(AttachmentKind::of_mime("application/pdf"), AttachmentKind::File);
        assert_eq!(AttachmentKind::of_mime(""), AttachmentKind::File);
    }
}
