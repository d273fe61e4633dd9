//! Webhooks of the Cloud API: any number of changes of any number of accounts to a request.

use super::{BSUID, PHONE, content, errors, people, phone_number_id};
use crate::adapter::Channel;
use crate::json;
use crate::webhook::{Received, Rejection, Webhook};
use ism_domain::Timestamp;
use ism_domain::content::Content;
use ism_domain::inbound::{Identity, Inbound, InboundMessage, InboundStatus, Profile};
use ism_domain::message::Status;
use serde_json::Value;

/// Fields without a consequence here, and what the ledger calls them.
const IGNORED: &[(&str, &str)] = &[
    ("message_template_components_update", "template_changed"),
    ("template_correct_category_detection", "template_changed"),
    ("history", "history_sync"),
    ("smb_app_state_sync", "contact_sync"),
    ("messaging_handovers", "control_changed"),
    // Concerns marketing only: service messages still arrive, so this is no unsubscription from the channel.
    ("user_preferences", "marketing_preference"),
    ("calls", "call"),
    ("flows", "flow_health"),
    ("payment_configuration_update", "payment"),
    ("tracking_events", "tracking"),
    ("automatic_events", "tracking"),
];

pub(super) fn receive(channel: &Channel, webhook: &Webhook, now: Timestamp) -> Result<Received, Rejection> {
    let body = json::parse(&webhook.body).ok_or(Rejection::Malformed("The body is not JSON."))?;
    if !body.is_object() {
        return Err(Rejection::Malformed(
            "The body is not a webhook of Meta: it must be a JSON object.",
        ));
    }
    let mut reader = Reader {
        channel,
        now,
        events: Vec::new(),
    };
    if body.get("object").and_then(Value::as_str) == Some("whatsapp_business_account") {
        for entry in json::items(&body, "/entry") {
            let at = json::integer(entry, "/time").map_or(now, Timestamp::from_provider_seconds);
            for change in json::items(entry, "/changes") {
                reader.change(change, at);
            }
        }
    }
    if reader.events.is_empty() {
        reader.events.push(Inbound::Unrecognised {
            reason: "no_changes",
            raw: body,
        });
    }
    Ok(Received {
        events: reader.events,
        follow_ups: Vec::new(),
    })
}

struct Reader<'a> {
    channel: &'a Channel,
    now: Timestamp,
    events: Vec<Inbound>,
}

