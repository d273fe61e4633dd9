//! Contact cards in the vCard format, as far as an inbox needs them.

use ism_domain::content::{ContactCard, clean_text};

/// Adds what a vCard says to a card that the provider described in its own words.
pub(crate) fn add_vcard(card: &mut ContactCard, vcard: &str) {
    for line in vcard.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        // `item1.TEL;TYPE=cell` is the property TEL.
        let property = name.split(';').next().unwrap_or_default();
        let property = property.rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
        let value = clean_text(value.trim()).replace("\\,", ",").replace("\\;", ";");
        if value.is_empty() {
            continue;
        }
        match property.as_str() {
            "FN" if card.name.is_empty() => card.name = value,
            "TEL" => add(&mut card.phones, value.trim_start_matches("tel:").to_owned()),
            "EMAIL" => add(&mut card.emails, value),
            "ORG" if card.organization.is_none() => {
                card.organization = Some(value.trim_end_matches(';').replace(';', ", "));
            }
            _ => {}
        }
    }
}

/// Adds a value unless it is there already, whatever its spacing.
pub(crate) fn add(list: &mut Vec<String>, value: String) {
    let bare = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric() || *c == '@')
            .collect::<String>()
    };
    if !value.is_empty() && !list.iter().any(|known| bare(known) == bare(&value)) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vcard_fills_the_gaps_only() {
        let mut card = ContactCard {
            name: "Sam".into(),
            phones: vec!["+44 7700 900456".into()],
            ..ContactCard::default()
        };
        add_vcard(
            &mut card,
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Samuel\r\nitem1.TEL;TYPE=cell:+447700900456\r\nTEL:+441\r\nEMAIL:s@x.test\r\nORG:Mill\\, Sons;Sales\r\nEND:VCARD",
        );
        assert_eq!(card.name, "Sam");
        assert_eq!(card.phones, ["+44 7700 900456", "+441"]);
        assert_eq!(card.emails, ["s@x.test"]);
        assert_eq!(card.organization.as_deref(), Some("Mill, Sons, Sales"));
    }
}
