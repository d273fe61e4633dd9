//! Graph API errors.

use serde_json::json;

use crate::http::Answer;

/// The envelope every refusal has. `message` is the short sentence, `details` what exactly is wrong.
pub fn error(status: u16, code: i64, message: &str, details: &str) -> Answer {
    let kind = if matches!(code, 190 | 104 | 10) {
        "OAuthException"
    } else {
        "GraphMethodException"
    };
    let kind = if code >= 100_000 || code == 100 {
        "OAuthException"
    } else {
        kind
    };
    let mut body = json!({"error": {
        "message": format!("(#{code}) {message}"), "type": kind, "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": trace(),
    }});
    if code == 190 {
        body["error"]["message"] = json!(message);
    }
    Answer::new(status, body)
}

fn trace() -> String {
    format!("A{:016x}", rand::random::<u64>())
}

/// (#100): something is missing, unknown or malformed.
pub fn invalid(details: &str) -> Answer {
    error(400, 100, "Invalid parameter", details)
}

pub fn missing(name: &str) -> Answer {
    error(
        400,
        131_008,
        "Required parameter is missing",
        &format!("The parameter {name} is required."),
    )
}

pub fn not_valid(details: &str) -> Answer {
    error(400, 131_009, "Parameter value is not valid", details)
}

/// The answer for an object that is not there or not yours.
pub fn unknown_object(id: &str) -> Answer {
    let text = format!(
        "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
    );
    let mut answer = error(400, 100, &text, &text);
    answer.body["error"]["error_subcode"] = json!(33);
    answer
}

/// Short titles of the codes that come up in failed statuses and on request.
pub fn title(code: i64) -> &'static str {
    match code {
        4 | 80_007 => "Application request limit reached",
        190 => "Error validating access token: Session has expired",
        368 => "Temporarily blocked for policies violations",
        130_429 => "Rate limit hit",
        131_000 => "Something went wrong",
        131_021 => "Recipient cannot be sender",
        131_026 => "Message undeliverable",
        131_047 => "Re-engagement message",
        131_048 => "Spam rate limit hit",
        131_049 => "This message was not delivered to maintain healthy ecosystem engagement.",
        131_051 => "Unsupported message type",
        131_053 => "Media upload error",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        132_000 => "Number of parameters does not match the expected number of params",
        132_001 => "Template name does not exist in the translation",
        132_012 => "Template parameter format mismatch",
        132_015 => "Template is paused",
        132_016 => "Template is disabled",
        _ => "Message failed to send",
    }
}

pub fn details(code: i64) -> &'static str {
    match code {
        131_026 => "Message Undeliverable. The recipient is not a WhatsApp user or cannot receive the message.",
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        }
        131_053 => "Media file could not be fetched from the given link or is not of a supported type.",
        _ => title(code),
    }
}

/// A failure that was asked for, in Meta's words.
pub fn refuse(status: u16, code: Option<i64>, retry_after: Option<u64>) -> Answer {
    let code = code.unwrap_or(match status {
        401 | 403 => 190,
        429 => 130_429,
        400 => 131_009,
        _ => 131_000,
    });
    let mut answer = error(status, code, title(code), details(code));
    answer.body["error"]["is_transient"] = json!(status >= 500 || status == 429);
    answer.retry_after = retry_after;
    answer
}