impl Reader<'_> {
    fn change(&mut self, change: &Value, at: Timestamp) {
        let field = change.get("field").and_then(Value::as_str).unwrap_or_default();
        let value = change.get("value").unwrap_or(&Value::Null);
        let before = self.events.len();
        match field {
            // While Meta's own assistant holds a chat, the customer's messages come as `standby`.
            "messages" | "standby" | "smb_message_echoes" => self.messages(value),
            _ if field.starts_with("group_") => self.ignored("group"),
            _ => match IGNORED.iter().find(|(name, _)| *name == field) {
                Some((_, reason)) => self.ignored(reason),
                None => self.events.extend(super::alerts::read(field, value, at)),
            },
        }
        if self.events.len() == before {
            let reason = if matches!(field, "messages" | "standby" | "smb_message_echoes") {
                "empty_change"
            } else {
                "unknown_field"
            };
            self.unrecognised(reason, change);
        }
    }

    fn ignored(&mut self, reason: &'static str) {
        self.events.push(Inbound::Ignored { reason });
    }

    fn unrecognised(&mut self, reason: &'static str, raw: &Value) {
        self.events.push(Inbound::Unrecognised {
            reason,
            raw: raw.clone(),
        });
    }

    fn messages(&mut self, value: &Value) {
        let number = json::id(value, "/metadata/phone_number_id");
        if number.is_some_and(|number| number != phone_number_id(self.channel)) {
            // An app has one webhook for all its numbers. A refusal would make Meta retry for days and throttle the app.
            let parts = ["/messages", "/statuses", "/message_echoes"]
                .iter()
                .map(|at| json::items(value, at).len());
            for _ in 0..parts.sum::<usize>().max(1) {
                self.ignored("other_phone_number");
            }
            return;
        }
        let contacts = json::items(value, "/contacts");
        let messages = json::items(value, "/messages");
        for message in messages {
            self.message(message, contacts, json::items(value, "/errors"));
        }
        for echo in json::items(value, "/message_echoes") {
            self.echo(echo, contacts);
        }
        for status in json::items(value, "/statuses") {
            self.status(status);
        }
        if messages.is_empty() {
            for error in json::items(value, "/errors") {
                let failure = errors::failure(self.channel, error);
                self.events.push(Inbound::ChannelAlert {
                    code: failure.code.unwrap_or_else(|| "error".to_owned()),
                    text: failure.text,
                    at: self.now,
                });
            }
        }
    }

    fn message(&mut self, message: &Value, contacts: &[Value], errors: &[Value]) {
        if message.get("group_id").is_some() {
            return self.ignored("group_message");
        }
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "system" {
            return self.system(message);
        }
        let Some(profile) = people::sender(message, contacts) else {
            return self.unrecognised("no_sender", message);
        };
        let Some(id) = json::filled(message, "/id") else {
            return self.unrecognised("no_id", message);
        };
        let at = self.time(message);
        let original = |at: &str| json::filled(message, at);
        let event = match kind {
            "reaction" => original("/reaction/message_id").map(|target| {
                // Taken back when empty or missing.
                Inbound::Reaction {
                    profile,
                    target,
                    emoji: json::filled(message, "/reaction/emoji"),
                    at,
                }
            }),
            "revoke" => original("/revoke/original_message_id").map(|external_id| Inbound::Deleted { external_id, at }),
            "edit" => original("/edit/original_message_id")
                .zip(message.pointer("/edit/message"))
                .map(|(id, new)| {
                    let (content, media) = content::read(new, errors);
                    Inbound::Edited(Box::new(inbound(id, profile, content, media, message, at)))
                }),
            "request_welcome" => Some(Inbound::Opened {
                profile,
                payload: None,
                at,
            }),
            "interactive"
                if message.pointer("/interactive/type").and_then(Value::as_str) == Some("call_permission_reply") =>
            {
                Some(Inbound::Ignored {
                    reason: "call_permission",
                })
            }
            _ => {
                let (content, media) = content::read(message, errors);
                let mut profile = profile;
                if let Some(own) = content::own_number(message) {
                    adopt(&mut profile, own);
                }
                Some(Inbound::Message(Box::new(inbound(
                    id, profile, content, media, message, at,
                ))))
            }
        };
        match event {
            Some(event) => self.events.push(event),
            None => self.unrecognised("message_shape", message),
        }
    }

    /// A message that the business wrote on its phone, or an edit or withdrawal of one.
    fn echo(&mut self, echo: &Value, contacts: &[Value]) {
        let at = self.time(echo);
        let kind = echo.get("type").and_then(Value::as_str).unwrap_or_default();
        if echo.get("group_id").is_some() {
            return self.ignored("group_message");
        }
        if kind == "revoke"
            && let Some(external_id) = json::filled(echo, "/revoke/original_message_id")
        {
            return self.events.push(Inbound::Deleted { external_id, at });
        }
        if kind == "reaction" {
            return self.ignored("own_reaction");
        }
        let (Some(profile), Some(id)) = (people::recipient(echo, contacts), json::filled(echo, "/id")) else {
            return self.unrecognised("echo_shape", echo);
        };
        if kind == "edit"
            && let Some((id, new)) = json::filled(echo, "/edit/original_message_id").zip(echo.pointer("/edit/message"))
        {
            let (content, media) = content::read(new, &[]);
            let edited = inbound(id, profile, content, media, echo, at);
            return self.events.push(Inbound::Edited(Box::new(edited)));
        }
        let (content, media) = content::read(echo, &[]);
        self.events
            .push(Inbound::Echo(Box::new(inbound(id, profile, content, media, echo, at))));
    }

    /// News about a person rather than from them; there is no `contacts` beside it.
    fn system(&mut self, message: &Value) {
        let at = self.time(message);
        let get = |at: &str| json::id(message, at).and_then(|id| people::identity(&id));
        let new_number = || get("/system/wa_id").or_else(|| get("/system/new_wa_id"));
        let (from, to): (Vec<_>, Vec<_>) = match message.pointer("/system/type").and_then(Value::as_str) {
            Some("user_changed_number" | "customer_changed_number") => (
                vec![get("/from"), get("/system/previous_user_id")],
                vec![new_number(), get("/system/user_id")],
            ),
            Some("user_changed_user_id") => (
                vec![get("/system/previous_user_id"), get("/from")],
                vec![get("/system/user_id"), get("/system/wa_id")],
            ),
            Some("customer_identity_changed") => return self.ignored("security_code_changed"),
            _ => return self.unrecognised("system_kind", message),
        };
        let to: Vec<Identity> = to.into_iter().flatten().collect();
        let mut from: Vec<Identity> = from.into_iter().flatten().filter(|old| !to.contains(old)).collect();
        from.dedup();
        if from.is_empty() || to.is_empty() {
            return self.unrecognised("system_shape", message);
        }
        for from in from {
            self.events.push(Inbound::IdentityChanged {
                from,
                to: to.clone(),
                at,
            });
        }
    }

    fn status(&mut self, status: &Value) {
        if status.get("recipient_type").and_then(Value::as_str) == Some("group") {
            return self.ignored("group_status");
        }
        let Some(external_id) = json::filled(status, "/id") else {
            return self.unrecognised("no_id", status);
        };
        let value = match status.get("status").and_then(Value::as_str) {
            Some("sent") => Status::Sent,
            Some("delivered") => Status::Delivered,
            // A voice message that was listened to was also seen.
            Some("read" | "played") => Status::Read,
            Some("failed") => Status::Failed,
            Some("deleted") => return self.ignored("status_deleted"),
            Some("warning") => return self.ignored("status_warning"),
            _ => return self.unrecognised("status_kind", status),
        };
        let failure =
            (value == Status::Failed).then(|| errors::failure_of_status(self.channel, json::items(status, "/errors")));
        self.events.push(Inbound::Status(InboundStatus {
            external_id,
            reference: json::id(status, "/biz_opaque_callback_data"),
            status: value,
            at: self.time(status),
            failure,
        }));
    }

    fn time(&self, event: &Value) -> Timestamp {
        let seconds = json::integer(event, "/timestamp").filter(|seconds| *seconds > 0);
        seconds.map_or(self.now, Timestamp::from_provider_seconds)
    }
}

