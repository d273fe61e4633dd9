//! Reading loosely shaped JSON: what is absent or of another type is simply not there.

use ism_domain::content::clean_text;
use serde_json::Value;

/// JSON without NUL in any text or member name: PostgreSQL stores neither text nor JSON with it.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    let mut value = serde_json::from_slice(bytes).ok()?;
    // A NUL can only stand in JSON as an escape, so most bodies need no walk.
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        clean(&mut value);
    }
    Some(value)
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean_text(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(name, mut value)| {
                    clean(&mut value);
                    (clean_text(&name), value)
                })
                .collect();
        }
        _ => {}
    }
}

/// The value at a path such as `/message/text` or `/contacts/0`. As `Value::pointer`, but without its escapes and
/// allocations: every message is read through dozens of these.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |value, key| match value {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Text at a path such as `/message/text`.
pub(crate) fn text(value: &Value, path: &str) -> Option<String> {
    at(value, path).and_then(Value::as_str).map(str::to_owned)
}

/// Text at a path that says something: trimmed, not empty.
pub(crate) fn filled(value: &Value, path: &str) -> Option<String> {
    text(value, path)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// An id that may come as a number or as text, as text.
pub(crate) fn id(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number that may come as text.
pub(crate) fn integer(value: &Value, path: &str) -> Option<i64> {
    match at(value, path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A finite number that may come as text.
pub(crate) fn number(value: &Value, path: &str) -> Option<f64> {
    let number = match at(value, path)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// The items of an array at a path; none when it isn't one.
pub(crate) fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A valid position, from two paths.
pub(crate) fn position(value: &Value, latitude: &str, longitude: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = (number(value, latitude)?, number(value, longitude)?);
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some((latitude, longitude))
}
