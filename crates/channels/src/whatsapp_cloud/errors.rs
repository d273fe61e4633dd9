//! Meta's error numbers and what each means for a message.
//!
//! Decided on the number, never on the HTTP status: rate limits come as 400, 403 or 429, dead tokens as 400 or 401.

use crate::adapter::{Channel, Outcome, Scope};
use crate::dialogue::Response;
use crate::{json, words};
use ism_domain::message::{Failure, FailureReason};
use serde_json::Value;
use std::time::Duration;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A passing fault.
    Retry,
    /// Too fast: wait this many seconds.
    Limited(Scope, u64),
    /// The account or its token: nothing can be sent.
    Account,
    /// This message can never go.
    Message,
}

use Class::{Account, Limited, Message, Retry};
use FailureReason::{
    Billing, ChannelDisconnected, Content, Media, Policy, RateLimited, Template, Unavailable, Unreachable, WindowClosed,
};

type Row = (u32, u32, Class, FailureReason, &'static str);

/// First and last number, class, reason, and a sentence for the agent. The first row that matches counts.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (1, 2, Retry, Unavailable, "WhatsApp has a fault at the moment"),
    (4, 4, Limited(Scope::Channel, 60), RateLimited, "Meta limits how often this app may call it"),
    (613, 613, Limited(Scope::Channel, 60), RateLimited, "Meta limits how often this app may call it"),
    (80_007, 80_007, Limited(Scope::Channel, 60), RateLimited, "Meta limits how often this account may be used"),
    (130_429, 130_429, Limited(Scope::Channel, 2), RateLimited, "WhatsApp asks to send more slowly"),
    (131_056, 131_056, Limited(Scope::Contact, 12), RateLimited, "Too many messages to this person in a short time"),
    (131_048, 131_048, Limited(Scope::Contact, 3600), RateLimited, "WhatsApp limits this number because people reported or blocked it"),
    (131_064, 131_064, Limited(Scope::Contact, 3600), RateLimited, "This number has reached its limit of new people for today"),
    (133_016, 133_016, Limited(Scope::Channel, 3600), RateLimited, "The number was registered too often; WhatsApp asks to wait"),
    (131_000, 131_000, Retry, Unavailable, "WhatsApp could not process the message"),
    (131_016, 131_016, Retry, Unavailable, "WhatsApp is overloaded at the moment"),
    (131_057, 131_057, Retry, Unavailable, "The account is in maintenance at the moment"),
    (133_004, 133_004, Retry, Unavailable, "WhatsApp’s server is unavailable at the moment"),
    (135_000, 135_000, Retry, Unavailable, "WhatsApp could not process the message"),
    (131_053, 131_053, Retry, Media, "WhatsApp could not process the file; check its type and size"),
    (0, 0, Account, ChannelDisconnected, "Meta does not accept the channel’s access token"),
    (3, 3, Account, ChannelDisconnected, "The app lacks a capability that sending needs"),
    (10, 10, Account, ChannelDisconnected, "The access token lacks a permission"),
    (190, 190, Account, ChannelDisconnected, "The access token has expired or was withdrawn"),
    (200, 299, Account, ChannelDisconnected, "The access token lacks a permission"),
    (368, 368, Account, ChannelDisconnected, "Meta has blocked this account for a violation of its policies"),
    (131_031, 131_031, Account, ChannelDisconnected, "Meta has locked this account"),
    (131_005, 131_005, Account, ChannelDisconnected, "The access token lacks a permission"),
    (131_037, 131_037, Account, ChannelDisconnected, "The number’s display name has to be approved first"),
    (131_042, 131_042, Account, Billing, "There is a problem with the account’s payment method"),
    (131_045, 131_045, Account, ChannelDisconnected, "The number has to be registered first"),
    (133_000, 133_015, Account, ChannelDisconnected, "The number is not registered with the Cloud API"),
    (2_388_012, 2_388_012, Account, ChannelDisconnected, "The number is being moved between accounts"),
    (2_388_091, 2_388_103, Account, ChannelDisconnected, "The number is being moved between accounts"),
    (2_494_100, 2_494_100, Account, ChannelDisconnected, "The number is in maintenance"),
    (131_047, 131_047, Message, WindowClosed, "The person last wrote more than 24 hours ago; only a template can reach them now"),
    (470, 470, Message, WindowClosed, "The person last wrote more than 24 hours ago; only a template can reach them now"),
    (130_497, 130_497, Message, Policy, "WhatsApp does not let this account write to people in this country"),
    (131_021, 131_021, Message, Unreachable, "A number cannot write to itself"),
    (131_026, 131_026, Message, Unreachable, "The message cannot be delivered: the number is not on WhatsApp, its app is too old, or the person blocked you"),
    (131_030, 131_030, Message, Unreachable, "A test number can only write to the recipients listed for it at Meta; add this number there"),
    (131_062, 131_062, Message, Unreachable, "This template needs the person’s phone number, which they hide"),
    (137_000, 137_000, Message, Unreachable, "The person’s identity changed and has to be confirmed"),
    (131_049, 131_049, Message, Policy, "WhatsApp held this marketing message back to protect the person from too many; do not try again today"),
    (130_472, 130_472, Message, Policy, "The person is part of an experiment of WhatsApp and gets no marketing messages"),
    (131_050, 131_050, Message, Policy, "The person no longer wants marketing messages from you"),
    (131_052, 131_052, Message, Media, "WhatsApp could not fetch the file"),
    (131_051, 131_051, Message, Content, "WhatsApp does not know this kind of message"),
    (131_008, 131_009, Message, Content, "WhatsApp refused a value of the message"),
    (33, 33, Message, Content, "WhatsApp does not know this object, or the token may not use it"),
    (100, 100, Message, Content, "WhatsApp refused a value of the message"),
    (131_063, 131_063, Message, Template, "Marketing messages are switched off for this way of sending"),
    (132_000, 132_000, Message, Template, "The number of values does not fit the template"),
    (132_001, 132_001, Message, Template, "There is no approved template with this name and language"),
    (132_005, 132_005, Message, Template, "The template’s text is too long with these values"),
    (132_007, 132_007, Message, Template, "The template violates WhatsApp’s policy"),
    (132_015, 132_015, Message, Template, "The template is paused because of its quality"),
    (132_016, 132_016, Message, Template, "The template is disabled because of its quality"),
    (132_000, 132_999, Message, Template, "WhatsApp refused the template"),
    (131_000, 131_299, Message, Content, "WhatsApp refused the message"),
    (138_000, 139_999, Message, Content, "WhatsApp refused the message"),
    (147_001, 147_005, Message, Content, "WhatsApp refused the user name"),
    (2_388_000, 2_388_999, Message, Template, "WhatsApp refused the template"),
];

