//! Channels as the core sees them: a source name and a table of what it can carry.
//!
//! The composer, the API's validation and later the workflow engine read [`Capabilities`]; nothing outside an
//! adapter asks which channel it is.

use crate::content::AttachmentKind;
use crate::message::named;
use serde::Serialize;

named! {
    /// Whether a channel can be used.
    ChannelStatus {
        Connected = "connected",
        /// Credentials were refused or the webhook is not in place; sending waits until someone reconnects it.
        NeedsAttention = "needs_attention",
        /// Disconnected by a user; history remains.
        Deleted = "deleted",
    }
}

/// What a channel can carry; data that the composer and the API validate against.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Capabilities {
    /// Most characters of a text message (Unicode scalar values).
    pub max_text: usize,
    /// Most characters of a caption; 0 where files have none.
    pub max_caption: usize,
    /// Files that can be sent.
    pub attachments: Vec<AttachmentRule>,
    /// Quick replies, if the channel has them.
    pub quick_replies: Option<QuickReplyRule>,
    /// Whether a message can quote another.
    pub reply_to: bool,
    pub location: bool,
    /// WhatsApp-style templates.
    pub templates: bool,
    /// The provider's raw payloads may be passed through.
    pub custom_payload: bool,
    /// Hours after the customer's last message in which free-form replies are allowed.
    pub window_hours: Option<i64>,
    /// Whether we may write first to someone who never wrote.
    pub can_start: bool,
    /// Furthest status the channel reports: `sent`, `delivered` or `read`.
    pub furthest_status: crate::message::Status,
}

/// Files of one kind that a channel takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AttachmentRule {
    pub kind: AttachmentKind,
    /// MIME types; a trailing `/*` or a lone `*/*` matches any.
    pub mimes: Vec<&'static str>,
    /// Bytes.
    pub max_bytes: i64,
}

/// Tappable answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QuickReplyRule {
    pub max_replies: usize,
    /// Characters of one answer.
    pub max_chars: usize,
}

impl Capabilities {
    /// A channel that carries nothing: what is known of one whose adapter this version does not have.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            max_text: 0,
            max_caption: 0,
            attachments: Vec::new(),
            quick_replies: None,
            reply_to: false,
            location: false,
            templates: false,
            custom_payload: false,
            window_hours: None,
            can_start: false,
            furthest_status: crate::message::Status::Pending,
        }
    }

    /// The rule under which a file of this MIME type can be sent, preferring its natural kind and falling back to a
    /// plain file.
    #[must_use]
    pub fn rule_for(&self, mime: &str) -> Option<&AttachmentRule> {
        let natural = AttachmentKind::of_mime(mime);
        let fits = |rule: &&AttachmentRule| rule.mimes.iter().any(|pattern| mime_matches(pattern, mime));
        self.attachments
            .iter()
            .filter(|rule| rule.kind == natural)
            .find(fits)
            .or_else(|| {
                self.attachments
                    .iter()
                    .filter(|rule| rule.kind == AttachmentKind::File)
                    .find(fits)
            })
    }
}

/// Whether a MIME type fits a pattern such as `image/*`. Parameters (`; codecs=…`) do not count.
#[must_use]
pub fn mime_matches(pattern: &str, mime: &str) -> bool {
    let bare = mime.split(';').next().unwrap_or_default().trim();
    match pattern.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => bare.split('/').next() == Some(family),
        None => bare.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::mime_matches;

    #[test]
    fn patterns() {
        assert!(mime_matches("*/*", "application/pdf"));
        assert!(mime_matches("image/*", "image/png"));
        assert!(!mime_matches("image/*", "video/mp4"));
        assert!(mime_matches("audio/ogg", "audio/ogg; codecs=opus"));
    }
}
