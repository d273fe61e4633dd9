//! Ids grow, whatever the clock does, and no two nodes make the same.

use crate::support::{note, workspace};
use ism_domain::{NODES, Timestamp};
use ism_store::{Clock, Options, Store};
use ism_testkit::{FrozenClock, TestDatabase, on_each_database};
use std::collections::HashSet;
use std::sync::Arc;

async fn node(db: &TestDatabase, clock: &FrozenClock, holder: &str) -> Store {
    let options = Options {
        clock: Arc::new(clock.clone()),
        holder: holder.to_owned(),
        ..db.options()
    };
    Store::open(options).await.unwrap()
}

#[test]
fn ids_grow_over_restarts_with_the_clock_set_back() {
    on_each_database(|db| async move {
        let clock = FrozenClock::default();
        let mut greatest = 0_i64;
        for restart in 0..4 {
            let store = node(&db, &clock, "server").await;
            let place = workspace(&store).await;
            for number in 0..5 {
                let name = format!("{restart}.{number}");
                let id: i64 = store
                    .write(place, move |tx| note(tx, &name).map(|()| tx.id()))
                    .await
                    .unwrap();
                assert!(id > greatest, "{id} after {greatest}");
                greatest = id;
            }
            clock.advance(-Timestamp::DAY);
        }
    });
}

#[test]
fn nodes_of_one_database_have_numbers_of_their_own() {
    on_each_database(|db| async move {
        let clock = FrozenClock::default();
        let nodes = [
            node(&db, &clock, "a").await,
            node(&db, &clock, "b").await,
            node(&db, &clock, "c").await,
        ];
        let numbers: HashSet<i64> = nodes.iter().map(|store| store.id::<i64>() % NODES).collect();
        assert_eq!(numbers.len(), 3);
    });
}

#[test]
fn a_number_is_free_again_when_its_holder_has_been_silent() {
    on_each_database(|db| async move {
        let clock = FrozenClock::default();
        let first = node(&db, &clock, "a").await;
        let number = first.id::<i64>() % NODES;
        clock.advance(Timestamp::MINUTE);
        let (heir, last) = (node(&db, &clock, "b").await, first.id::<i64>());
        assert_eq!(heir.id::<i64>() % NODES, number);
        // Even so the heir begins behind everything the first may have made.
        let place = workspace(&first).await;
        assert!(place.0 > last);
        assert!(clock.now() > Timestamp(0));
    });
}
