//! The connection goes away (PostgreSQL).

use crate::support::{Busy, note, noted, said, workspace};
use futures::poll;
use ism_store::Error;
use ism_testkit::database::on_postgres;
use std::pin::pin;
use std::sync::mpsc;

const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn the_next_write_after_a_lost_connection_succeeds() {
    on_postgres(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        for round in ["one", "two", "three"] {
            db.execute(KILL).await;
            store.write(place, move |tx| note(tx, round)).await.unwrap();
        }
        assert_eq!(said(&store, place).await, ["one", "two", "three"]);
    });
}

#[test]
fn readers_come_back() {
    on_postgres(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        store.write(place, |tx| note(tx, "here")).await.unwrap();
        for _ in 0..3 {
            db.execute(KILL).await;
            for _ in 0..6 {
                let seen = store
                    .snapshot(place, |tx| ism_store::tables::settings::get(tx, "here"))
                    .await;
                assert!(seen.unwrap().is_some());
            }
        }
    });
}

#[test]
fn a_batch_cut_off_is_done_whole_or_not_at_all() {
    on_postgres(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let busy = Busy::keep(&store, place).await;
        let (go, gate) = mpsc::channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let mut began = Some(began);
        let mut batch = pin!(async {
            futures::join!(
                store.write(place, |tx| note(tx, "before")),
                store.write(place, move |tx| {
                    if let Some(began) = began.take() {
                        began.send(()).unwrap();
                    }
                    gate.recv().ok();
                    note(tx, "during")
                }),
                store.write(place, |tx| note(tx, "after")),
            )
        });
        assert!(poll!(&mut batch).is_pending());
        busy.release().await;
        begun.await.unwrap();
        db.execute(KILL).await;
        drop(go);
        let (before, during, after) = batch.await;
        let mut kept = Vec::new();
        for (name, answer) in [("before", before), ("during", during), ("after", after)] {
            assert!(
                matches!(answer, Ok(()) | Err(Error::Unavailable(_))),
                "{name}: {answer:?}"
            );
            assert_eq!(answer.is_ok(), noted(&store, name).await, "{name}");
            if answer.is_ok() {
                kept.push(name);
            }
        }
        assert_eq!(said(&store, place).await, kept);
        store.write(place, |tx| note(tx, "and on")).await.unwrap();
    });
}
