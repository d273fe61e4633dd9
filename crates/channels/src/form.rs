//! Checks of a channel's settings against the fields of its descriptor.

use crate::adapter::{Descriptor, Field, FieldKind};
use ism_domain::Refusal;
use serde_json::{Map, Value};

/// Checks every field's presence and shape.
pub(crate) fn check(descriptor: &Descriptor, config: &Map<String, Value>) -> Result<(), Refusal> {
    descriptor
        .fields
        .iter()
        .try_for_each(|field| check_field(field, config.get(field.key)))
}

fn check_field(field: &Field, value: Option<&Value>) -> Result<(), Refusal> {
    let text = match (field.kind, value) {
        (_, None | Some(Value::Null)) => "",
        (FieldKind::Toggle, Some(Value::Bool(_))) => return Ok(()),
        (FieldKind::Toggle, Some(_)) => return wrong(field, "must be true or false"),
        (_, Some(Value::String(text))) => text.trim(),
        (_, Some(_)) => return wrong(field, "must be text"),
    };
    if text.is_empty() {
        return if field.required {
            wrong(field, "is required")
        } else {
            Ok(())
        };
    }
    if text.chars().any(|c| c.is_control() && !(c == '\n' || c == '\r')) {
        return wrong(field, "contains characters that cannot be printed; copy it again");
    }
    match field.kind {
        FieldKind::Url if !is_web_address(text) => {
            wrong(field, "must be an address that starts with https:// or http://")
        }
        FieldKind::Color if !is_color(text) => wrong(field, "must be a colour such as #1f6feb"),
        FieldKind::Select if field.options.iter().all(|option| option.value != text) => {
            wrong(field, "must be one of the choices offered")
        }
        FieldKind::Text if field.secret && text.contains(char::is_whitespace) => {
            wrong(field, "must not contain spaces or line breaks; copy it again")
        }
        _ => Ok(()),
    }
}

/// A refusal that names the field.
pub(crate) fn wrong<T>(field: &Field, what: &str) -> Result<T, Refusal> {
    Err(Refusal::field(field.key, format!("{} {what}.", field.label)))
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The field for a provider's address, the same for every channel that calls one.
pub(crate) const fn base_url(help: &'static str) -> Field {
    Field {
        key: "base_url",
        label: "Provider address",
        help,
        kind: FieldKind::Url,
        required: false,
        secret: false,
        advanced: true,
        options: &[],
    }
}

/// A required text field.
pub(crate) const fn required(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field {
        key,
        label,
        help,
        kind: FieldKind::Text,
        required: true,
        secret: false,
        advanced: false,
        options: &[],
    }
}

/// A required credential.
pub(crate) const fn secret(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field {
        key,
        label,
        help,
        kind: FieldKind::Text,
        required: true,
        secret: true,
        advanced: false,
        options: &[],
    }
}
