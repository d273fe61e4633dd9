//! Who may open the chat. Messages come through the widget's own endpoints, never through a provider's webhook.

use crate::adapter::Channel;
use crate::webhook::Rejection;
use crate::words;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

/// There is no webhook to be called.
pub(super) const fn no_webhook<T>() -> Result<T, Rejection> {
    Err(Rejection::Wrong { status: 404 })
}

/// Whether a website has proven who its visitor is: `hash` must be the hex HMAC-SHA256 of the visitor's id with the
/// channel's secret. Only the id is proven by it, not the name or address given beside it.
#[must_use]
pub fn user_hash_matches(channel: &Channel, user_id: &str, hash: &str) -> bool {
    if channel.secret.is_empty() || user_id.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(channel.secret.as_bytes()) else {
        return false;
    };
    mac.update(user_id.as_bytes());
    words::same_secret(
        &hash.trim().to_ascii_lowercase(),
        &hex::encode(mac.finalize().into_bytes()),
    )
}

/// Whether a page of this origin (`https://shop.example`) may show the widget. An empty list allows every website.
#[must_use]
pub fn origin_allowed(channel: &Channel, origin: &str) -> bool {
    let mut allowed = origins(channel.text("allowed_origins")).peekable();
    if allowed.peek().is_none() {
        return true;
    }
    let Ok(page) = Url::parse(origin) else { return false };
    allowed.any(|entry| matches(entry, &page))
}

/// The entries of the list, one a line.
pub(super) fn origins(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// The scheme, host and port of an entry, and whether it means all hosts below that one.
fn parts(entry: &str) -> Option<(Url, bool)> {
    let below = entry.contains("://*.");
    let url = Url::parse(&entry.replacen("://*.", "://", 1)).ok()?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && !url.host_str().unwrap_or_default().contains('*');
    bare.then_some((url, below))
}

pub(super) fn is_origin(entry: &str) -> bool {
    parts(entry).is_some()
}

fn matches(entry: &str, page: &Url) -> bool {
    let Some((allowed, below)) = parts(entry) else {
        return false;
    };
    if allowed.scheme() != page.scheme() || allowed.port_or_known_default() != page.port_or_known_default() {
        return false;
    }
    let (Some(host), Some(of_page)) = (allowed.host_str(), page.host_str()) else {
        return false;
    };
    if below {
        of_page
            .strip_suffix(host)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    } else {
        host == of_page
    }
}

/// A language tag such as `en` or `pt-BR`.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let alphanumeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.next().is_some_and(|language| {
        matches!(language.len(), 2 | 3) && language.bytes().all(|byte| byte.is_ascii_alphabetic())
    }) && parts.all(|part| (2..=8).contains(&part.len()) && alphanumeric(part))
}
