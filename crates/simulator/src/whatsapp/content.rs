//! What may stand in a message: every type, its required fields and its limits.

use serde_json::Value;

use super::graph::{invalid, missing, not_valid};
use super::{media, templates};
use crate::http::Answer;
use crate::media as samples;
use crate::simulator::Simulator;
use crate::world::{Button, Card, Content, MediaKind};

/// A body that passed.
pub struct Checked {
    pub kind: String,
    pub content: Content,
    pub buttons: Vec<Button>,
    pub category: Option<String>,
    /// The link of the media cannot be fetched or is of a wrong kind: fails later, not now.
    pub broken_media: bool,
    /// `(message, emoji)`: no message of its own.
    pub reaction: Option<(String, Option<String>)>,
}

impl Checked {
    fn new(kind: &str, content: Content) -> Self {
        let kind = kind.to_owned();
        Self {
            kind,
            content,
            buttons: Vec::new(),
            category: Some("service".to_owned()),
            broken_media: false,
            reaction: None,
        }
    }
}

/// Text within a length; counts characters as Meta does.
fn text(value: &Value, name: &str, most: usize) -> Result<String, Answer> {
    match value.as_str().filter(|t| !t.trim().is_empty()) {
        None => Err(missing(name)),
        Some(text) if text.chars().count() > most => Err(invalid(&format!(
            "Param {name} must be at most {most} characters long."
        ))),
        Some(text) => Ok(text.to_owned()),
    }
}

fn optional(value: &Value, name: &str, most: usize) -> Result<Option<String>, Answer> {
    if value.is_null() {
        Ok(None)
    } else {
        text(value, name, most).map(Some)
    }
}

pub async fn check(sim: &Simulator, account: &str, body: &Value) -> Result<Checked, Answer> {
    let kind = body["type"].as_str().unwrap_or("text");
    let part = &body[kind];
    if !part.is_object() && !part.is_array() {
        return Err(missing(kind));
    }
    match kind {
        "text" => Ok(Checked::new(
            kind,
            Content::plain(text(&part["body"], "text['body']", 4_096)?),
        )),
        "image" => attachment(sim, account, kind, part, MediaKind::Image).await,
        "video" => attachment(sim, account, kind, part, MediaKind::Video).await,
        "audio" => attachment(sim, account, kind, part, MediaKind::Audio).await,
        "document" => attachment(sim, account, kind, part, MediaKind::Document).await,
        "sticker" => attachment(sim, account, kind, part, MediaKind::Sticker).await,
        "location" => location(part),
        "contacts" => contacts(part),
        "reaction" => {
            let target = text(&part["message_id"], "reaction['message_id']", 512)?;
            let emoji = part["emoji"].as_str().filter(|e| !e.is_empty()).map(str::to_owned);
            let mut checked = Checked::new(kind, Content::plain(""));
            checked.reaction = Some((target, emoji));
            Ok(checked)
        }
        "interactive" => interactive(part),
        "template" => {
            let waba = sim
                .read(|world| world.whatsapp(account).map(|n| n.waba_id.clone()))
                .unwrap_or_default();
            let rendered = sim.read(|world| templates::render(world, &waba, part))?;
            let label = format!(
                "template {} · {}",
                part["name"].as_str().unwrap_or_default(),
                part["language"]["code"].as_str().unwrap_or_default()
            );
            let content = Content::Text {
                text: rendered.body,
                header: rendered.header,
                footer: rendered.footer,
                label: Some(label),
            };
            Ok(Checked {
                buttons: rendered.buttons,
                category: Some(rendered.category),
                ..Checked::new(kind, content)
            })
        }
        other => Err(invalid(&format!(
            "Param type must be one of {{AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO}} - got \"{other}\"."
        ))),
    }
}

async fn attachment(
    sim: &Simulator,
    account: &str,
    name: &str,
    part: &Value,
    kind: MediaKind,
) -> Result<Checked, Answer> {
    let caption = optional(&part["caption"], &format!("{name}['caption']"), 1_024)?;
    if caption.is_some() && matches!(kind, MediaKind::Audio | MediaKind::Sticker) {
        return Err(invalid(&format!("Unexpected key \"caption\" on param \"{name}\".")));
    }
    let voice = kind == MediaKind::Audio && part["voice"] == true;
    let shown = if voice { MediaKind::Voice } else { kind };
    if let Some(id) = part["id"].as_str() {
        let file = sim.read(|world| {
            world
                .files
                .get(id)
                .filter(|f| f.owner.as_deref() == Some(account))
                .cloned()
        });
        let Some(mut file) = file else {
            return Err(not_valid(&format!(
                "Media ID {id} does not exist or belongs to another number."
            )));
        };
        let broken = media::accepts(kind, &file.mime, file.size).is_err()
            || samples::sniff(&file.bytes).is_none() && kind != MediaKind::Document && !file.mime.starts_with("audio/");
        file.name = part["filename"].as_str().map(str::to_owned).or(file.name);
        let mut checked = Checked::new(name, Simulator::media(shown, &file, caption));
        checked.broken_media = broken;
        return Ok(checked);
    }
    let Some(link) = part["link"].as_str() else {
        return Err(missing(&format!("{name}['id'] or {name}['link']")));
    };
    if !link.starts_with("http://") && !link.starts_with("https://") {
        return Err(not_valid(&format!("{name}['link'] is not a valid URI.")));
    }
    let file = fetch(sim, account, link, part["filename"].as_str(), kind).await;
    let mut checked = match file {
        Some(file) => Checked::new(name, Simulator::media(shown, &file, caption)),
        None => {
            let mime = String::new();
            let content = Content::Media {
                kind: shown,
                file: String::new(),
                mime,
                name: Some(link.to_owned()),
                size: 0,
                caption,
            };
            Checked::new(name, content)
        }
    };
    checked.broken_media = matches!(&checked.content, Content::Media { file, .. } if file.is_empty());
    Ok(checked)
}

