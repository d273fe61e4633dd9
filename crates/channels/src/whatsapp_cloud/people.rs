//! Who a WhatsApp event is about.
//!
//! One person has several ids: a phone number (which WhatsApp spells in more than one way for Brazil, Mexico and
//! Argentina) and, since people can hide their number, an id that starts with a country: `GB.7001…`.

use super::{BSUID, PARENT_BSUID, PHONE};
use crate::{json, words};
use ism_domain::inbound::{Identity, Profile};
use serde_json::Value;

/// The sender of a message, from the message and the `contacts` beside it.
pub(super) fn sender(message: &Value, contacts: &[Value]) -> Option<Profile> {
    let said = Said {
        ids: [json::id(message, "/from"), json::id(message, "/from_user_id")],
        parent: json::id(message, "/from_parent_user_id"),
    };
    profile(said, contacts)
}

/// The customer to whom the business wrote from elsewhere.
pub(super) fn recipient(echo: &Value, contacts: &[Value]) -> Option<Profile> {
    let said = Said {
        ids: [json::id(echo, "/to"), json::id(echo, "/to_user_id")],
        parent: json::id(echo, "/to_parent_user_id"),
    };
    profile(said, contacts)
}

struct Said {
    ids: [Option<String>; 2],
    parent: Option<String>,
}

fn profile(said: Said, contacts: &[Value]) -> Option<Profile> {
    let mut identities: Vec<Identity> = said.ids.iter().flatten().filter_map(|id| identity(id)).collect();
    let known = |contact: &&Value| {
        ["/wa_id", "/user_id"]
            .iter()
            .filter_map(|at| json::id(contact, at))
            .any(|id| {
                identity(&id).is_some_and(|id| {
                    identities.contains(&id) || variants(&id).iter().any(|id| identities.contains(id))
                })
            })
    };
    // Matched by id: their order is not the messages' order. A lone contact of a message without ids is its sender.
    let contact = contacts.iter().find(known).or(match contacts {
        [only] if identities.is_empty() => Some(only),
        _ => None,
    });
    let parent = said.parent.or_else(|| json::id(contact?, "/parent_user_id"));
    for at in ["/wa_id", "/user_id"] {
        let found = contact
            .and_then(|contact| json::id(contact, at))
            .and_then(|id| identity(&id));
        identities.extend(
            found
                .filter(|id| !identities.contains(id))
                .into_iter()
                .collect::<Vec<_>>(),
        );
    }
    identities.sort_by_key(|identity| identity.scheme != PHONE);
    if identities.is_empty() {
        return None;
    }
    let mut aliases: Vec<Identity> = identities.iter().flat_map(variants).collect();
    aliases.extend(parent.map(|parent| Identity::new(PARENT_BSUID, parent)));
    aliases.retain(|alias| !identities.contains(alias));
    let phone = identities
        .iter()
        .find(|id| id.scheme == PHONE)
        .map(|id| format!("+{}", id.value));
    let (first_name, last_name) = contact.and_then(name).map_or((None, None), split_name);
    Some(Profile {
        country_code: country(&identities, phone.as_deref()),
        phone,
        username: contact.and_then(|contact| json::filled(contact, "/profile/username")),
        first_name,
        last_name,
        identities,
        aliases,
        ..Profile::default()
    })
}

/// The country an id starts with, else the one of the calling code.
fn country(identities: &[Identity], phone: Option<&str>) -> Option<String> {
    let named = identities
        .iter()
        .find(|id| id.scheme == BSUID)
        .map(|id| id.value.chars().take(2).collect());
    named.or_else(|| ism_domain::phone::country(phone?).map(str::to_owned))
}

/// The identity behind a provider's value. Some fields that used to hold a phone number hold the other kind of id
/// when the number is hidden.
pub(super) fn identity(value: &str) -> Option<Identity> {
    let value = value.trim();
    if is_bsuid(value) {
        return Some(Identity::new(BSUID, value));
    }
    let digits = value.strip_prefix('+').unwrap_or(value);
    let is_phone = (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_phone.then(|| Identity::new(PHONE, digits))
}

fn is_bsuid(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() > 3
        && bytes.len() <= 150
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2] == b'.'
        && bytes[3..]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
}

/// Other spellings of a phone number under which the same person may be known.
pub(super) fn variants(identity: &Identity) -> Vec<Identity> {
    if identity.scheme != PHONE {
        return Vec::new();
    }
    let digits = identity.value.as_str();
    let other = match (digits.get(..2), digits.len()) {
        // Brazilian mobiles: 55, two digits of area, and 8 digits with or without a 9 before them.
        (Some("55"), 12) if matches!(digits.as_bytes()[4], b'6'..=b'9') => {
            Some(format!("{}9{}", &digits[..4], &digits[4..]))
        }
        (Some("55"), 13) if digits.as_bytes()[4] == b'9' && matches!(digits.as_bytes()[5], b'6'..=b'9') => {
            Some(format!("{}{}", &digits[..4], &digits[5..]))
        }
        // Mexico: 52 with or without a 1; Argentina: 54 with or without a 9.
        (Some("52"), 12) => Some(format!("521{}", &digits[2..])),
        (Some("52"), 13) if digits.as_bytes()[2] == b'1' => Some(format!("52{}", &digits[3..])),
        (Some("54"), 12) => Some(format!("549{}", &digits[2..])),
        (Some("54"), 13) if digits.as_bytes()[2] == b'9' => Some(format!("54{}", &digits[3..])),
        _ => None,
    };
    other.map(|digits| Identity::new(PHONE, digits)).into_iter().collect()
}

/// A name that can be read: some profiles are nothing but an emoji or control characters.
fn name(contact: &Value) -> Option<String> {
    let name: String = json::text(contact, "/profile/name")?
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let name = name.trim();
    name.chars().any(char::is_alphanumeric).then(|| name.to_owned())
}

fn split_name(name: String) -> (Option<String>, Option<String>) {
    match name.split_once(char::is_whitespace) {
        Some((first, last)) => (Some(first.to_owned()), Some(last.trim().to_owned())),
        None => (Some(name), None),
    }
}

/// The profile for a number (or a business-scoped id) that an agent typed.
pub(super) fn start(identifier: &str) -> Option<Profile> {
    let identifier = identifier.trim();
    if is_bsuid(identifier) {
        return Some(Profile {
            identities: vec![Identity::new(BSUID, identifier)],
            ..Profile::default()
        });
    }
    let phone = words::phone(identifier)?;
    let identity = Identity::new(PHONE, phone.trim_start_matches('+'));
    Some(Profile {
        aliases: variants(&identity),
        identities: vec![identity],
        country_code: country(&[], Some(&phone)),
        phone: Some(phone),
        ..Profile::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_can_write_first_to_a_number() {
        let profile = start(" +55 (11) 98765-4321 ").unwrap();
        assert_eq!(profile.identities, [Identity::new("wa_phone", "5511987654321")]);
        assert_eq!(profile.aliases, [Identity::new("wa_phone", "551187654321")]);
        assert_eq!(profile.phone.as_deref(), Some("+5511987654321"));
        assert_eq!(
            start("00447700900123").unwrap().identities,
            [Identity::new("wa_phone", "447700900123")]
        );
        assert_eq!(
            start("GB.7001").unwrap().identities,
            [Identity::new("wa_bsuid", "GB.7001")]
        );
        for wrong in ["", "07700 900123", "mia@shop.test", "12", "1234567890123456"] {
            assert_eq!(start(wrong), None, "{wrong}");
        }
    }
}
