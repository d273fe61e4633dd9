//! Work outside requests: files are fetched from providers, snoozes end, old rows go.

use crate::files::{MAX_BYTES, Stored, clean_name};
use crate::inbox::wake;
use crate::loops::{self, Turn};
use crate::{Error, Result, Services, ingest};
use ism_bus::Wake;
use ism_channels::Media;
use ism_domain::content::{AttachmentKind, AttachmentState};
use ism_domain::conversation::WakeReason;
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::{AttachmentId, ChannelId, MessageId, Timestamp, WorkspaceId};
use ism_store::tables::jobs::{self, Job};
use ism_store::tables::{accounts, attachments, conversations, messages, outbox};
use ism_store::unit::Unit;
use ism_store::{Existing, NO_WORKSPACE, Tx};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Jobs taken in one round.
const TAKE: i64 = 32;
/// Jobs at work at the same time.
const AT_WORK: usize = 16;
/// How long a job is ours before it is taken for dead.
const LEASE: i64 = 3 * Timestamp::MINUTE;
/// Longest pause between two looks.
const SWEEP: Duration = Duration::from_secs(2);
/// Tries before a job is given up.
const TRIES: i64 = 8;
/// How long a status may wait for its message.
const PARKED_FOR: i64 = Timestamp::HOUR;

/// Does jobs until the process stops.
pub(crate) async fn run(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    let at_work = tokio_util::task::TaskTracker::new();
    loop {
        let pause = match round(&services, &at_work).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "jobs could not be read");
                SWEEP
            }
        };
        if loops::wait(&services, &mut wakes, pause, |wake| matches!(wake, Wake::Jobs)).await == Turn::Stop {
            break;
        }
    }
    at_work.close();
    at_work.wait().await;
}

async fn round(services: &Services, at_work: &tokio_util::task::TaskTracker) -> Result<Duration> {
    if at_work.len() >= AT_WORK {
        return Ok(Duration::from_millis(50));
    }
    let now = services.store.now();
    let due = services
        .store
        .read(NO_WORKSPACE, move |tx| jobs::due(tx, now, TAKE))
        .await?;
    let more = due.len() as i64 == TAKE;
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<Job>> = BTreeMap::new();
    for job in due {
        by_workspace.entry(job.workspace_id).or_default().push(job);
    }
    for (workspace, due) in by_workspace {
        let ids: Vec<i64> = due.iter().map(|job| job.id).collect();
        let until = now.plus(LEASE);
        let got = services
            .store
            .write(workspace, move |tx| jobs::claim(tx, workspace, &ids, now, until))
            .await?;
        for job in due.into_iter().filter(|job| got.contains(&job.id)) {
            let services = services.clone();
            at_work.spawn(async move {
                let id = job.id;
                if let Err(error) = work(&services, job).await {
                    tracing::warn!(%error, job = id, "a job could not be finished; it will be taken again");
                }
                services.bus.publish_wake(Wake::Jobs);
            });
        }
    }
    if more {
        return Ok(Duration::from_millis(20));
    }
    let next = services.store.read(NO_WORKSPACE, jobs::next_due).await?;
    Ok(loops::until(next.filter(|due| *due > now), services.store.now(), SWEEP))
}

async fn work(services: &Services, job: Job) -> Result<()> {
    match job.kind.as_str() {
        "media" => media(services, job).await,
        other => {
            let (workspace, id, now) = (job.workspace_id, job.id, services.store.now());
            let text = format!("this version does not know jobs of kind {other}");
            services
                .store
                .write(workspace, move |tx| jobs::fail(tx, workspace, id, &text, None, now))
                .await?;
            Ok(())
        }
    }
}

/// What fetching a file came to.
enum Fetched {
    Stored(Stored, Option<String>),
    Gone(String),
    Later(String),
}

