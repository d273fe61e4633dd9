//! The schema.

use ism_store::Store;
use ism_testkit::on_each_database;

#[test]
fn migrations_run_once_and_tell_what_is_outstanding() {
    on_each_database(|db| async move {
        if !db.is_postgres() {
            std::fs::create_dir_all(db.folder().join("data")).unwrap();
        }
        let steps = Store::outstanding_migrations(db.database()).await.unwrap();
        assert_eq!(steps.first().map(String::as_str), Some("V1__core"));
        let taken = Store::migrate(db.database()).await.unwrap();
        assert_eq!(taken.len(), steps.len());
        assert!(Store::outstanding_migrations(db.database()).await.unwrap().is_empty());
        assert!(Store::migrate(db.database()).await.unwrap().is_empty());
        drop(db.open().await);
    });
}

#[test]
fn many_nodes_may_migrate_at_once() {
    on_each_database(|db| async move {
        let nodes = futures::future::join_all((0..3).map(|number| {
            let options = ism_store::Options {
                holder: format!("node {number}"),
                ..db.options()
            };
            Store::open(options)
        }));
        for node in nodes.await {
            node.unwrap();
        }
    });
}
