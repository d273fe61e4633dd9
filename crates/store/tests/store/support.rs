//! What every file here needs.

use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::{OrganizationId, WorkspaceId};
use ism_store::tables::accounts::{self, Workspace};
use ism_store::tables::settings;
use ism_store::{Error, Event, NO_WORKSPACE, Result, Store, Tx, log};
use serde_json::{Map, json};
use std::sync::mpsc;

/// A new workspace.
pub async fn workspace(store: &Store) -> WorkspaceId {
    let id: WorkspaceId = store.id();
    store
        .write(NO_WORKSPACE, move |tx| {
            let row = Workspace {
                id,
                organization_id: OrganizationId(1),
                name: "Test".to_owned(),
                timezone: "UTC".to_owned(),
                settings: Map::new(),
                seq: 0,
                created_at: tx.now(),
            };
            accounts::insert(tx, &row)
        })
        .await
        .unwrap();
    id
}

/// An event that says `what`.
pub fn event(what: &str) -> NewEvent {
    NewEvent::workspace(EventKind::WorkspaceUpdated, Actor::SYSTEM, json!({ "what": what }))
}

/// Writes a row and an event.
pub fn note(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    settings::set(tx, name, "noted")?;
    tx.emit(event(name));
    Ok(())
}

/// Whether [`note`] was kept.
pub async fn noted(store: &Store, name: &str) -> bool {
    let name = name.to_owned();
    store
        .read(NO_WORKSPACE, move |tx| settings::get(tx, &name))
        .await
        .unwrap()
        .is_some()
}

/// What the events of a workspace say, in order. Fails when their numbers have gaps.
pub async fn said(store: &Store, workspace: WorkspaceId) -> Vec<String> {
    let (head, events): (i64, Vec<Event>) = store
        .snapshot(workspace, move |tx| {
            Ok::<_, Error>((log::head(tx, workspace)?, log::after(tx, workspace, 0, 100_000)?))
        })
        .await
        .unwrap();
    let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(
        numbers,
        (1..=head).collect::<Vec<_>>(),
        "numbers without gaps up to the head"
    );
    events
        .into_iter()
        .map(|event| event.payload["what"].as_str().unwrap().to_owned())
        .collect()
}

/// Keeps a workspace's writer busy until told, so that what is written meanwhile is one batch.
pub struct Busy {
    release: mpsc::Sender<()>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Busy {
    pub async fn keep(store: &Store, workspace: WorkspaceId) -> Self {
        let (release, gate) = mpsc::channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let mut began = Some(began);
        let store = store.clone();
        let task = tokio::spawn(async move {
            store
                .write(workspace, move |_| {
                    if let Some(began) = began.take() {
                        began.send(()).unwrap();
                    }
                    gate.recv().ok();
                    Ok(())
                })
                .await
        });
        begun.await.unwrap();
        Self { release, task }
    }

    pub async fn release(self) {
        drop(self.release);
        self.task.await.unwrap().unwrap();
    }
}
