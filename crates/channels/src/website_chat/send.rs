//! Sending to a visitor is storing the message: the widget reads it from our own server.

use crate::adapter::{Outcome, Outgoing};
use ism_domain::content::Content;
use ism_domain::message::{Failure, FailureReason};

pub(super) fn outcome(message: &Outgoing) -> Outcome {
    match &message.content {
        Content::Text { .. } | Content::Attachment { .. } | Content::QuickReply { .. } => Outcome::Sent {
            external_id: None,
            aliases: Vec::new(),
        },
        other => {
            let text = format!(
                "The website chat has no message of the kind “{}”.",
                other.type_name().replace('_', " ")
            );
            Outcome::Failed(Failure::new(FailureReason::Content, text))
        }
    }
}