/// The row of an error number.
pub(super) fn row(code: i64) -> Option<&'static Row> {
    let code = u32::try_from(code).ok()?;
    TABLE.iter().find(|(first, last, ..)| (*first..=*last).contains(&code))
}

/// An `error` object of the Graph API, or an entry of `errors` in a webhook, in our words.
pub(super) fn failure(channel: &Channel, error: &Value) -> Failure {
    let code = json::integer(error, "/code");
    let said = ["/error_data/details", "/error_user_msg", "/message", "/title"];
    let detail = said.iter().find_map(|at| json::filled(error, at)).unwrap_or_default();
    let detail = words::shown(channel, &detail);
    let (reason, sentence) = code.and_then(row).map_or(
        (FailureReason::Unknown, "WhatsApp refused the message"),
        |(.., reason, sentence)| (*reason, *sentence),
    );
    // Where the sentence says all there is to know, Meta's English wording would only repeat it.
    let says_all = matches!(
        reason,
        WindowClosed | RateLimited | Unreachable | Policy | ChannelDisconnected | Billing
    );
    let failure = Failure::new(
        reason,
        words::with_detail(sentence, if says_all { "" } else { &detail }),
    );
    match code {
        Some(code) => failure.with_code(code),
        None => failure,
    }
}

/// Of several errors about one message, the one we know best.
pub(super) fn failure_of_status(channel: &Channel, errors: &[Value]) -> Failure {
    let known = |error: &&Value| json::integer(error, "/code").and_then(row).is_some();
    errors.iter().find(known).or_else(|| errors.first()).map_or_else(
        || {
            Failure::new(
                FailureReason::Unknown,
                "WhatsApp reported that the message failed, without a reason.",
            )
        },
        |error| failure(channel, error),
    )
}

