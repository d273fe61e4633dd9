//! `parse_mode`: HTML and Markdown to plain text with entities, refusing what Telegram refuses.

use serde_json::{Value, json};

/// Plain text and its entities, or the reason for `can't parse entities`.
pub type Parsed = Result<(String, Vec<Value>), String>;

/// Collects text and open marks; offsets count UTF-16 units, as Telegram does.
#[derive(Default)]
struct Builder {
    text: String,
    units: usize,
    entities: Vec<Value>,
    open: Vec<(String, usize, Value)>,
}

impl Builder {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn start(&mut self, mark: &str, extra: Value) {
        self.open.push((mark.to_owned(), self.units, extra));
    }

    fn end(&mut self, kind: &str, extra: Value) {
        let Some((_, offset, started)) = self.open.pop() else {
            return;
        };
        if self.units == offset {
            return;
        }
        let mut entity = json!({"type": kind, "offset": offset, "length": self.units - offset});
        for more in [started, extra] {
            if let (Some(entity), Value::Object(more)) = (entity.as_object_mut(), more) {
                entity.extend(more);
            }
        }
        self.entities.push(entity);
    }

    fn finish(mut self) -> Parsed {
        if let Some((mark, _, _)) = self.open.pop() {
            return Err(format!("Can't find end of the entity starting with {mark}"));
        }
        self.entities.sort_by_key(|e| e["offset"].as_u64());
        Ok((self.text, self.entities))
    }
}

fn html_kind(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" | "span" => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "a" => "text_link",
        "blockquote" => "blockquote",
        "tg-emoji" => "custom_emoji",
        _ => return None,
    })
}

pub fn html(source: &str) -> Parsed {
    let mut out = Builder::default();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let at = source.len() - rest.len();
        if c == '<' {
            let Some(end) = rest.find('>') else {
                return Err(format!("Unclosed start tag at byte offset {at}"));
            };
            let tag = &rest[1..end];
            rest = &rest[end + 1..];
            html_tag(&mut out, tag, at)?;
        } else if c == '&' {
            let (decoded, length) = html_reference(rest);
            out.push(decoded);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out.finish().map_err(|_| {
        format!(
            "Can't find end tag corresponding to start tag at byte offset {}",
            source.len()
        )
    })
}

fn html_tag(out: &mut Builder, tag: &str, at: usize) -> Result<(), String> {
    if let Some(name) = tag.strip_prefix('/') {
        let name = name.trim().to_ascii_lowercase();
        return match out.open.last() {
            Some((open, ..)) if *open == name => {
                let kind = html_kind(&name).unwrap_or("code");
                out.end(kind, Value::Null);
                Ok(())
            }
            Some((open, ..)) => Err(format!(
                "Unmatched end tag at byte offset {at}, expected \"</{open}>\", found \"</{name}>\""
            )),
            None => Err(format!("Unexpected end tag at byte offset {at}")),
        };
    }
    let name = tag.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if html_kind(&name).is_none() {
        return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}"));
    }
    let extra = match name.as_str() {
        "a" => json!({"url": attribute(tag, "href").unwrap_or_default()}),
        _ => Value::Null,
    };
    out.start(&name, extra);
    Ok(())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let after = tag.split_once(&format!("{name}="))?.1;
    let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let value = after[1..].split(quote).next()?;
    Some(value.replace("&amp;", "&").replace("&quot;", "\""))
}

fn html_reference(rest: &str) -> (char, usize) {
    for (name, c) in [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')] {
        if rest.starts_with(name) {
            return (c, name.len());
        }
    }
    let numeric = rest.strip_prefix("&#").and_then(|after| {
        let end = after.find(';').filter(|end| *end <= 8)?;
        let digits = &after[..end];
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        Some((char::from_u32(code)?, end + 3))
    });
    numeric.unwrap_or(('&', 1))
}

