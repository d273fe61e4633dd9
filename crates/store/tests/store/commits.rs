//! What a commit promises.

use crate::support::{Busy, event, note, noted, said, workspace};
use futures::future::join_all;
use futures::poll;
use ism_store::tables::settings;
use ism_store::{Committed, Error, NO_WORKSPACE, Result, Store};
use ism_testkit::{on_each_database, wait_for};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};

#[test]
fn a_write_that_returns_can_be_read() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let writers = (0..8).map(|writer| {
            let store = store.clone();
            async move {
                for number in 0..20 {
                    let name = format!("{writer}-{number}");
                    let written = name.clone();
                    store.write(place, move |tx| note(tx, &written)).await.unwrap();
                    assert!(noted(&store, &name).await, "{name}");
                }
            }
        });
        join_all(writers).await;
        assert_eq!(said(&store, place).await.len(), 160);
    });
}

#[test]
fn what_waits_shares_a_commit() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let commits = watch(&store);
        let busy = Busy::keep(&store, place).await;
        let mut writes = pin!(join_all(
            (0..100).map(|n| store.write(place, move |tx| note(tx, &format!("n{n}"))))
        ));
        assert!(poll!(&mut writes).is_pending());
        busy.release().await;
        assert!(writes.await.iter().all(Result::is_ok));
        // Callers are answered first, then the commit is announced.
        wait_for("the announcement", || async {
            (!commits.lock().unwrap().is_empty()).then_some(())
        })
        .await;
        let commits = commits.lock().unwrap().clone();
        assert_eq!(commits.len(), 1, "{commits:?}");
        assert_eq!(commits[0].events, [(place, 100)]);
    });
}

#[test]
fn an_unlucky_closure_fails_alone() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let busy = Busy::keep(&store, place).await;
        let good = |name: &'static str| store.write(place, move |tx| note(tx, name));
        let mut batch = pin!(async {
            futures::join!(
                good("first"),
                store.write(place, |tx| -> Result<()> {
                    note(tx, "changed its mind")?;
                    Err(Error::Setup("no".to_owned()))
                }),
                good("second"),
                store.write(place, |tx| -> Result<()> {
                    note(tx, "wrong statement")?;
                    tx.execute("UPDATE nowhere SET a = 1", &[]).map(drop)
                }),
                store.write(place, |tx| -> Result<()> {
                    note(tx, "panicked")?;
                    panic!("a bug in a use case")
                }),
                good("third"),
                // Refused before it wrote anything: nothing has to be undone for it.
                store.write(place, |_| -> Result<()> { Err(Error::Busy) }),
                good("fourth"),
            )
        });
        assert!(poll!(&mut batch).is_pending());
        busy.release().await;
        let (first, changed, second, wrong, panicked, third, refused, fourth) = batch.await;
        for fine in [first, second, third, fourth] {
            fine.unwrap();
        }
        assert!(matches!(changed, Err(Error::Setup(_))), "{changed:?}");
        assert!(matches!(wrong, Err(Error::Sql { .. })), "{wrong:?}");
        assert!(matches!(panicked, Err(Error::Panicked)), "{panicked:?}");
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
        for name in ["changed its mind", "wrong statement", "panicked"] {
            assert!(!noted(&store, name).await, "{name}");
        }
        assert_eq!(said(&store, place).await, ["first", "second", "third", "fourth"]);
    });
}

#[test]
fn nobody_is_told_yes_about_work_that_was_undone() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        // The closure looks away from a failed statement; PostgreSQL has undone everything by then.
        let answer = store
            .write(place, |tx| -> Result<()> {
                note(tx, "looked away")?;
                drop(tx.execute("UPDATE nowhere SET a = 1", &[]));
                Ok(())
            })
            .await;
        assert_eq!(answer.is_ok(), noted(&store, "looked away").await, "{answer:?}");
    });
}

#[test]
fn the_log_has_no_gaps_under_concurrency() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let places = join_all((0..4).map(|_| workspace(&store))).await;
        let heads = watch(&store);
        let work = (0..200_usize).map(|n| {
            let (store, place) = (store.clone(), places[n % 4]);
            tokio::spawn(async move {
                store
                    .write(place, move |tx| {
                        settings::set(tx, &format!("w{n}"), "x")?;
                        for step in 0..n % 4 {
                            tx.emit(event(&format!("{n}.{step}")));
                        }
                        if n % 7 == 3 {
                            Err(Error::Setup("no".to_owned()))
                        } else {
                            Ok(())
                        }
                    })
                    .await
            })
        });
        let outcomes = join_all(work).await;
        for (at, place) in places.into_iter().enumerate() {
            let mut expected: Vec<String> = (0..200_usize)
                .filter(|n| n % 4 == at && n % 7 != 3)
                .flat_map(|n| (0..n % 4).map(move |step| format!("{n}.{step}")))
                .collect();
            let mut found = said(&store, place).await;
            let count = i64::try_from(found.len()).unwrap();
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
            wait_for("the newest number to be announced", || async {
                let heads = heads.lock().unwrap();
                let told = heads.iter().any(|one| one.events.contains(&(place, count)));
                (count == 0 || told).then_some(())
            })
            .await;
        }
        let refused = outcomes
            .into_iter()
            .filter(|outcome| outcome.as_ref().unwrap().is_err())
            .count();
        assert_eq!(refused, (0..200).filter(|n| n % 7 == 3).count());
    });
}

#[test]
fn a_full_queue_refuses_and_loses_nothing() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let busy = Busy::keep(&store, place).await;
        let mut waiting = Vec::new();
        let refused = loop {
            let mut write = Box::pin(store.write(place, move |tx| {
                tx.emit(event("x"));
                Ok::<_, Error>(())
            }));
            match poll!(&mut write) {
                std::task::Poll::Pending => waiting.push(write),
                std::task::Poll::Ready(answer) => break answer,
            }
            assert!(waiting.len() < 100_000, "the queue has no bound");
        };
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
        busy.release().await;
        let count = waiting.len();
        assert!(join_all(waiting).await.iter().all(Result::is_ok));
        assert_eq!(said(&store, place).await.len(), count);
    });
}

#[test]
fn a_snapshot_sees_one_state() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let set = |value: &'static str| store.write(NO_WORKSPACE, move |tx| settings::set(tx, "color", value));
        set("red").await.unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let reader = {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .snapshot(NO_WORKSPACE, move |tx| {
                        let before = settings::get(tx, "color")?;
                        began.send(()).unwrap();
                        gate.recv().ok();
                        Ok::<_, Error>((before, settings::get(tx, "color")?))
                    })
                    .await
            })
        };
        begun.await.unwrap();
        set("blue").await.unwrap();
        drop(go);
        let (before, after) = reader.await.unwrap().unwrap();
        assert_eq!((before.as_deref(), after.as_deref()), (Some("red"), Some("red")));
        let now = store.read(NO_WORKSPACE, |tx| settings::get(tx, "color")).await.unwrap();
        assert_eq!(now.as_deref(), Some("blue"));
    });
}

#[test]
fn readers_cannot_write() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let outcome = store
            .snapshot(NO_WORKSPACE, |tx| settings::set(tx, "sneaked in", "x"))
            .await;
        assert!(outcome.is_err());
        assert!(!noted(&store, "sneaked in").await);
    });
}

/// Every commit from now on that changed something.
fn watch(store: &Store) -> Arc<Mutex<Vec<Committed>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    store.on_commit(Arc::new(move |committed| sink.lock().unwrap().push(committed)));
    seen
}