/// Meta fetches links itself and trusts the type the server declares.
async fn fetch(
    sim: &Simulator,
    account: &str,
    link: &str,
    name: Option<&str>,
    kind: MediaKind,
) -> Option<crate::world::FileEntry> {
    let response = sim.inner.http.get(link).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mime = response.headers().get("content-type")?.to_str().ok()?.to_owned();
    let bytes = response.bytes().await.ok()?;
    media::accepts(kind, &mime, bytes.len()).ok()?;
    let from_path = || {
        url::Url::parse(link)
            .ok()?
            .path_segments()?
            .next_back()
            .map(str::to_owned)
    };
    let name = name.map(str::to_owned).or_else(from_path);
    Some(sim.store_file(bytes, &mime, name, Some(account.to_owned())))
}

fn coordinate(value: &Value, name: &str, most: f64) -> Result<f64, Answer> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number
        .filter(|n| n.abs() <= most)
        .ok_or_else(|| not_valid(&format!("location['{name}'] is no coordinate.")))
}

fn location(part: &Value) -> Result<Checked, Answer> {
    let content = Content::Location {
        latitude: coordinate(&part["latitude"], "latitude", 90.0)?,
        longitude: coordinate(&part["longitude"], "longitude", 180.0)?,
        name: optional(&part["name"], "location['name']", 1_000)?,
        address: optional(&part["address"], "location['address']", 1_000)?,
    };
    Ok(Checked::new("location", content))
}

fn contacts(part: &Value) -> Result<Checked, Answer> {
    let list = part
        .as_array()
        .filter(|l| (1..=257).contains(&l.len()))
        .ok_or_else(|| invalid("contacts has 1 to 257 entries."))?;
    let card = |entry: &Value| {
        let name = text(
            &entry["name"]["formatted_name"],
            "contacts['name']['formatted_name']",
            1_000,
        )?;
        let phones = entry["phones"].as_array().into_iter().flatten();
        Ok(Card {
            name,
            phones: phones.filter_map(|p| p["phone"].as_str().map(str::to_owned)).collect(),
        })
    };
    let contacts = list.iter().map(card).collect::<Result<_, Answer>>()?;
    Ok(Checked::new("contacts", Content::Contacts { contacts }))
}

