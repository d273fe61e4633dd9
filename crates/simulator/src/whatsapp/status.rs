//! What becomes of a message after it was accepted: sent, delivered, read, or failed.

use std::time::Duration;

use super::{graph, webhook};
use crate::simulator::Simulator;
use crate::world::{Message, Phone, StatusChange};

/// How far an accepted message will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// To the customer's phone.
    Arrives,
    /// Accepted, `sent`, and never seen: the customer blocked the business.
    Stuck,
    /// Accepted, then failed with a code.
    Fails(i64),
    /// Accepted, and nothing is ever heard of it again.
    Vanishes,
}

fn step(sim: &Simulator, status: &str) -> StatusChange {
    StatusChange {
        status: status.to_owned(),
        at: sim.now(),
        code: None,
        reason: None,
    }
}

/// The webhook for a status, after it is noted on the message.
fn change(
    sim: &Simulator,
    account: &str,
    phone: &Phone,
    message: &Message,
    status: StatusChange,
) -> Option<serde_json::Value> {
    sim.note_status(account, &phone.id, &message.id, status.clone());
    sim.read(|world| webhook::status(world, account, phone, message, &status))
}

/// Plays the statuses of a message. With `status_before_answer` the first one was delivered when this returns.
pub async fn play(sim: &Simulator, account: &str, phone: &Phone, message: &Message, fate: Fate) {
    let knobs = sim.knobs(account);
    let first = match &fate {
        Fate::Vanishes => return,
        Fate::Fails(code) => StatusChange {
            status: "failed".to_owned(),
            at: sim.now(),
            code: Some(*code),
            reason: Some(graph::details(*code).to_owned()),
        },
        Fate::Arrives | Fate::Stuck => step(sim, "sent"),
    };
    let pause = Duration::from_millis(knobs.status_delay_ms);
    let early = knobs.status_before_answer;
    if early && let Some(body) = change(sim, account, phone, message, first.clone()) {
        sim.send_webhook_and_wait(account, &phone.id, body).await;
    }
    let (sim, account, phone, message) = (sim.clone(), account.to_owned(), phone.clone(), message.clone());
    let inner = sim.inner.clone();
    inner.spawn(async move {
        if !early {
            tokio::time::sleep(pause).await;
            let first = StatusChange { at: sim.now(), ..first };
            if let Some(body) = change(&sim, &account, &phone, &message, first) {
                sim.send_webhook(&account, &phone.id, body);
            }
        }
        if fate != Fate::Arrives {
            return;
        }
        for (wanted, name) in [
            (knobs.auto_delivered, "delivered"),
            (knobs.auto_delivered && knobs.auto_read, "read"),
        ] {
            if !wanted {
                return;
            }
            tokio::time::sleep(pause).await;
            let already = sim.read(|world| {
                let chat = world.chat(&account, &phone.id);
                chat.and_then(|c| c.message(&message.id))
                    .is_some_and(|m| m.statuses.iter().any(|s| s.status == name))
            });
            if already {
                continue;
            }
            let next = step(&sim, name);
            if let Some(body) = change(&sim, &account, &phone, &message, next) {
                sim.send_webhook(&account, &phone.id, body);
            }
        }
    });
}

/// A status set by hand.
pub fn set(sim: &Simulator, account: &str, phone: &Phone, message: &Message, status: StatusChange) {
    if let Some(body) = change(sim, account, phone, message, status) {
        sim.send_webhook(account, &phone.id, body);
    }
}
