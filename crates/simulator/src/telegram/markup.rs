//! Keyboards: validation as Telegram's, and the buttons the phone shows.

use serde_json::Value;

use crate::world::Button;

/// What a `reply_markup` does to the message and the phone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Markup {
    /// Buttons under the message.
    pub inline: Vec<Button>,
    /// The keyboard under the text field: a new one, or an empty one to remove it.
    pub keyboard: Option<Vec<Button>>,
}

/// Reads a `reply_markup`; the error is what follows `Bad Request: `.
pub fn parse(markup: Option<&Value>) -> Result<Markup, String> {
    let mut parsed = Markup::default();
    let Some(markup) = markup else { return Ok(parsed) };
    if let Some(rows) = markup.get("inline_keyboard") {
        parsed.inline = inline(rows)?;
    } else if let Some(rows) = markup.get("keyboard") {
        parsed.keyboard = Some(keyboard(rows)?);
    } else if markup.get("remove_keyboard").and_then(Value::as_bool) == Some(true) {
        parsed.keyboard = Some(Vec::new());
    } else if markup.get("force_reply").is_none() && !markup.is_object() {
        return Err("can't parse reply keyboard markup JSON object".to_owned());
    }
    Ok(parsed)
}

fn rows(value: &Value) -> Result<Vec<&Vec<Value>>, String> {
    let rows = value.as_array().ok_or("object expected as reply markup")?;
    rows.iter()
        .map(|row| {
            row.as_array()
                .ok_or_else(|| "can't parse keyboard: row must be an Array".to_owned())
        })
        .collect()
}

fn inline(value: &Value) -> Result<Vec<Button>, String> {
    let mut buttons = Vec::new();
    for (index, row) in rows(value)?.into_iter().enumerate() {
        for button in row {
            buttons.push(inline_button(button, index)?);
        }
    }
    Ok(buttons)
}

fn inline_button(button: &Value, row: usize) -> Result<Button, String> {
    let title = button
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned();
    if title.is_empty() {
        return Err("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard".to_owned());
    }
    let of = |kind: &str, id: &str| Button {
        id: id.to_owned(),
        title: title.clone(),
        kind: kind.to_owned(),
        row,
        description: None,
    };
    if let Some(data) = button.get("callback_data").and_then(Value::as_str) {
        return if (1..=64).contains(&data.len()) {
            Ok(of("callback", data))
        } else {
            Err("BUTTON_DATA_INVALID".to_owned())
        };
    }
    if let Some(url) = button.get("url").and_then(Value::as_str) {
        return if acceptable(url) {
            Ok(of("url", url))
        } else {
            Err(format!("inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"))
        };
    }
    let others = [
        "web_app",
        "login_url",
        "copy_text",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "pay",
    ];
    match others.iter().find(|key| button.get(**key).is_some()) {
        Some(key) => Ok(of("other", key)),
        None => Err("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard".to_owned()),
    }
}

/// Telegram wants a host with a dot, or an address; `localhost` spoils the whole message.
fn acceptable(url: &str) -> bool {
    if url.contains(char::is_whitespace) || url.is_empty() {
        return false;
    }
    let with_scheme = if url.contains("://") || url.starts_with("tel:") || url.starts_with("mailto:") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    match url::Url::parse(&with_scheme) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.host_str().is_some_and(|host| host.contains('.')),
        Ok(url) => matches!(url.scheme(), "tg" | "ton" | "tel" | "mailto"),
        Err(_) => false,
    }
}

fn keyboard(value: &Value) -> Result<Vec<Button>, String> {
    let mut buttons = Vec::new();
    for (row, entries) in rows(value)?.into_iter().enumerate() {
        for entry in entries {
            let title = entry
                .as_str()
                .or_else(|| entry.get("text").and_then(Value::as_str))
                .unwrap_or_default();
            if title.is_empty() {
                return Err("can't parse keyboard button: Field \"text\" must be of type String".to_owned());
            }
            let asked = |key: &str| entry.get(key).and_then(Value::as_bool) == Some(true);
            let kind = match () {
                () if asked("request_contact") => "share_phone",
                () if asked("request_location") => "share_location",
                () => "keyboard",
            };
            let (id, title) = (title.to_owned(), title.to_owned());
            buttons.push(Button {
                id,
                title,
                kind: kind.to_owned(),
                row,
                description: None,
            });
        }
    }
    Ok(buttons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn inline_of(button: Value) -> Result<Markup, String> {
        parse(Some(&json!({"inline_keyboard": [[button]]})))
    }

    #[test]
    fn callback_data_is_64_bytes_not_characters() {
        assert!(inline_of(json!({"text": "a", "callback_data": "x".repeat(64)})).is_ok());
        assert_eq!(
            inline_of(json!({"text": "a", "callback_data": "é".repeat(33)})).unwrap_err(),
            "BUTTON_DATA_INVALID"
        );
        assert_eq!(
            inline_of(json!({"text": "a", "callback_data": ""})).unwrap_err(),
            "BUTTON_DATA_INVALID"
        );
    }

    #[test]
    fn urls_need_a_real_host() {
        assert!(inline_of(json!({"text": "a", "url": "https://shop.test/x"})).is_ok());
        for bad in ["http://localhost:80/", "https://a b.test", ""] {
            assert!(inline_of(json!({"text": "a", "url": bad})).is_err(), "{bad}");
        }
    }

    #[test]
    fn keyboards_replace_and_remove() {
        let shown = parse(Some(
            &json!({"keyboard": [["Yes", {"text": "Phone", "request_contact": true}]]}),
        ))
        .unwrap();
        assert_eq!(shown.keyboard.unwrap()[1].kind, "share_phone");
        assert_eq!(
            parse(Some(&json!({"remove_keyboard": true}))).unwrap().keyboard,
            Some(Vec::new())
        );
    }
}