/// Fetches the bytes of an inbound attachment into our own storage.
async fn media(services: &Services, job: Job) -> Result<()> {
    let field = |name: &str| job.payload.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (attachment, message) = (AttachmentId(field("attachment_id")), MessageId(field("message_id")));
    let fetched = fetch(services, &job, ChannelId(field("channel_id"))).await?;
    let (workspace, id, attempts) = (job.workspace_id, job.id, job.attempts + 1);
    let outcome = match fetched {
        Fetched::Stored(stored, name) => Ok((stored, name)),
        Fetched::Later(reason) if attempts < TRIES => {
            let now = services.store.now();
            let wait = 5 * Timestamp::SECOND * 2_i64.pow(u32::try_from(attempts).unwrap_or(0).min(8));
            services
                .store
                .write(workspace, move |tx| {
                    jobs::fail(tx, workspace, id, &reason, Some(now.plus(wait)), now)
                })
                .await?;
            return Ok(());
        }
        Fetched::Later(reason) | Fetched::Gone(reason) => Err(reason),
    };
    services
        .store
        .write(workspace, move |tx| {
            match &outcome {
                Ok((stored, name)) => arrived(tx, attachment, message, stored, name.as_deref())?,
                Err(reason) => lost(tx, attachment, message, reason)?,
            }
            jobs::remove(tx, workspace, id)?;
            Ok(())
        })
        .await
}

async fn fetch(services: &Services, job: &Job, channel: ChannelId) -> Result<Fetched> {
    let workspace = job.workspace_id;
    let live = match services.live_channel(channel).await {
        Ok(live) => live,
        Err(Error::Refused(_)) => return Ok(Fetched::Gone("The channel was disconnected.".to_owned())),
        Err(error) => return Err(error),
    };
    let media = job.payload.get("media").cloned().unwrap_or(Value::Null);
    let (request, mime, file_name) = match services
        .converse(workspace, live.adapter.media(&live.wire, &media))
        .await
    {
        Some(Media::Download {
            request,
            mime,
            file_name,
        }) => (request, mime, file_name),
        Some(Media::Gone(reason)) => return Ok(Fetched::Gone(reason)),
        Some(Media::Later(reason)) => return Ok(Fetched::Later(reason)),
        None => return Ok(Fetched::Gone("The file could not be found.".to_owned())),
    };
    let limit = (request.max_response as u64).min(MAX_BYTES);
    let request = match services.outgoing(workspace, request).await {
        Ok(request) => request,
        Err(reason) => return Ok(Fetched::Later(reason)),
    };
    let mut upload = services.files.begin().await?;
    match services.net.download(request, &mut upload, limit).await {
        Ok(done) if done.is_success() => {
            let said = done
                .headers
                .iter()
                .find(|(name, _)| name == "content-type")
                .map(|(_, value)| value.clone());
            let stored = services
                .files
                .finish(upload, workspace, mime.or(said).as_deref())
                .await?;
            Ok(Fetched::Stored(stored, file_name))
        }
        Ok(done) if matches!(done.status, 401 | 403 | 404 | 410) && job.attempts > 1 => {
            Ok(Fetched::Gone("The provider no longer has this file.".to_owned()))
        }
        Ok(done) => Ok(Fetched::Later(format!("the provider answered {}", done.status))),
        Err(ism_net::CallError::TooLarge) => Ok(Fetched::Gone("The file is too large.".to_owned())),
        Err(ism_net::CallError::Blocked(reason)) => {
            Ok(Fetched::Gone(format!("The file's address cannot be used: {reason}")))
        }
        Err(error) => Ok(Fetched::Later(error.to_string())),
    }
}

/// A file is here: its row and its message say so.
fn arrived(
    tx: &mut Tx<'_>,
    id: AttachmentId,
    message_id: MessageId,
    stored: &Stored,
    name: Option<&str>,
) -> Result<()> {
    let workspace = tx.workspace();
    let Some(mut row) = attachments::get(tx, workspace, id)? else {
        return Ok(());
    };
    row.state = "ready".to_owned();
    row.mime.clone_from(&stored.mime);
    row.size = stored.size;
    row.width = stored.width.or(row.width);
    row.height = stored.height.or(row.height);
    row.sha256 = Some(stored.sha256.clone());
    if row.file_name.starts_with("file.") {
        row.file_name = clean_name(name.unwrap_or_default(), &stored.mime);
    }
    tx.insert([&row], Existing::Replace)?;
    change_attachment(tx, id, message_id, |attachment| {
        attachment.state = AttachmentState::Ready;
        // What the provider calls an image may not be one; only what a browser can draw as such stays it.
        if attachment.kind == AttachmentKind::Image && stored.kind != AttachmentKind::Image {
            attachment.kind = AttachmentKind::File;
        }
        attachment.mime = Some(row.mime.clone());
        attachment.size = Some(row.size);
        attachment.width = row.width;
        attachment.height = row.height;
        attachment.file_name = Some(row.file_name.clone());
    })
}

