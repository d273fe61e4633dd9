//! Messages reach providers.
//!
//! The loop takes rows of the outbox that are next in line for their recipient and allowed by the channel's pace, marks them
//! as being sent, sends them, and writes back what became of them in batches. A row that is marked while the process dies may
//! or may not have reached the provider: it is then shown as failed, "may have arrived", and never sent again by itself.

mod pace;

use crate::ingest::apply_status;
use crate::loops::{self, Turn};
use crate::{Error, Result, Services};
use ism_bus::Wake;
use ism_channels::{Outcome, Outgoing, Scope};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::inbound::Identity;
use ism_domain::message::{Failure, FailureReason, Provenance, Status};
use ism_domain::{ChannelId, MessageId, Timestamp, WorkspaceId};
use ism_store::tables::outbox::{self, OutboxRow};
use ism_store::tables::{contacts, messages};
use ism_store::unit::Unit;
use ism_store::{NO_WORKSPACE, Tx};
use pace::{Pacer, Verdict};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Rows looked at in one round.
const LOOK: i64 = 512;
/// Messages on the wire at the same time.
const IN_FLIGHT: usize = 256;
/// Of these, on one channel.
const IN_FLIGHT_PER_CHANNEL: usize = 96;
/// How long a row stays marked before its sender is taken for dead. A living sender renews it in time.
const LEASE: i64 = 45 * Timestamp::SECOND;
/// How often the marks of what is on the wire are renewed.
const RENEW: Duration = Duration::from_secs(10);
/// Longest pause between two looks.
const SWEEP: Duration = Duration::from_secs(1);
/// Clocks that are kept right go back by less than this, in microseconds.
const SET_BACK: i64 = 2 * Timestamp::SECOND;
/// Tries before a message that is refused for passing reasons is given up.
const TRIES: i64 = 6;
/// After this a message is too old to surprise the customer with.
const OLDEST: i64 = Timestamp::DAY;
/// How long a channel with dead credentials waits before it is tried again.
const DOWN_PAUSE: i64 = 5 * Timestamp::MINUTE;

/// What this process has on the wire, or has not yet written the result of.
type Wire = std::sync::Arc<std::sync::Mutex<HashMap<(WorkspaceId, MessageId), ChannelId>>>;

/// A message that is no longer on the wire.
struct Finished {
    row: OutboxRow,
    outcome: Outcome,
}

/// Runs until the process stops, then waits for what is on the wire.
pub(crate) async fn run(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    let (done, mut finished) = mpsc::unbounded_channel::<Finished>();
    let wire = Wire::default();
    let writer = tokio::spawn({
        let (services, wire) = (services.clone(), wire.clone());
        async move {
            let mut batch = Vec::new();
            while finished.recv_many(&mut batch, IN_FLIGHT).await > 0 {
                write_back(&services, &wire, std::mem::take(&mut batch)).await;
            }
        }
    });
    let renewing = tokio::spawn(renew(services.clone(), wire.clone()));
    // One process owns an SQLite file, so whatever is marked at the start was left by a dead one.
    let from_dead = if services.store.is_postgres() {
        services.store.now()
    } else {
        Timestamp(i64::MAX)
    };
    recover(&services, &wire, from_dead).await;
    let mut pacer = Pacer::default();
    let flying = tokio_util::task::TaskTracker::new();
    let mut last_recovery = Instant::now();
    let mut newest = services.store.now();
    loop {
        match follow_clock(&services, newest).await {
            Ok(now) => newest = now,
            // Seen again in the next round, as `newest` stays.
            Err(error) => tracing::warn!(%error, "the outbox could not be fitted to the clock"),
        }
        if last_recovery.elapsed() > Duration::from_secs(30) {
            last_recovery = Instant::now();
            recover(&services, &wire, services.store.now()).await;
        }
        let pause = match look(&services, &mut pacer, &flying, &wire, &done).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                SWEEP
            }
        };
        if loops::wait(&services, &mut wakes, pause, |wake| matches!(wake, Wake::Outbox)).await == Turn::Stop {
            break;
        }
    }
    flying.close();
    flying.wait().await;
    drop(done);
    if writer.await.is_err() {
        tracing::error!("the writer of sending results ended early");
    }
    renewing.abort();
}