fn inbound(
    external_id: String,
    profile: Profile,
    content: Content,
    media: Option<Value>,
    message: &Value,
    at: Timestamp,
) -> InboundMessage {
    let flag = |at: &str| message.pointer(at) == Some(&Value::Bool(true));
    InboundMessage {
        external_id,
        profile,
        content,
        media,
        at,
        reply_to: json::filled(message, "/context/id"),
        album: None,
        forwarded: flag("/context/forwarded") || flag("/context/frequently_forwarded"),
        referral: referral(message),
    }
}

/// The ad or the product that led here, in the provider's words plus our `kind`.
fn referral(message: &Value) -> Option<Value> {
    let tagged = |found: &Value, kind: &str| {
        let mut fields = found.as_object()?.clone();
        fields.insert("kind".into(), kind.into());
        Some(Value::Object(fields))
    };
    let ad = message.get("referral").and_then(|ad| tagged(ad, "ad"));
    ad.or_else(|| {
        message
            .pointer("/context/referred_product")
            .and_then(|product| tagged(product, "product"))
    })
}

/// Takes up a number that the person shared on request.
fn adopt(profile: &mut Profile, own: Identity) {
    if profile.identities.iter().any(|identity| identity.scheme == PHONE) {
        return;
    }
    profile.phone = Some(format!("+{}", own.value));
    profile.aliases.extend(people::variants(&own));
    profile.identities.push(own);
    profile.identities.sort_by_key(|identity| identity.scheme == BSUID);
}
