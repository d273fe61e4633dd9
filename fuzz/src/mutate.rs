//! Changes seeds at random: as JSON values where they are JSON, as bytes otherwise.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

/// Longest input that is made.
const LONGEST: usize = 64 * 1024;

/// Bytes that parsers stumble over.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf4\x8f\xbf\xbf",
    b"\r\n",
    b"\n\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b":",
    b",",
    b"-",
    b"+",
    b"0",
    b"-0",
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"%00",
    b"--x",
    b"--x--",
    b"=",
    b";",
    b"'",
    b"*",
];

/// A changed seed.
pub fn mutated(rng: &mut impl Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let Some(seed) = seeds.choose(rng) else {
        return Vec::new();
    };
    let mut data = match serde_json::from_slice::<Value>(seed) {
        Ok(mut value) if rng.random_bool(0.5) => {
            for _ in 0..rng.random_range(1..4) {
                change_value(rng, &mut value);
            }
            value.to_string().into_bytes()
        }
        _ => seed.clone(),
    };
    if rng.random_bool(0.5) {
        for _ in 0..rng.random_range(1..8) {
            change_bytes(rng, &mut data, seeds);
        }
    }
    data.truncate(LONGEST);
    data
}

fn change_bytes(rng: &mut impl Rng, data: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = rng.random_range(0..=data.len());
    let to = (at + rng.random_range(0..32)).min(data.len());
    match rng.random_range(0..7) {
        0 if at < data.len() => data[at] ^= 1 << rng.random_range(0..8),
        1 if at < data.len() => data[at] = rng.random(),
        2 => drop(data.drain(at..to)),
        3 => {
            let copy = data[at..to].repeat(rng.random_range(1..40));
            data.splice(at..at, copy);
        }
        4 => data.truncate(at),
        5 => {
            if let Some(other) = seeds.choose(rng) {
                let from = rng.random_range(0..=other.len());
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
        }
        _ => {
            if let Some(token) = TOKENS.choose(rng) {
                data.splice(at..at, token.iter().copied());
            }
        }
    }
}

/// Changes one place inside a value.
fn change_value(rng: &mut impl Rng, value: &mut Value) {
    let deeper = rng.random_bool(0.85);
    match value {
        Value::Object(map) if deeper && !map.is_empty() => {
            let at = rng.random_range(0..map.len());
            let key = map.keys().nth(at).cloned().unwrap_or_default();
            if rng.random_bool(0.08) {
                map.remove(&key);
            } else if let Some(inner) = map.get_mut(&key) {
                change_value(rng, inner);
            }
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let at = rng.random_range(0..list.len());
            if rng.random_bool(0.1) {
                let copy = list[at].clone();
                list.push(copy);
            } else {
                change_value(rng, &mut list[at]);
            }
        }
        _ => *value = odd(rng, value),
    }
}

/// A value that is not what was expected.
fn odd(rng: &mut impl Rng, before: &Value) -> Value {
    match rng.random_range(0..20) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(i64::MAX),
        5 => json!(i64::MIN),
        6 => json!(u64::MAX),
        7 => json!(1.5e300),
        8 => json!(""),
        9 => json!(" \t\n"),
        10 => json!("\u{0}\u{1}\u{202e}\u{feff}\u{fffd}"),
        11 => json!("é".repeat(rng.random_range(1..5_000))),
        12 => json!("99999999999999999999"),
        13 => json!([]),
        14 => json!({}),
        15 => json!([before, before]),
        16 => json!({ "": before }),
        17 => json!(before.to_string()),
        18 => (0..100).fold(before.clone(), |inner, _| json!([inner])),
        _ => json!(rng.random::<i64>()),
    }
}
