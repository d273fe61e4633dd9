//! What a WhatsApp message says.

use super::PHONE;
use super::people;
use crate::{card, json};
use ism_domain::content::{Attachment, AttachmentKind, ContactCard, Content, Location, Order, OrderItem};
use ism_domain::inbound::Identity;
use serde_json::{Value, json};

/// The content of a message and how to fetch its file, if it has one. `errors` stand beside the message where it
/// came without a body.
pub(super) fn read(message: &Value, errors: &[Value]) -> (Content, Option<Value>) {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    if let Some(found) = file(kind, message) {
        return found;
    }
    let content = match kind {
        "text" => json::text(message, "/text/body").map(Content::text),
        "location" => location(message),
        "contacts" => contacts(message),
        "button" => button(message),
        "interactive" => interactive(message),
        "order" => order(message),
        _ => None,
    };
    (content.unwrap_or_else(|| unsupported(kind, message, errors)), None)
}

fn file(kind: &str, message: &Value) -> Option<(Content, Option<Value>)> {
    let attachment_kind = match kind {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" | "voice" => AttachmentKind::Audio,
        "document" => AttachmentKind::File,
        "sticker" => AttachmentKind::Sticker,
        _ => return None,
    };
    let file = message.get(kind)?;
    let (id, url) = (
        json::id(file, "/id"),
        json::filled(file, "/url").or_else(|| json::filled(file, "/link")),
    );
    if id.is_none() && url.is_none() {
        return None;
    }
    let mime = json::filled(file, "/mime_type");
    let attachment = Attachment {
        mime: mime.clone(),
        file_name: json::filled(file, "/filename"),
        caption: json::filled(file, "/caption"),
        size: json::integer(file, "/file_size"),
        voice: kind == "voice" || file.get("voice") == Some(&Value::Bool(true)),
        ..Attachment::new(attachment_kind)
    };
    let mut media = json!({});
    let parts = [
        ("id", id),
        ("url", url),
        ("mime", mime),
        ("sha256", json::filled(file, "/sha256")),
        ("file_name", attachment.file_name.clone()),
    ];
    for (key, value) in parts {
        if let Some(value) = value {
            media[key] = value.into();
        }
    }
    Some((Content::Attachment { attachment }, Some(media)))
}

fn location(message: &Value) -> Option<Content> {
    let (latitude, longitude) = json::position(message, "/location/latitude", "/location/longitude")?;
    let (name, address) = (
        json::filled(message, "/location/name"),
        json::filled(message, "/location/address"),
    );
    Some(Content::Location(Location {
        latitude,
        longitude,
        name,
        address,
        live: false,
    }))
}

fn contacts(message: &Value) -> Option<Content> {
    let contacts: Vec<ContactCard> = json::items(message, "/contacts").iter().map(contact_card).collect();
    (!contacts.is_empty()).then_some(Content::Contacts { contacts })
}

fn contact_card(contact: &Value) -> ContactCard {
    let parts = || {
        let parts = ["/name/first_name", "/name/last_name"]
            .iter()
            .filter_map(|at| json::filled(contact, at));
        Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
    };
    let mut found = ContactCard {
        name: json::filled(contact, "/name/formatted_name")
            .or_else(parts)
            .unwrap_or_default(),
        organization: json::filled(contact, "/org/company"),
        ..ContactCard::default()
    };
    for phone in json::items(contact, "/phones") {
        let number = json::filled(phone, "/phone").or_else(|| json::id(phone, "/wa_id").map(|id| format!("+{id}")));
        card::add(&mut found.phones, number.unwrap_or_default());
    }
    for email in json::items(contact, "/emails") {
        card::add(&mut found.emails, json::filled(email, "/email").unwrap_or_default());
    }
    if let Some(vcard) = json::text(contact, "/vcard") {
        card::add_vcard(&mut found, &vcard);
    }
    found
}

/// The sender's own number, when they shared it because we asked.
pub(super) fn own_number(message: &Value) -> Option<Identity> {
    let asked = |value: &Value| value.get("origin").and_then(Value::as_str) == Some("contact_request");
    let shared = json::items(message, "/contacts")
        .iter()
        .find(|contact| asked(contact) || asked(message))?;
    let identity = people::identity(&json::id(shared, "/phones/0/wa_id").or_else(|| json::id(shared, "/wa_id"))?)?;
    (identity.scheme == PHONE).then_some(identity)
}

/// A quick reply of a template.
fn button(message: &Value) -> Option<Content> {
    let title = json::filled(message, "/button/text");
    let payload = json::filled(message, "/button/payload");
    pressed(title, payload, "template")
}

fn pressed(title: Option<String>, payload: Option<String>, origin: &str) -> Option<Content> {
    let title_or_payload = title.clone().or_else(|| payload.clone())?;
    Some(Content::Postback {
        payload: payload.or(title)?,
        title: title_or_payload,
        origin: Some(origin.to_owned()),
    })
}

fn interactive(message: &Value) -> Option<Content> {
    let reply = message.get("interactive")?;
    for (key, origin) in [("button_reply", "button"), ("list_reply", "list")] {
        if let Some(chosen) = reply.get(key) {
            return pressed(json::filled(chosen, "/title"), json::id(chosen, "/id"), origin);
        }
    }
    let form = reply.get("nfm_reply")?;
    // JSON inside a string, usually an object.
    let response = match form.get("response_json") {
        Some(Value::String(text)) => json::parse(text.as_bytes()).unwrap_or_else(|| Value::String(text.clone())),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    Some(Content::Form {
        name: json::filled(form, "/name").unwrap_or_else(|| "form".to_owned()),
        response,
    })
}

fn order(message: &Value) -> Option<Content> {
    let order = message.get("order")?;
    let decimal = |item: &Value| match item.get("item_price") {
        Some(Value::Number(price)) => price.to_string(),
        Some(Value::String(price)) => price.trim().to_owned(),
        _ => "0".to_owned(),
    };
    let items = json::items(order, "/product_items").iter().map(|item| OrderItem {
        product_id: json::id(item, "/product_retailer_id").unwrap_or_default(),
        quantity: json::integer(item, "/quantity").unwrap_or(1),
        price: decimal(item),
        currency: json::filled(item, "/currency").unwrap_or_default(),
    });
    Some(Content::WhatsappOrder {
        order: Order {
            catalog_id: json::id(order, "/catalog_id").unwrap_or_default(),
            text: json::text(order, "/text").unwrap_or_default(),
            items: items.collect(),
        },
    })
}

/// Also the first message of a chat that WhatsApp withholds (131060): dropping it would lose the customer.
fn unsupported(kind: &str, message: &Value, errors: &[Value]) -> Content {
    let named = json::filled(message, "/unsupported/type").unwrap_or_else(|| match kind {
        "" => "unknown".to_owned(),
        kind => kind.to_owned(),
    });
    let error = json::items(message, "/errors").first().or_else(|| errors.first());
    let reason = error.and_then(|error| match json::integer(error, "/code") {
        Some(131_060) => Some("WhatsApp did not hand over this message; it can be read on the phone only.".to_owned()),
        Some(131_051) => Some("WhatsApp does not hand over messages of this kind to businesses.".to_owned()),
        _ => ["/error_data/details", "/message", "/title"]
            .iter()
            .find_map(|at| json::filled(error, at)),
    });
    Content::Unsupported {
        kind: named.chars().take(60).collect(),
        reason: reason.map(|reason| reason.chars().take(300).collect()),
    }
}
