//! Addresses without what must not be seen.

/// An address (or several with commas between) without its password. In NATS addresses a lone user name is a token, so
/// it goes too.
#[must_use]
pub fn mask_url(text: &str) -> String {
    if text.contains("://") {
        text.split(',')
            .map(|one| mask_one(one.trim()))
            .collect::<Vec<_>>()
            .join(",")
    } else {
        mask_pairs(text)
    }
}

fn mask_one(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        // The second server of a list may be written without its scheme.
        return match text.rsplit_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => text.to_owned(),
        };
    };
    // A password may hold an @ or a /, though it should not: the last @ ends it.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let user = user.map(|user| match user.split_once(':') {
        Some((name, _)) => format!("{name}:***@"),
        None if scheme.starts_with("postgres") => format!("{user}@"),
        None => "***@".to_owned(),
    });
    let rest = match rest.split_once('?') {
        Some((path, query)) => {
            let query: Vec<String> = query.split('&').map(|pair| mask_pair(pair, &['='])).collect();
            format!("{path}?{}", query.join("&"))
        }
        None => rest.to_owned(),
    };
    format!("{scheme}://{}{rest}", user.unwrap_or_default())
}

/// The `host=… password=…` form.
fn mask_pairs(text: &str) -> String {
    if !text.contains('=') {
        return text.to_owned();
    }
    // Quotes may hide spaces: where there are any, nothing after the first password is shown.
    match text.to_lowercase().find("password") {
        Some(at) if text[at..].contains('\'') => format!("{}password=***", &text[..at]),
        _ => text
            .split_whitespace()
            .map(|pair| mask_pair(pair, &['=']))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn mask_pair(pair: &str, separators: &[char]) -> String {
    match pair.split_once(separators) {
        Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}
