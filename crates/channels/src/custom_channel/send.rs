//! Messages to the connected system.

use super::SCHEME;
use crate::adapter::{Channel, Outcome, Outgoing, Scope};
use crate::dialogue::{Call, Dialogue, Immediate, Request, Response};
use crate::flow::Flow;
use crate::{json, words};
use ism_domain::content::{AttachmentKind, Content};
use ism_domain::message::{Failure, FailureReason};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn send(channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
    let request = match body(channel, message) {
        Ok(body) => {
            let mut request = Request::post(format!("{}/message", channel.base_url("")), body).bearer(&channel.secret);
            request.timeout = Duration::from_secs(10);
            request
        }
        Err(failure) => return Box::new(Immediate::new(Outcome::Failed(failure))),
    };
    let channel = channel.clone();
    Flow::call(request, move |answer| {
        Flow::Done(match answer {
            Call::Answered(response) => outcome(&channel, &response),
            Call::NotSent(why) => {
                let text = words::with_detail("The channel’s service could not be reached", &words::shown(&channel, &why));
                retry(None, Scope::Message, true, Failure::new(FailureReason::Unavailable, text))
            }
            Call::Broken(_) => Outcome::Uncertain(Failure::new(
                FailureReason::Uncertain,
                "The channel’s service did not answer in time. The message may have arrived; check before sending it again.",
            )),
        })
    })
    .dialogue()
}

fn retry(after: Option<Duration>, scope: Scope, counts: bool, failure: Failure) -> Outcome {
    Outcome::Retry {
        after,
        scope,
        counts,
        failure,
    }
}

fn body(channel: &Channel, message: &Outgoing) -> Result<Value, Failure> {
    let to = message
        .to
        .iter()
        .find(|identity| identity.scheme == SCHEME)
        .ok_or_else(|| {
            Failure::new(
                FailureReason::Unreachable,
                "This contact has no id on this channel to send to.",
            )
        })?;
    let said = said(message)?;
    Ok(json!({ "channelId": channel.public_id, "contactId": to.value, "message": said }))
}

fn said(message: &Outgoing) -> Result<Value, Failure> {
    Ok(match &message.content {
        Content::Text { text } => json!({ "type": "text", "text": text }),
        Content::Attachment { attachment } => {
            let url = message.attachment_url.as_deref().ok_or_else(|| {
                Failure::new(
                    FailureReason::Media,
                    "The attached file has no address to be fetched from. Attach it again.",
                )
            })?;
            let kind = match attachment.kind {
                AttachmentKind::Sticker => AttachmentKind::Image,
                kind => kind,
            };
            let mut file = json!({ "type": kind.as_str(), "url": url });
            for (key, value) in [
                ("mimeType", &attachment.mime),
                ("fileName", &attachment.file_name),
                ("description", &attachment.caption),
            ] {
                if let Some(value) = value {
                    file[key] = value.as_str().into();
                }
            }
            json!({ "type": "attachment", "attachment": file })
        }
        Content::Location(place) => {
            let mut value = json!({ "type": "location", "latitude": place.latitude, "longitude": place.longitude });
            for (key, given) in [("name", &place.name), ("address", &place.address)] {
                if let Some(given) = given {
                    value[key] = given.as_str().into();
                }
            }
            value
        }
        Content::QuickReply { title, replies } => json!({ "type": "quick_reply", "title": title, "replies": replies }),
        Content::CustomPayload { payload } => json!({ "type": "custom_payload", "payload": payload }),
        other => {
            let text = format!(
                "Custom channels have no message of the kind “{}”.",
                other.type_name().replace('_', " ")
            );
            return Err(Failure::new(FailureReason::Content, text));
        }
    })
}

fn outcome(channel: &Channel, response: &Response) -> Outcome {
    let status = response.status;
    if response.is_success() {
        let external_id = response.json().and_then(|answer| json::id(&answer, "/mId"));
        return Outcome::Sent {
            external_id,
            aliases: Vec::new(),
        };
    }
    let said = response
        .json()
        .and_then(|answer| json::filled(&answer, "/error/message").or_else(|| json::filled(&answer, "/message")))
        .unwrap_or_else(|| plain_text(response));
    let said = words::shown(channel, &said);
    let failure = |reason| {
        let sentence = format!("The channel’s service refused the message (HTTP {status})");
        Failure::new(
            reason,
            if said.is_empty() {
                format!("{sentence}.")
            } else {
                said.clone()
            },
        )
        .with_code(status)
    };
    let after = words::retry_after(response);
    match status {
        429 => retry(after, Scope::Channel, false, failure(FailureReason::RateLimited)),
        503 => retry(after, Scope::Channel, true, failure(FailureReason::Unavailable)),
        401 | 403 => Outcome::Failed(failure(FailureReason::ChannelDisconnected)),
        500.. => Outcome::Failed(failure(FailureReason::Unavailable)),
        _ => Outcome::Failed(failure(FailureReason::Unknown)),
    }
}

/// The start of an answer that isn't JSON; some bridges answer in plain text. A web page says nothing to an agent.
fn plain_text(response: &Response) -> String {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    if text.starts_with('<') {
        String::new()
    } else {
        text.chars().take(200).collect()
    }
}
