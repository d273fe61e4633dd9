//! Values go in and come out the same.

use ism_domain::{UserId, WorkspaceId};
use ism_store::tables::accounts::{self, User};
use ism_store::tables::settings;
use ism_store::{Error, NO_WORKSPACE, Row, Store, Val};
use ism_testkit::on_each_database;

async fn through(store: &Store, text: &str) -> Option<String> {
    let (written, read) = (text.to_owned(), text.to_owned());
    store
        .write(NO_WORKSPACE, move |tx| settings::set(tx, &written, &written))
        .await
        .unwrap();
    // The text is the key as well: it has to be found by itself.
    store
        .read(NO_WORKSPACE, move |tx| settings::get(tx, &read))
        .await
        .unwrap()
}

#[test]
fn odd_text_survives() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let long = "ü".repeat(100_000);
        for text in [
            "",
            " ",
            "'; DROP TABLE setting; --",
            "\"quoted\" 'single' \\back\\slash",
            "?1 $1 :name %_%",
            "line\nbreak\r\n\ttab",
            "👩‍👩‍👧‍👦🏳️‍🌈",
            "مرحبا بالعالم",
            "\u{202e}right to left",
            "e\u{301}",
            "\u{1}\u{1f}\u{7f}",
            "\u{feff}bom",
            "\u{10ffff}",
            "NULL",
            "{\"json\": [1]}",
            "\\u0000",
        ] {
            assert_eq!(through(&store, text).await.as_deref(), Some(text), "{text:?}");
        }
        let found = store.write(NO_WORKSPACE, {
            let long = long.clone();
            move |tx| {
                settings::set(tx, "long", &long)?;
                settings::get(tx, "long")
            }
        });
        assert_eq!(found.await.unwrap(), Some(long));
    });
}

#[test]
fn nul_is_dropped_alike_by_both() {
    on_each_database(|db| async move {
        let store = db.open().await;
        store
            .write(NO_WORKSPACE, |tx| settings::set(tx, "na\0me", "va\0lue\0"))
            .await
            .unwrap();
        for name in ["name", "na\0me"] {
            let found = store
                .read(NO_WORKSPACE, move |tx| settings::get(tx, name))
                .await
                .unwrap();
            assert_eq!(found.as_deref(), Some("value"), "{name:?}");
        }
        let listed = store.read(NO_WORKSPACE, |tx| {
            let names: Val = vec!["na\0me".to_owned(), "\0".to_owned()].into();
            tx.rows("SELECT name FROM setting WHERE name = ANY(?1)", &[names])
        });
        assert_eq!(listed.await.unwrap().len(), 1);
    });
}

#[test]
fn lists_of_any_length_are_looked_up() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let users = [1_i64, 2, 3].map(|id| User {
            id: UserId(id),
            email: format!("{id}@example.com"),
            first_name: "A".to_owned(),
            last_name: "B".to_owned(),
            password_hash: String::new(),
            created_at: ism_domain::Timestamp(1),
        });
        let rows = users.clone();
        store
            .write(NO_WORKSPACE, move |tx| {
                rows.iter().try_for_each(|user| accounts::insert(tx, user))
            })
            .await
            .unwrap();
        for (numbers, expected) in [
            (vec![], 0),
            (vec![2], 1),
            (vec![2, 2, 9], 1),
            ((0..10_000).collect(), 3),
        ] {
            let asked = numbers.clone();
            let found: Vec<User> = store
                .read(NO_WORKSPACE, move |tx| {
                    tx.all("WHERE id = ANY(?1)", &[ism_store::ids(asked)])
                })
                .await
                .unwrap();
            assert_eq!(found.len(), expected, "{} ids", numbers.len());
            let asked: Vec<String> = numbers.iter().map(|id| format!("{id}@example.com")).collect();
            let found: Vec<User> = store
                .read(NO_WORKSPACE, move |tx| tx.all("WHERE email = ANY(?1)", &[asked.into()]))
                .await
                .unwrap();
            assert_eq!(found.len(), expected, "{} texts", numbers.len());
        }
    });
}

#[test]
fn numbers_keep_their_size_and_nothing_stays_nothing() {
    on_each_database(|db| async move {
        let store = db.open().await;
        for (number, none) in [
            (i64::MAX, None),
            (i64::MIN, None),
            ((1 << 53) - 1, Some(7)),
            (0, Some(0)),
            (-1, Some(-1)),
        ] {
            let back: (i64, Option<i64>) = store
                .write(NO_WORKSPACE, move |tx| {
                    tx.execute("DELETE FROM workspace_member", &[])?;
                    let sql = "INSERT INTO workspace_member (workspace_id, user_id, role, last_active_at, created_at, removed_at) \
                               VALUES (?1, ?2, 'agent', ?3, 0, NULL)";
                    tx.execute(sql, &[WorkspaceId(1).into(), number.into(), none.into()])?;
                    let mut rows = tx.rows("SELECT user_id, last_active_at FROM workspace_member", &[])?;
                    let row: &mut Row = rows.first_mut().unwrap();
                    Ok::<_, Error>((row.take()?, row.take()?))
                })
                .await
                .unwrap();
            assert_eq!(back, (number, none));
        }
    });
}
