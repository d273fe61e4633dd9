//! Provider texts made fit to be shown and logged.

use crate::adapter::Channel;
use crate::dialogue::Response;
use std::time::Duration;

const LONGEST: usize = 300;

/// What a provider or the network said, without addresses and credentials, on one line.
///
/// Telegram's token is part of every address, and HTTP clients quote addresses in their errors: so every word
/// that looks like one goes, and every credential of the channel wherever it stands.
pub(crate) fn shown(channel: &Channel, raw: &str) -> String {
    let mut text = raw.to_owned();
    for key in ["bot_token", "access_token", "app_secret", "verify_token"] {
        let secret = channel.text(key);
        if !secret.is_empty() {
            text = text.replace(secret, "…");
        }
    }
    if !channel.secret.is_empty() {
        text = text.replace(&channel.secret, "…");
    }
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| {
            if word.contains("://") || word.contains("/bot") {
                "…"
            } else {
                word
            }
        });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// `sentence: detail`, or only the sentence when there is no detail.
pub(crate) fn with_detail(sentence: &str, detail: &str) -> String {
    if detail.is_empty() {
        format!("{sentence}.")
    } else {
        format!("{sentence}: {detail}")
    }
}

/// The `Retry-After` header, when it holds seconds; capped at a day.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    seconds(response.header("retry-after")?.trim().parse().ok()?)
}

/// A wait of this many seconds, if that is a sensible wait; capped at a day.
pub(crate) fn seconds(seconds: i64) -> Option<Duration> {
    u64::try_from(seconds)
        .ok()
        .map(|seconds| Duration::from_secs(seconds.min(86_400)))
}

/// Whether two credentials are equal, in time that depends only on the length of the first.
pub(crate) fn same_secret(given: &str, ours: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    !ours.is_empty() && bool::from(given.as_bytes().ct_eq(ours.as_bytes()))
}

/// A phone number in E.164; a missing `+` is added, since providers and people leave it out.
pub(crate) fn phone(text: &str) -> Option<String> {
    use ism_domain::phone::normalise;
    normalise(text).or_else(|| normalise(&format!("+{}", text.trim())))
}