/// A file will never be here.
fn lost(tx: &mut Tx<'_>, id: AttachmentId, message_id: MessageId, reason: &str) -> Result<()> {
    let workspace = tx.workspace();
    if let Some(mut row) = attachments::get(tx, workspace, id)? {
        row.state = "failed".to_owned();
        tx.insert([&row], Existing::Replace)?;
    }
    change_attachment(tx, id, message_id, |attachment| {
        attachment.state = AttachmentState::Failed;
        attachment.error = Some(reason.to_owned());
    })
}

fn change_attachment(
    tx: &mut Tx<'_>,
    id: AttachmentId,
    message_id: MessageId,
    change: impl FnOnce(&mut ism_domain::content::Attachment),
) -> Result<()> {
    let mut unit = Unit::new(tx);
    unit.load_messages(tx, &[message_id])?;
    let Some(message) = unit.message_mut(message_id) else {
        return Ok(());
    };
    // An edit may have replaced the file meanwhile.
    let Some(attachment) = message
        .content
        .attachment_mut()
        .filter(|attachment| attachment.id == Some(id))
    else {
        return Ok(());
    };
    change(attachment);
    let (contact, conversation) = (message.contact_id, message.conversation_id);
    let payload = json!({ "message_id": message_id, "change": "attachment" });
    unit.emit(NewEvent::contact(
        EventKind::MessageUpdated,
        Actor::SYSTEM,
        contact,
        conversation,
        payload,
    ));
    unit.save(tx)?;
    Ok(())
}

/// Ends snoozes whose time has come.
pub(crate) async fn wake_snoozed(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    loop {
        if let Err(error) = wake_due(&services).await {
            tracing::warn!(%error, "snoozed conversations could not be woken");
        }
        if loops::wait(&services, &mut wakes, Duration::from_secs(1), |_| false).await == Turn::Stop {
            return;
        }
    }
}

async fn wake_due(services: &Services) -> Result<()> {
    let now = services.store.now();
    let due = services
        .store
        .read(NO_WORKSPACE, move |tx| conversations::due_to_wake(tx, now, 500))
        .await?;
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<_>> = BTreeMap::new();
    for (workspace, contact) in due {
        by_workspace.entry(workspace).or_default().push(contact);
    }
    for (workspace, due) in by_workspace {
        services
            .store
            .write(workspace, move |tx| {
                let now = tx.now();
                let mut unit = Unit::new(tx);
                unit.load_contacts(tx, &due)?;
                for contact in &due {
                    // Someone may have moved the time meanwhile.
                    let still_due = unit
                        .open_conversation(*contact)
                        .and_then(|open| open.snoozed_until)
                        .is_some_and(|until| until <= now);
                    if still_due {
                        wake(&mut unit, *contact, WakeReason::Time, Actor::SYSTEM);
                    }
                }
                unit.save(tx).map_err(Error::from)
            })
            .await?;
    }
    Ok(())
}

/// Everything that is done now and then.
pub(crate) async fn housekeeping(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    loop {
        let stop = loops::wait(&services, &mut wakes, ingest::FLUSH, |_| false).await == Turn::Stop;
        if let Err(error) = services.flush_rejected().await {
            tracing::warn!(%error, "counts of rejected requests could not be written");
        }
        if stop {
            return;
        }
        if let Err(error) = tidy(&services).await {
            tracing::warn!(%error, "housekeeping failed");
        }
    }
}

async fn tidy(services: &Services) -> Result<()> {
    let now = services.store.now();
    services
        .store
        .write(NO_WORKSPACE, move |tx| {
            accounts::delete_expired_sessions(tx, now)?;
            messages::drop_parked_before(tx, now.plus(-PARKED_FOR)).map_err(Error::from)
        })
        .await?;
    let (waiting, queued) = services
        .store
        .read(NO_WORKSPACE, |tx| {
            Ok::<_, Error>((outbox::depth(tx)?, jobs::depth(tx)?))
        })
        .await?;
    let age = |since: Option<Timestamp>| since.map_or(0.0, |since| (now.0 - since.0).max(0) as f64 / 1e6);
    metrics::gauge!("ism_outbox_depth").set(waiting.0 as f64);
    metrics::gauge!("ism_outbox_oldest_seconds").set(age(waiting.1));
    metrics::gauge!("ism_jobs_depth").set(queued.0 as f64);
    metrics::gauge!("ism_jobs_oldest_seconds").set(age(queued.1));
    Ok(())
}
