//! `POST /{phone_number_id}/messages`: who it goes to, whether it arrives, and the read mark.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::status::{self, Fate};
use super::{content, graph};
use crate::http::{Answer, Params};
use crate::setup::{NewPhone, digits};
use crate::simulator::Simulator;
use crate::world::{Message, Phone, Side};

pub async fn post(sim: &Simulator, account: &str, params: &Params) -> Answer {
    let body = Value::Object(params.values.clone());
    if body["messaging_product"] != "whatsapp" {
        return graph::error(
            400,
            100,
            "The parameter messaging_product is required.",
            "messaging_product must be whatsapp.",
        );
    }
    if body.get("status").is_some() {
        return mark_read(sim, account, &body);
    }
    send(sim, account, body).await.unwrap_or_else(|refusal| refusal)
}

/// The id of a new message.
pub fn new_id() -> String {
    format!(
        "wamid.HBg{}",
        STANDARD
            .encode(rand::random::<[u8; 24]>())
            .replace(['+', '/', '='], "A")
    )
}

async fn send(sim: &Simulator, account: &str, body: Value) -> Result<Answer, Answer> {
    if !matches!(body["recipient_type"].as_str(), None | Some("individual")) {
        return Err(graph::not_valid(
            "recipient_type must be individual; this number is in no group.",
        ));
    }
    let opaque = body["biz_opaque_callback_data"].as_str().map(str::to_owned);
    if opaque.as_ref().is_some_and(|o| o.chars().count() > 512) {
        return Err(graph::invalid("biz_opaque_callback_data has at most 512 characters."));
    }
    let recipient = recipient(sim, account, &body)?;
    let checked = content::check(sim, account, &body).await?;

    if let Some(reaction) = &checked.reaction {
        return react(sim, account, &recipient, &reaction.0, reaction.1.clone());
    }
    let context = body["context"]["message_id"].as_str().map(str::to_owned);
    let now = sim.now();
    let id = new_id();
    let input = body["to"].as_str().or(body["recipient"].as_str()).unwrap_or_default();
    let Some(phone) = recipient.phone else {
        // Nobody has this number, or the id went into the wrong field: accepted all the same.
        let fate = if recipient.lost {
            Fate::Vanishes
        } else {
            Fate::Fails(131_026)
        };
        unreachable_status(sim, account, input, &id, opaque, &fate);
        return Ok(accepted(input, &digits(input), None, &id, &checked.kind));
    };
    let (open, blocked) = sim.read(|world| {
        let chat = world.chat(account, &phone.id);
        (
            chat.is_some_and(|c| c.window_open(now)),
            chat.is_some_and(|c| c.blocked),
        )
    });
    let fate = match () {
        () if checked.kind != "template" && !open => Fate::Fails(131_047),
        () if checked.broken_media => Fate::Fails(131_053),
        () if blocked => Fate::Stuck,
        () => Fate::Arrives,
    };
    let message = Message {
        id: id.clone(),
        seq: sim.write(crate::world::World::tick),
        from: Side::Business,
        at: now,
        content: checked.content,
        reply_to: context,
        album: None,
        buttons: checked.buttons,
        edited_at: None,
        deleted: false,
        customer_reaction: None,
        business_reaction: None,
        read_by_business: false,
        statuses: Vec::new(),
        opaque,
        category: checked.category,
        raw: body.clone(),
    };
    sim.receive(account, &phone.id, message.clone());
    status::play(sim, account, &phone, &message, fate).await;
    Ok(accepted(input, &phone.phone, Some(&phone.bsuid), &id, &checked.kind))
}

fn accepted(input: &str, wa_id: &str, bsuid: Option<&str>, id: &str, kind: &str) -> Answer {
    let mut contact = json!({"input": input, "wa_id": wa_id});
    if let Some(bsuid) = bsuid {
        contact["user_id"] = json!(bsuid);
    }
    let mut message = json!({"id": id});
    if kind == "template" {
        message["message_status"] = json!("accepted");
    }
    Answer::ok(json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}))
}

struct Recipient {
    phone: Option<Phone>,
    /// A business-scoped id in `to`, which is accepted and then lost.
    lost: bool,
}