/// When the clock went back since the last round, brings forward what waits. Returns the time now.
async fn follow_clock(services: &Services, before: Timestamp) -> Result<Timestamp> {
    let now = services.store.now();
    let back = before.0 - now.0;
    if back > SET_BACK {
        tracing::warn!(seconds = back / Timestamp::SECOND, "the clock was set back");
        let waiting = services
            .store
            .read(NO_WORKSPACE, move |tx| outbox::waiting(tx, now))
            .await?;
        for workspace in waiting {
            services
                .store
                .write(workspace, move |tx| outbox::clock_set_back(tx, workspace, now, back))
                .await?;
        }
    }
    Ok(now)
}

/// Sends what is due. Returns how long to wait before looking again.
async fn look(
    services: &Services,
    pacer: &mut Pacer,
    flying: &tokio_util::task::TaskTracker,
    wire: &Wire,
    done: &mpsc::UnboundedSender<Finished>,
) -> Result<Duration> {
    let now = services.store.now();
    let mut busy: HashMap<ChannelId, usize> = HashMap::new();
    let mut room = {
        let wire = wire.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for channel in wire.values() {
            *busy.entry(*channel).or_default() += 1;
        }
        IN_FLIGHT.saturating_sub(wire.len())
    };
    let full = busy
        .iter()
        .filter(|(_, count)| **count >= IN_FLIGHT_PER_CHANNEL)
        .map(|(channel, _)| channel.0);
    let mut resting = pacer.resting(Instant::now());
    resting.extend(full);
    let due = services
        .store
        .read(NO_WORKSPACE, move |tx| outbox::due(tx, now, &resting, LOOK))
        .await?;
    let mut pause = SWEEP;
    let mut chosen: BTreeMap<WorkspaceId, Vec<OutboxRow>> = BTreeMap::new();
    for row in due {
        let live = match services.live_channel(row.channel_id).await {
            Ok(live) => live,
            Err(Error::Refused(_)) => {
                services
                    .fail_outbox_of(row.workspace_id, row.channel_id, "The channel was disconnected.")
                    .await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        // Put back in line a moment ago: its turn comes when its result is settled.
        let settling = wire
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .contains_key(&(row.workspace_id, row.message_id));
        if settling {
            continue;
        }
        let in_flight = busy.get(&row.channel_id).copied().unwrap_or(0);
        if room == 0 || in_flight >= IN_FLIGHT_PER_CHANNEL {
            // A finished send wakes the loop.
            continue;
        }
        match pacer.may_send(&live, row.contact_channel_id) {
            Verdict::Now => {
                room -= 1;
                *busy.entry(row.channel_id).or_default() += 1;
                chosen.entry(row.workspace_id).or_default().push(row);
            }
            Verdict::ChannelLater(wait) => pause = pause.min(wait),
            Verdict::ContactLater(wait) => {
                // Kept in the database, so that a long wait does not keep others from being seen.
                let due_at = now.plus(i64::try_from(wait.as_micros()).unwrap_or(Timestamp::MINUTE));
                let (workspace, id) = (row.workspace_id, row.message_id);
                services
                    .store
                    .write(workspace, move |tx| outbox::postpone(tx, workspace, id, due_at))
                    .await?;
                pause = pause.min(wait);
            }
        }
    }
    for (workspace, rows) in chosen {
        let ids: Vec<MessageId> = rows.iter().map(|row| row.message_id).collect();
        let lease_until = services.store.now().plus(LEASE);
        let got = services
            .store
            .write(workspace, move |tx| outbox::claim(tx, workspace, &ids, lease_until))
            .await?;
        for mut row in rows.into_iter().filter(|row| got.contains(&row.message_id)) {
            row.attempts += 1;
            wire.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert((workspace, row.message_id), row.channel_id);
            let (services, done) = (services.clone(), done.clone());
            flying.spawn(async move {
                let begun = Instant::now();
                let outcome = deliver(&services, &row).await;
                metrics::histogram!("ism_outbox_send_seconds").record(begun.elapsed().as_secs_f64());
                drop(done.send(Finished { row, outcome }));
            });
        }
    }
    let next = services.store.read(NO_WORKSPACE, outbox::next_due).await?;
    Ok(loops::until(next.filter(|due| *due > now), services.store.now(), pause))
}

/// Sends one message, through as many calls as the provider needs.
async fn deliver(services: &Services, row: &OutboxRow) -> Outcome {
    let workspace = row.workspace_id;
    let (message_id, link_id) = (row.message_id, row.contact_channel_id);
    let passing = |text: &str| Outcome::Retry {
        after: None,
        scope: Scope::Message,
        counts: false,
        failure: Failure::new(FailureReason::Unavailable, text),
    };
    let live = match services.live_channel(row.channel_id).await {
        Ok(live) => live,
        Err(error) => {
            tracing::warn!(%error, channel = %row.channel_id, "a channel could not be loaded for sending");
            return passing("The channel could not be loaded.");
        }
    };
    let loaded = services
        .store
        .snapshot(workspace, move |tx: &mut Tx<'_>| {
            let message = messages::get(tx, workspace, message_id)?;
            let link = contacts::channel(tx, workspace, link_id)?;
            let quoted = match message.as_ref().and_then(|message| message.reply_to_id) {
                Some(id) => messages::get(tx, workspace, id)?.and_then(|quoted| quoted.external_id),
                None => None,
            };
            Ok::<_, ism_store::Error>((message, link, quoted))
        })
        .await;
    let (message, link, reply_to) = match loaded {
        Ok((Some(message), Some(link), quoted)) => (message, link, quoted),
        Ok(_) => {
            return Outcome::Failed(Failure::new(
                FailureReason::Unknown,
                "The message or its recipient is gone.",
            ));
        }
        Err(error) => {
            tracing::warn!(%error, "a message could not be loaded for sending");
            return passing("The message could not be loaded.");
        }
    };
    let attachment_url = message.content.attachment().and_then(|attachment| {
        let name = attachment.file_name.as_deref().unwrap_or("file");
        attachment.id.map(|id| services.signed_file_url(workspace, id, name))
    });
    let outgoing = Outgoing {
        message_id,
        to: link.identities,
        content: message.content,
        reply_to,
        attachment_url,
    };
    let dialogue = live.adapter.send(&live.wire, &outgoing);
    services.converse(workspace, dialogue).await.unwrap_or_else(|| {
        Outcome::Uncertain(Failure::new(
            FailureReason::Uncertain,
            "Sending did not come to an end; it may have arrived.",
        ))
    })
}

/// Writes back what became of messages, however long the database makes us wait: forgetting a success would mean telling
/// people that it may not have arrived.
async fn write_back(services: &Services, wire: &Wire, finished: Vec<Finished>) {
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<Finished>> = BTreeMap::new();
    for one in finished {
        let name = match &one.outcome {
            Outcome::Sent { .. } => "sent",
            Outcome::Retry { .. } => "retry",
            Outcome::Failed(_) => "failed",
            Outcome::Stopped(_) => "stopped",
            Outcome::ChannelDown(_) => "channel_down",
            Outcome::Uncertain(_) => "uncertain",
        };
        metrics::counter!("ism_outbox_outcomes", "outcome" => name).increment(1);
        by_workspace.entry(one.row.workspace_id).or_default().push(one);
    }
    for (workspace, batch) in by_workspace {
        for one in &batch {
            if let Outcome::ChannelDown(failure) = &one.outcome
                && let Ok(live) = services.live_channel(one.row.channel_id).await
                && let Err(error) = services.mark_channel_down(&live, failure).await
            {
                tracing::warn!(%error, "a channel could not be marked");
            }
        }
        let batch: std::sync::Arc<Vec<(OutboxRow, Outcome)>> =
            std::sync::Arc::new(batch.into_iter().map(|one| (one.row, one.outcome)).collect());
        let mut pause = Duration::from_millis(50);
        loop {
            let work = batch.clone();
            match services.store.write(workspace, move |tx| settle(tx, &work)).await {
                Ok(()) => break,
                Err(error) if error.refusal().is_none() => {
                    // One of them cannot be written: the others must not suffer.
                    tracing::error!(%error, "results of sending could not be written together");
                    for one in batch.iter() {
                        let one = std::sync::Arc::new(vec![one.clone()]);
                        if let Err(error) = services.store.write(workspace, move |tx| settle(tx, &one)).await {
                            tracing::error!(%error, "a result of sending could not be written");
                        }
                    }
                    break;
                }
                Err(error) => {
                    tracing::error!(%error, "results of sending could not be written, trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                    if services.stopping.is_cancelled() && pause >= Duration::from_secs(5) {
                        break;
                    }
                }
            }
        }
        let mut wire = wire.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (row, _) in batch.iter() {
            wire.remove(&(row.workspace_id, row.message_id));
        }
    }
    services.bus.publish_wake(Wake::Outbox);
}

/// Keeps the marks of what is on the wire, so that nobody takes a living sender for dead.
async fn renew(services: Services, wire: Wire) {
    let mut ticks = tokio::time::interval(RENEW);
    loop {
        ticks.tick().await;
        let mut by_workspace: BTreeMap<WorkspaceId, Vec<MessageId>> = BTreeMap::new();
        for (workspace, id) in wire.lock().unwrap_or_else(std::sync::PoisonError::into_inner).keys() {
            by_workspace.entry(*workspace).or_default().push(*id);
        }
        for (workspace, ids) in by_workspace {
            let until = services.store.now().plus(LEASE);
            let renewed = services
                .store
                .write(workspace, move |tx| outbox::renew(tx, workspace, &ids, until))
                .await;
            if let Err(error) = renewed {
                tracing::warn!(%error, "the marks of messages on the wire could not be renewed");
            }
        }
    }
}

/// Applies outcomes of one workspace.
fn settle(tx: &mut Tx<'_>, batch: &[(OutboxRow, Outcome)]) -> Result<()> {
    let workspace = tx.workspace();
    let now = tx.now();
    let mut unit = Unit::new(tx);
    let ids: Vec<MessageId> = batch.iter().map(|(row, _)| row.message_id).collect();
    unit.load_messages(tx, &ids)?;
    let standing: HashMap<MessageId, OutboxRow> = outbox::of_messages(tx, workspace, &ids)?
        .into_iter()
        .map(|row| (row.message_id, row))
        .collect();
    unit.load_contact_channels(
        tx,
        &batch.iter().map(|(row, _)| row.contact_channel_id).collect::<Vec<_>>(),
    )?;
    let mut externals: BTreeMap<ChannelId, Vec<String>> = BTreeMap::new();
    for (row, outcome) in batch {
        if let Outcome::Sent {
            external_id: Some(external),
            ..
        } = outcome
        {
            externals.entry(row.channel_id).or_default().push(external.clone());
        }
    }
    let mut names: BTreeMap<ChannelId, Vec<String>> = BTreeMap::new();
    for (row, outcome) in batch {
        if let Outcome::Sent { aliases, .. } = outcome {
            names
                .entry(row.channel_id)
                .or_default()
                .extend(aliases.iter().map(Identity::key));
        }
    }
    for (channel, names) in names {
        unit.load_identities(tx, channel, names)?;
    }
    let mut parked = Vec::new();
    for (channel, externals) in externals {
        unit.load_external(tx, channel, externals.clone())?;
        let waiting = messages::parked(tx, workspace, channel, externals.clone())?;
        if !waiting.is_empty() {
            messages::unpark(tx, workspace, channel, externals)?;
            parked.extend(waiting);
        }
    }
    let mut gone = Vec::new();
    for (row, outcome) in batch {
        let id = row.message_id;
        let current = standing.get(&id);
        // Another node took us for dead, and somebody may have had the message sent again: what became of our request is
        // only worth telling if it arrived, and must not touch the row of the new one.
        let superseded = current.is_none_or(|current| current.created_at != row.created_at);
        if superseded && !matches!(outcome, Outcome::Sent { .. }) {
            tracing::warn!(message = %id, "a result came after its sender was taken for dead");
            continue;
        }
        let fail = |unit: &mut Unit, failure: &Failure| {
            apply_status(
                unit,
                id,
                Status::Failed,
                now,
                Some(failure.clone()),
                Provenance::Provider,
            );
        };
        match outcome {
            Outcome::Sent { external_id, aliases } => {
                if let Some(external) = external_id {
                    // An echo may have been quicker; then this id is taken, and the message is sent all the same.
                    if unit.message_by_external(row.channel_id, external).is_none() {
                        unit.set_external(id, external.clone());
                    }
                }
                apply_status(&mut unit, id, Status::Sent, now, None, Provenance::Provider);
                for waiting in parked
                    .iter()
                    .filter(|waiting| Some(&waiting.external_id) == external_id.as_ref())
                {
                    let failure = waiting.failure.clone();
                    apply_status(&mut unit, id, waiting.status, waiting.at, failure, Provenance::Provider);
                }
                // A name that already leads to someone else stays theirs.
                let free: Vec<Identity> = aliases
                    .iter()
                    .filter(|alias| {
                        unit.contact_channel_of(row.channel_id, &alias.key())
                            .is_none_or(|link| link == row.contact_channel_id)
                    })
                    .cloned()
                    .collect();
                if !free.is_empty()
                    && let Some(link) = unit.contact_channel_mut(row.contact_channel_id)
                {
                    link.add_identities(&free);
                }
                for alias in free {
                    unit.add_identity(row.channel_id, alias.key(), row.contact_channel_id);
                }
                // It arrived after all, so a new request that did not start yet would be a second one.
                if !superseded || current.is_some_and(|current| current.state == "queued") {
                    gone.push(id);
                }
            }
            Outcome::Retry {
                after,
                scope,
                counts,
                failure,
            } => {
                let too_often = *counts && row.attempts >= TRIES;
                let too_old = now.0 - row.created_at.0 > OLDEST;
                if too_often || too_old {
                    fail(&mut unit, failure);
                    gone.push(id);
                    continue;
                }
                let wait = after.map_or_else(
                    || back_off(row.attempts),
                    |after| i64::try_from(after.as_micros()).unwrap_or(Timestamp::MINUTE),
                );
                let due_at = now.plus(wait);
                outbox::requeue(tx, workspace, id, due_at, *counts)?;
                if *scope == Scope::Channel {
                    outbox::hold_channel(tx, workspace, row.channel_id, due_at)?;
                }
            }
            Outcome::Failed(failure) | Outcome::Uncertain(failure) => {
                fail(&mut unit, failure);
                gone.push(id);
            }
            Outcome::Stopped(failure) => {
                fail(&mut unit, failure);
                gone.push(id);
                let contact = unit.contact_channel_mut(row.contact_channel_id).map(|link| {
                    link.stopped_at.get_or_insert(now);
                    link.contact_id
                });
                if let Some(contact) = contact {
                    let payload = json!({ "channel_id": row.channel_id, "contact_channel_id": row.contact_channel_id });
                    unit.emit(NewEvent::contact(
                        EventKind::ContactChannelStopped,
                        Actor::SYSTEM,
                        contact,
                        None,
                        payload,
                    ));
                }
            }
            Outcome::ChannelDown(failure) => {
                if now.0 - row.created_at.0 > OLDEST {
                    fail(&mut unit, failure);
                    gone.push(id);
                    continue;
                }
                let until = now.plus(DOWN_PAUSE);
                outbox::requeue(tx, workspace, id, until, false)?;
                outbox::hold_channel(tx, workspace, row.channel_id, until)?;
            }
        }
    }
    if !gone.is_empty() {
        outbox::remove(tx, workspace, &gone)?;
    }
    unit.save(tx)?;
    Ok(())
}

/// 5 s, 10 s, 20 s … at most 10 min, for the attempt just made (from 1).
fn back_off(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(7);
    (5 * Timestamp::SECOND * 2_i64.pow(doublings)).min(10 * Timestamp::MINUTE)
}

/// Fails what a dead process left on the wire.
async fn recover(services: &Services, wire: &Wire, leased_before: Timestamp) {
    let abandoned = match services
        .store
        .read(NO_WORKSPACE, move |tx| outbox::abandoned(tx, leased_before, 1_000))
        .await
    {
        Ok(mut rows) => {
            // Our own are alive, even when the database kept us from saying so.
            let wire = wire.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            rows.retain(|row| !wire.contains_key(&(row.workspace_id, row.message_id)));
            rows
        }
        Err(error) => {
            tracing::warn!(%error, "the outbox could not be checked for abandoned messages");
            return;
        }
    };
    if abandoned.is_empty() {
        return;
    }
    tracing::warn!(
        count = abandoned.len(),
        "messages were on the wire when their sender died"
    );
    let finished = abandoned
        .into_iter()
        .map(|row| Finished {
            row,
            outcome: Outcome::Uncertain(Failure::new(
                FailureReason::Uncertain,
                "The server stopped while this was being sent; it may have arrived.",
            )),
        })
        .collect();
    write_back(services, wire, finished).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let waits: Vec<i64> = (1..=9).map(|attempt| back_off(attempt) / Timestamp::SECOND).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    }
}