fn interactive(part: &Value) -> Result<Checked, Answer> {
    let kind = part["type"].as_str().ok_or_else(|| missing("interactive['type']"))?;
    let action = &part["action"];
    let header = match part["header"]["type"].as_str() {
        None => None,
        Some("text") => Some(text(&part["header"]["text"], "interactive['header']['text']", 60)?),
        Some(media @ ("image" | "video" | "document")) if kind != "list" => {
            let given = &part["header"][media];
            if given["id"].is_null() && given["link"].is_null() {
                return Err(missing(&format!("interactive['header']['{media}']")));
            }
            Some(format!("[{media}]"))
        }
        Some(_) => return Err(invalid("The header's type is not supported for this interactive type.")),
    };
    let body_limit = if kind == "list" { 4_096 } else { 1_024 };
    let needs_body = kind != "product";
    let body = optional(&part["body"]["text"], "interactive['body']['text']", body_limit)?;
    if body.is_none() && needs_body {
        return Err(missing("interactive['body']['text']"));
    }
    let footer = optional(&part["footer"]["text"], "interactive['footer']['text']", 60)?;
    let button = |id: String, title: String, kind: &str| Button {
        id,
        title,
        kind: kind.to_owned(),
        row: 0,
        description: None,
    };
    let buttons = match kind {
        "button" => reply_buttons(action)?,
        "list" => list_rows(action)?,
        "cta_url" => {
            let parameters = &action["parameters"];
            let title = text(&parameters["display_text"], "action['parameters']['display_text']", 20)?;
            let url = text(&parameters["url"], "action['parameters']['url']", 2_000)?;
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(not_valid("action['parameters']['url'] is not a valid URI."));
            }
            vec![button(url, title, "url")]
        }
        "location_request_message" => {
            if action["name"] != "send_location" {
                return Err(invalid("action['name'] must be send_location."));
            }
            vec![button(
                "send_location".to_owned(),
                "Send location".to_owned(),
                "share_location",
            )]
        }
        "flow" => {
            let parameters = &action["parameters"];
            text(
                &parameters["flow_message_version"],
                "action['parameters']['flow_message_version']",
                10,
            )?;
            if parameters["flow_id"].is_null() && parameters["flow_name"].is_null() {
                return Err(missing("action['parameters']['flow_id']"));
            }
            let title = text(&parameters["flow_cta"], "action['parameters']['flow_cta']", 30)?;
            let token = parameters["flow_token"].as_str().unwrap_or("unused").to_owned();
            vec![button(token, title, "flow")]
        }
        "product" => {
            text(&action["catalog_id"], "action['catalog_id']", 200)?;
            let id = text(&action["product_retailer_id"], "action['product_retailer_id']", 200)?;
            vec![button(id, "View".to_owned(), "other")]
        }
        "product_list" => {
            if header.is_none() {
                return Err(missing("interactive['header']"));
            }
            text(&action["catalog_id"], "action['catalog_id']", 200)?;
            let sections = action["sections"].as_array().filter(|s| (1..=10).contains(&s.len()));
            let sections = sections.ok_or_else(|| invalid("A product list has 1 to 10 sections."))?;
            let items: usize = sections
                .iter()
                .map(|s| s["product_items"].as_array().map_or(0, Vec::len))
                .sum();
            if !(1..=30).contains(&items) {
                return Err(invalid("A product list has 1 to 30 products."));
            }
            vec![button("items".to_owned(), "View items".to_owned(), "other")]
        }
        "catalog_message"
        | "carousel"
        | "order_details"
        | "order_status"
        | "voice_call"
        | "call_permission_request"
        | "address_message" => Vec::new(),
        "request_contact_info" => vec![button(
            "phone".to_owned(),
            "Share phone number".to_owned(),
            "share_phone",
        )],
        other => return Err(invalid(&format!("interactive['type'] {other} is not known."))),
    };
    let label = (kind != "button").then(|| kind.replace('_', " "));
    let content = Content::Text {
        text: body.unwrap_or_default(),
        header,
        footer,
        label,
    };
    Ok(Checked {
        buttons,
        ..Checked::new("interactive", content)
    })
}

fn reply_buttons(action: &Value) -> Result<Vec<Button>, Answer> {
    let list = action["buttons"].as_array().filter(|b| (1..=3).contains(&b.len()));
    let list = list.ok_or_else(|| invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"))?;
    let mut buttons: Vec<Button> = Vec::new();
    for entry in list {
        if entry["type"] != "reply" {
            return Err(invalid("action['buttons'][]['type'] must be reply."));
        }
        let title = text(&entry["reply"]["title"], "action['buttons'][]['reply']['title']", 20)?;
        let id = text(&entry["reply"]["id"], "action['buttons'][]['reply']['id']", 256)?;
        if buttons.iter().any(|b| b.id == id || b.title == title) {
            return Err(not_valid("Reply buttons need different ids and titles."));
        }
        buttons.push(Button {
            id,
            title,
            kind: "reply".to_owned(),
            row: buttons.len(),
            description: None,
        });
    }
    Ok(buttons)
}

fn list_rows(action: &Value) -> Result<Vec<Button>, Answer> {
    text(&action["button"], "action['button']", 20)?;
    let sections = action["sections"].as_array().filter(|s| (1..=10).contains(&s.len()));
    let sections = sections.ok_or_else(|| invalid("A list has 1 to 10 sections."))?;
    let mut rows: Vec<Button> = Vec::new();
    for section in sections {
        if sections.len() > 1 || !section["title"].is_null() {
            text(&section["title"], "action['sections'][]['title']", 24)?;
        }
        for row in section["rows"].as_array().into_iter().flatten() {
            let id = text(&row["id"], "action['sections'][]['rows'][]['id']", 200)?;
            let title = text(&row["title"], "action['sections'][]['rows'][]['title']", 24)?;
            let description = optional(&row["description"], "action['sections'][]['rows'][]['description']", 72)?;
            if rows.iter().any(|r| r.id == id) {
                return Err(not_valid("List rows need different ids."));
            }
            rows.push(Button {
                id,
                title,
                kind: "row".to_owned(),
                row: rows.len(),
                description,
            });
        }
    }
    if !(1..=10).contains(&rows.len()) {
        return Err(invalid("Total row count exceed max allowed count: 10"));
    }
    Ok(rows)
}
