//! Consumers of the log.

use crate::support::{note, noted, workspace};
use ism_domain::WorkspaceId;
use ism_store::{Error, Result, Store, log};
use ism_testkit::on_each_database;

async fn advance(store: &Store, place: WorkspaceId, from: i64, to: i64) -> Result<()> {
    store
        .write(place, move |tx| {
            note(tx, &format!("effect {from}-{to}"))?;
            if log::advance(tx, "mailer", place, from, to)? {
                Ok(())
            } else {
                Err(Error::Setup("fenced".to_owned()))
            }
        })
        .await
}

#[test]
fn a_stale_consumer_has_no_effect() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let (place, other) = (workspace(&store).await, workspace(&store).await);
        advance(&store, place, 0, 5).await.unwrap();
        // Another worker still believes that nothing was done.
        assert!(advance(&store, place, 0, 3).await.is_err());
        assert!(noted(&store, "effect 0-5").await);
        assert!(!noted(&store, "effect 0-3").await);
        advance(&store, place, 5, 9).await.unwrap();
        let (here, there) = store
            .read(place, move |tx| {
                Ok::<_, Error>((log::cursor(tx, "mailer", place)?, log::cursor(tx, "mailer", other)?))
            })
            .await
            .unwrap();
        assert_eq!((here, there), (9, 0));
    });
}

#[test]
fn only_one_of_many_workers_takes_a_step() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let place = workspace(&store).await;
        let attempts = futures::future::join_all((1..=10).map(|to| advance(&store, place, 0, to))).await;
        assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    });
}