/// What an error answer means for a message.
pub(super) fn outcome(channel: &Channel, response: &Response) -> Outcome {
    let after = words::retry_after(response);
    let retry = |after, scope, counts, failure| Outcome::Retry {
        after,
        scope,
        counts,
        failure,
    };
    let Some(error) = response
        .json()
        .and_then(|body| body.get("error").filter(|error| error.is_object()).cloned())
    else {
        return without_number(response, after);
    };
    let failure = failure(channel, &error);
    let class = json::integer(&error, "/code")
        .and_then(row)
        .map(|(_, _, class, ..)| *class);
    let transient = error.get("is_transient") == Some(&Value::Bool(true));
    match class {
        Some(Limited(scope, seconds)) => retry(
            after.or(Some(Duration::from_secs(seconds))),
            scope,
            scope == Scope::Contact && seconds >= 3600,
            failure,
        ),
        Some(Account) => Outcome::ChannelDown(failure),
        Some(Retry) => retry(after, Scope::Message, true, failure),
        None if transient || response.status >= 500 => retry(
            after,
            Scope::Message,
            true,
            Failure {
                reason: Unavailable,
                ..failure
            },
        ),
        Some(Message) if transient => retry(after, Scope::Message, true, failure),
        Some(Message) | None => Outcome::Failed(failure),
    }
}

/// An error that does not come from the Graph API itself but from a machine before it.
fn without_number(response: &Response, after: Option<Duration>) -> Outcome {
    let status = response.status;
    let failure = |reason, text: &str| Failure::new(reason, text).with_code(status);
    match status {
        504 => uncertain(),
        429 => Outcome::Retry {
            after: after.or(Some(Duration::from_secs(5))),
            scope: Scope::Channel,
            counts: false,
            failure: failure(RateLimited, "WhatsApp asks to send more slowly."),
        },
        401 => Outcome::ChannelDown(failure(
            ChannelDisconnected,
            "Meta does not accept the channel’s access token. Reconnect the channel.",
        )),
        408 | 500.. => Outcome::Retry {
            after,
            scope: Scope::Message,
            counts: true,
            failure: failure(Unavailable, "WhatsApp has a fault at the moment."),
        },
        _ => Outcome::Failed(failure(
            FailureReason::Unknown,
            &format!(
                "The address answered with HTTP {status}, but not like the Graph API. Check the channel’s provider address."
            ),
        )),
    }
}

/// The message may have arrived.
pub(super) fn uncertain() -> Outcome {
    Outcome::Uncertain(Failure::new(
        FailureReason::Uncertain,
        "The connection to WhatsApp broke while the message was being sent. It may have arrived; check before sending it again.",
    ))
}

/// No connection was made at all.
pub(super) fn not_sent(channel: &Channel, why: &str) -> Outcome {
    let text = words::with_detail("WhatsApp could not be reached", &words::shown(channel, why));
    Outcome::Retry {
        after: None,
        scope: Scope::Message,
        counts: true,
        failure: Failure::new(Unavailable, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_mean_what_metas_table_says() {
        use FailureReason::{Billing, Content as Refused, Media as File, Policy, Template, Unreachable, WindowClosed};
        let class = |code: i64| row(code).map(|(_, _, class, reason, _)| (*class, *reason));
        for code in [
            0, 3, 10, 190, 200, 299, 368, 131_031, 131_005, 131_037, 131_045, 133_000, 133_005, 133_010, 133_015,
        ] {
            assert_eq!(class(code), Some((Account, ChannelDisconnected)), "{code}");
        }
        assert_eq!(class(131_042), Some((Account, Billing)));
        for code in [1, 2, 131_000, 131_016, 131_057, 133_004, 135_000] {
            assert_eq!(class(code), Some((Retry, Unavailable)), "{code}");
        }
        for code in [4, 613, 80_007, 130_429, 133_016] {
            assert!(matches!(class(code), Some((Limited(Scope::Channel, _), _))), "{code}");
        }
        for code in [131_056, 131_048, 131_064] {
            assert!(matches!(class(code), Some((Limited(Scope::Contact, _), _))), "{code}");
        }
        let messages = [
            (WindowClosed, vec![131_047, 470]),
            (Unreachable, vec![131_021, 131_026, 131_030, 131_062, 137_000]),
            (Policy, vec![131_049, 130_472, 131_050, 130_497]),
            (Refused, vec![100, 33, 131_008, 131_009, 131_051, 138_006, 139_000]),
            (
                Template,
                vec![
                    132_000, 132_001, 132_005, 132_007, 132_008, 132_012, 132_015, 132_016, 132_018, 132_068, 132_069,
                    131_063, 2_388_040,
                ],
            ),
            (File, vec![131_052]),
        ];
        for (reason, codes) in messages {
            for code in codes {
                assert_eq!(class(code), Some((Message, reason)), "{code}");
            }
        }
        assert_eq!(class(999_999), None);
        assert_eq!(class(-1), None);
    }
}
