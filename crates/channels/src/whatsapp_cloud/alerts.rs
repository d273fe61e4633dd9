//! Account-level webhooks: what the owner of the number has to know.

use crate::json;
use ism_domain::Timestamp;
use ism_domain::inbound::Inbound;
use serde_json::Value;

/// The events of a field that concerns the account; none when the field is unknown.
pub(super) fn read(field: &str, value: &Value, at: Timestamp) -> Vec<Inbound> {
    let get = |pointer: &str| {
        json::id(value, pointer)
            .map(|word| word.to_lowercase().replace('_', " "))
            .unwrap_or_default()
    };
    let alert = |code: &str, text: String| {
        vec![Inbound::ChannelAlert {
            code: code.to_owned(),
            text: text.chars().take(500).collect(),
            at,
        }]
    };
    let calm = |reason| vec![Inbound::Ignored { reason }];
    let event = json::id(value, "/event").unwrap_or_default();
    let template = || {
        let name = json::id(value, "/message_template_name").unwrap_or_default();
        let language = json::id(value, "/message_template_language").unwrap_or_default();
        format!("The template “{name}” ({language})")
    };
    match field {
        "message_template_status_update" => match event.as_str() {
            "REJECTED" | "PAUSED" | "DISABLED" | "FLAGGED" | "LIMIT_EXCEEDED" | "LOCKED" => {
                let reason = ["/rejection_info/reason", "/reason", "/other_info/title"].iter();
                let reason = reason.map(|at| get(at)).find(|text| !text.is_empty() && text != "none");
                let why = reason.map(|reason| format!(" Reason: {reason}.")).unwrap_or_default();
                let text = format!("{} is now {}.{why}", template(), get("/event"));
                alert(&format!("template_{}", event.to_lowercase()), text)
            }
            _ => calm("template_changed"),
        },
        "message_template_quality_update" => match value.get("new_quality_score").and_then(Value::as_str) {
            Some("RED") => alert(
                "template_quality",
                format!("{} has low quality and may be paused.", template()),
            ),
            _ => calm("template_changed"),
        },
        "template_category_update" => {
            let category = ["/new_category", "/correct_category"]
                .iter()
                .map(|at| get(at))
                .find(|text| !text.is_empty());
            alert(
                "template_category",
                format!(
                    "{} belongs to the category {} now, which changes its price.",
                    template(),
                    category.unwrap_or_default()
                ),
            )
        }
        "phone_number_quality_update" => {
            let limit = get("/current_limit");
            let limit = if limit.is_empty() {
                String::new()
            } else {
                format!(" Its messaging limit: {limit}.")
            };
            alert(
                "number_quality",
                format!("WhatsApp changed the standing of the number: {}.{limit}", get("/event")),
            )
        }
        "phone_number_name_update" => {
            let name = json::id(value, "/requested_verified_name").unwrap_or_default();
            let why = get("/rejection_reason");
            let why = if why.is_empty() || why == "none" {
                String::new()
            } else {
                format!(" Reason: {why}.")
            };
            alert(
                "number_name",
                format!("The display name “{name}” was {}.{why}", get("/decision")),
            )
        }
        "account_update" => {
            let details = [
                "/ban_info/waba_ban_state",
                "/violation_info/violation_type",
                "/disconnection_info/reason",
                "/restriction_info/0/restriction_type",
            ];
            let detail = details.iter().map(|at| get(at)).find(|text| !text.is_empty());
            let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            alert(
                "account_update",
                format!("WhatsApp reports about the account: {}{detail}.", get("/event")),
            )
        }
        "account_review_update" => alert(
            "account_review",
            format!("The review of the account ended: {}.", get("/decision")),
        ),
        "account_alerts" => {
            let what = ["/alert_type", "/alert_info/alert_type", "/alert_description"]
                .iter()
                .map(|at| get(at))
                .find(|text| !text.is_empty());
            alert(
                "account_alert",
                format!(
                    "WhatsApp warns about the account: {}.",
                    what.unwrap_or_else(|| "see WhatsApp Manager".to_owned())
                ),
            )
        }
        "business_capability_update" => {
            let limit = [
                "/max_daily_conversations_per_business",
                "/max_daily_conversation_per_phone",
            ]
            .iter()
            .map(|at| get(at))
            .find(|text| !text.is_empty());
            alert(
                "capability",
                format!(
                    "New people this business may write to per day: {}.",
                    limit.unwrap_or_else(|| "see WhatsApp Manager".to_owned())
                ),
            )
        }
        "security" => alert(
            "security",
            format!("The number’s two-step verification changed: {}.", get("/event")),
        ),
        _ => Vec::new(),
    }
}