fn recipient(sim: &Simulator, account: &str, body: &Value) -> Result<Recipient, Answer> {
    if let Some(bsuid) = body["recipient"].as_str() {
        let phone = sim.read(|world| world.phone_by(|p| p.bsuid == bsuid).cloned());
        return Ok(Recipient { phone, lost: false });
    }
    let to = match &body["to"] {
        Value::String(to) => to.clone(),
        Value::Number(to) => to.to_string(),
        _ => {
            return Err(graph::error(
                400,
                100,
                "The parameter to is required.",
                "Give to, or recipient with a user id.",
            ));
        }
    };
    if to.contains('.') && to.chars().any(|c| c.is_ascii_alphabetic()) {
        return Ok(Recipient {
            phone: None,
            lost: true,
        });
    }
    let number = digits(&to);
    let formatted = to.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c));
    if !formatted || !(7..=15).contains(&number.len()) {
        return Err(graph::not_valid("to is not a phone number with its country code."));
    }
    let own = sim.read(|world| {
        world
            .whatsapp(account)
            .is_some_and(|n| n.display_phone_number == number)
    });
    if own {
        return Err(graph::error(
            400,
            131_021,
            graph::title(131_021),
            "Sender and recipient phone number is the same.",
        ));
    }
    let known = sim.read(|world| world.phone_by(|p| p.phone == number).cloned());
    if known.is_none() && sim.knobs(account).create_unknown {
        let new = NewPhone {
            phone: Some(number),
            ..NewPhone::default()
        };
        let made = sim.write(|world| world.add_phone(new)).ok();
        sim.tell(&json!({"type": "phones"}));
        return Ok(Recipient {
            phone: made,
            lost: false,
        });
    }
    Ok(Recipient {
        phone: known,
        lost: false,
    })
}

/// A failed status for a number that is no customer's.
fn unreachable_status(sim: &Simulator, account: &str, to: &str, id: &str, opaque: Option<String>, fate: &Fate) {
    let Fate::Fails(code) = fate else { return };
    let body = sim.read(|world| {
        let number = world.whatsapp(account)?;
        let mut status = json!({
            "id": id, "status": "failed", "timestamp": (sim.now() / 1_000).to_string(), "recipient_id": digits(to),
            "errors": [{"code": code, "title": graph::title(*code), "message": graph::title(*code),
                "error_data": {"details": graph::details(*code)}}],
        });
        if let Some(opaque) = opaque {
            status["biz_opaque_callback_data"] = json!(opaque);
        }
        Some(super::webhook::change(number, "statuses", json!([status]), None))
    });
    if let Some(body) = body {
        let (later, account) = (sim.clone(), account.to_owned());
        let pause = std::time::Duration::from_millis(sim.knobs(&account).status_delay_ms);
        sim.inner.spawn(async move {
            tokio::time::sleep(pause).await;
            later.send_webhook(&account, "", body);
        });
    }
}

fn react(
    sim: &Simulator,
    account: &str,
    to: &Recipient,
    target: &str,
    emoji: Option<String>,
) -> Result<Answer, Answer> {
    let Some(phone) = &to.phone else {
        return Err(graph::not_valid("The message to react to is not in this chat."));
    };
    let reacted = sim.write(|world| {
        let message = world.chat_mut(account, &phone.id).message_mut(target)?;
        message.business_reaction = emoji;
        Some(message.clone())
    });
    let Some(message) = reacted else {
        return Err(graph::not_valid("The message to react to is not in this chat."));
    };
    sim.tell_message(account, &phone.id, &message);
    Ok(accepted(
        &phone.phone,
        &phone.phone,
        Some(&phone.bsuid),
        &new_id(),
        "reaction",
    ))
}

/// Read marks cover the message and everything before it.
fn mark_read(sim: &Simulator, account: &str, body: &Value) -> Answer {
    if body["status"] != "read" {
        return graph::not_valid("status must be read.");
    }
    let id = body["message_id"].as_str().unwrap_or_default();
    let now = sim.now();
    let typing = body.get("typing_indicator").is_some_and(|t| t["type"] == "text");
    let marked = sim.write(|world| {
        let chats = world.chats.get_mut(account)?;
        let (phone, chat) = chats
            .iter_mut()
            .find(|(_, chat)| chat.message(id).is_some_and(|m| m.from == Side::Customer))?;
        let at = chat.messages.iter().position(|m| m.id == id)?;
        for message in chat
            .messages
            .iter_mut()
            .take(at + 1)
            .filter(|m| m.from == Side::Customer)
        {
            message.read_by_business = true;
        }
        if typing {
            chat.typing_until = now + 25_000;
        }
        Some(phone.clone())
    });
    let Some(phone) = marked else {
        return graph::error(
            400,
            131_009,
            "Parameter value is not valid",
            "message_id is no message of a customer.",
        );
    };
    sim.tell_chat(account, &phone);
    if typing {
        sim.tell(&json!({"type": "typing", "account": account, "phone": phone, "until": now + 25_000}));
    }
    Answer::ok(json!({"success": true}))
}