/// MarkdownV2; the characters that must be escaped outside of marks are refused when they are not.
pub fn markdown(source: &str) -> Parsed {
    const RESERVED: &str = "_*[]()~`>#+-=|{}.!";
    let marks = [
        ("||", "spoiler"),
        ("__", "underline"),
        ("*", "bold"),
        ("_", "italic"),
        ("~", "strikethrough"),
    ];
    let mut out = Builder::default();
    let mut rest = source;
    'next: while let Some(c) = rest.chars().next() {
        if c == '\\' && rest.len() > 1 {
            let escaped = rest[1..].chars().next().unwrap_or('\\');
            out.push(escaped);
            rest = &rest[1 + escaped.len_utf8()..];
            continue;
        }
        if c == '`' {
            let (fence, kind) = if rest.starts_with("```") {
                ("```", "pre")
            } else {
                ("`", "code")
            };
            let body = &rest[fence.len()..];
            let end = body.find(fence).ok_or_else(|| unclosed(kind, source, rest))?;
            out.start(fence, Value::Null);
            body[..end].chars().for_each(|c| out.push(c));
            out.end(kind, Value::Null);
            rest = &body[end + fence.len()..];
            continue;
        }
        for (mark, kind) in marks {
            if rest.starts_with(mark) {
                if out.open.last().is_some_and(|(open, ..)| open == mark) {
                    out.end(kind, Value::Null);
                } else {
                    out.start(mark, Value::Null);
                }
                rest = &rest[mark.len()..];
                continue 'next;
            }
        }
        if c == '[' {
            out.start("[", Value::Null);
            rest = &rest[1..];
            continue;
        }
        if c == ']' && out.open.last().is_some_and(|(open, ..)| open == "[") {
            let url = rest[1..]
                .strip_prefix('(')
                .and_then(|after| Some((after, after.find(')')?)));
            let (after, end) = url.ok_or_else(|| unclosed("text_link", source, rest))?;
            out.end("text_link", json!({"url": &after[..end]}));
            rest = &after[end + 1..];
            continue;
        }
        if RESERVED.contains(c) {
            return Err(format!(
                "Character '{c}' is reserved and must be escaped with the preceding '\\'"
            ));
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out.finish()
}

fn unclosed(kind: &str, source: &str, rest: &str) -> String {
    format!(
        "Can't find end of {kind} entity at byte offset {}",
        source.len() - rest.len()
    )
}

/// Entities Telegram finds by itself: links, commands, mail addresses.
pub fn detect(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut units = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let length = bare.encode_utf16().count();
        let kind = match () {
            () if bare.starts_with("https://") || bare.starts_with("http://") => Some("url"),
            () if bare.starts_with('/')
                && length > 1
                && bare[1..].chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                Some("bot_command")
            }
            () if bare
                .split_once('@')
                .is_some_and(|(l, r)| !l.is_empty() && r.contains('.')) =>
            {
                Some("email")
            }
            () => None,
        };
        if let Some(kind) = kind {
            found.push(json!({"type": kind, "offset": units, "length": length}));
        }
        units += word.encode_utf16().count();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text_with_offsets_in_utf16() {
        let (text, entities) = html("😀 <b>Hi &amp; <i>you</i></b> <a href=\"https://a.test\">x</a>").unwrap();
        assert_eq!(text, "😀 Hi & you x");
        assert_eq!(entities[0], json!({"type": "bold", "offset": 3, "length": 8}));
        assert_eq!(entities[2]["url"], "https://a.test");
    }

    #[test]
    fn broken_marks_are_refused_with_a_place() {
        assert_eq!(
            html("a <foo>b").unwrap_err(),
            "Unsupported start tag \"foo\" at byte offset 2"
        );
        assert!(html("<b>a").is_err() && html("a</b>").is_err() && html("<b><i>a</b></i>").is_err());
        assert!(markdown("a *b").is_err() && markdown("`x").is_err());
        assert_eq!(
            markdown("1.").unwrap_err(),
            "Character '.' is reserved and must be escaped with the preceding '\\'"
        );
    }

    #[test]
    fn markdown_marks_and_escapes() {
        let (text, entities) = markdown("*bold* 1\\. [site](https://a.test) `x`").unwrap();
        assert_eq!(text, "bold 1. site x");
        assert_eq!(entities.len(), 3);
    }

    #[test]
    fn links_and_commands_are_found() {
        let found = detect("/start see https://a.test");
        assert_eq!(found[0]["type"], "bot_command");
        assert_eq!(found[1], json!({"type": "url", "offset": 11, "length": 14}));
    }
}
