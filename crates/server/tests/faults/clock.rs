//! The machine's clock jumps: an hour forth, an hour back, ten years, and back again.

use crate::database::{Place, on_each};
use crate::program::Server;
use crate::support::{PASSWORD, wait_for};
use crate::traffic::{Rig, open, rounds};
use crate::wire;
use ism_store::NO_WORKSPACE;
use serde_json::json;
use std::path::PathBuf;
use tempfile::TempDir;

/// A clock that can be set, for the server only.
struct Clock {
    folder: TempDir,
    library: PathBuf,
}

impl Clock {
    /// Nothing where libfaketime is not installed.
    fn find() -> Option<Self> {
        let libraries = std::fs::read_dir("/usr/lib").ok()?;
        let library = libraries
            .map(|folder| folder.unwrap().path().join("faketime/libfaketimeMT.so.1"))
            .find(|library| library.exists())?;
        let clock = Self {
            folder: tempfile::tempdir().unwrap(),
            library,
        };
        clock.set("+0");
        Some(clock)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    /// `+1h`, `-1h`, `+10y`: from the machine's own clock.
    fn set(&self, offset: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, self.file()).unwrap();
    }

    fn server(&self, place: Place) -> Server {
        let mut server = Server::new(place);
        server.environment = vec![
            ("LD_PRELOAD", self.library.to_str().unwrap().to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().to_str().unwrap().to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        server
    }
}

async fn number(rig: &Rig, sql: &'static str) -> i64 {
    let store = open(&rig.server.place).await;
    let read = store.read(NO_WORKSPACE, move |tx| {
        tx.rows(sql, &[])?.first_mut().map_or(Ok(0), ism_store::Row::take)
    });
    read.await.unwrap()
}

const NEWEST: &str = "SELECT coalesce(max(id), 0) FROM message";

#[test]
fn an_hour_forth_and_back_under_load_loses_and_repeats_nothing() {
    on_each(async |place| {
        let Some(clock) = Clock::find() else {
            println!("not run: libfaketime is not installed");
            return;
        };
        let mut rig = Rig::start_with(clock.server(place)).await;
        rig.load();
        for _ in 0..rounds(1) {
            for offset in ["+1h", "-1h", "+0", "-1h", "+1h", "+0"] {
                rig.flows().await;
                let before = number(&rig, NEWEST).await;
                clock.set(offset);
                rig.flows().await;
                rig.is_healthy().await;
                let after = number(&rig, NEWEST).await;
                assert!(after > before, "{offset}: ids went from {before} to {after}");
            }
        }
        let figures = rig.settle().await;
        let backwards = "SELECT count(*) FROM conversation WHERE closed_at < opened_at OR first_response_at < opened_at \
                         OR first_assigned_at < opened_at";
        assert_eq!(
            number(&rig, backwards).await,
            0,
            "conversations with negative durations"
        );
        println!("{figures}");
    });
}

#[test]
fn a_snooze_ends_once_and_sessions_end_with_their_time_whatever_the_clock_does() {
    on_each(async |place| {
        let Some(clock) = Clock::find() else {
            println!("not run: libfaketime is not installed");
            return;
        };
        let mut rig = Rig::start_with(clock.server(place)).await;
        let agent = rig.agents[0].clone();
        rig.load();
        rig.flows().await;
        rig.quiet().await;
        // One of the custom channel, which may be written to at any time.
        let list = agent.get("/inbox?inbox=all&status=all&limit=100").await.ok();
        let contacts = list["items"].as_array().unwrap();
        let mia = contacts.iter().find(|contact| contact["first_name"] == "Mia");
        let contact = mia.unwrap()["id"].as_i64().unwrap();
        let until = i64::try_from(wire::now() + 1800).unwrap() * 1_000_000;
        agent
            .post(&format!("/contacts/{contact}/snooze"), &json!({ "until": until }))
            .await
            .ok();
        let woken = async || number(&rig, "SELECT count(*) FROM event WHERE kind = 'conversation.unsnoozed'").await;
        clock.set("-1h");
        rig.is_healthy().await;
        assert_eq!(woken().await, 0, "woken before its time");
        clock.set("+1h");
        wait_for("the snooze to end", async || (woken().await == 1).then_some(())).await;
        clock.set("-1h");
        agent.get("/inbox?inbox=all&status=all").await.ok();
        clock.set("+1h");
        agent.get("/inbox?inbox=all&status=all").await.ok();

        // Ten years on, the session is over, and one can sign in again.
        clock.set("+10y");
        wait_for("the session to end", async || {
            (agent.get("").await.status == 401).then_some(())
        })
        .await;
        assert_eq!(woken().await, 1, "a snooze ends once");
        let later = rig.browser.sign_in("owner@example.com", PASSWORD).await;
        later.replies(contact, "from the future").await;
        let future = number(&rig, NEWEST).await;
        // Back in the present everything goes on, and ids go on growing, also over a restart.
        clock.set("+0");
        later.replies(contact, "from the present").await;
        let present = number(&rig, NEWEST).await;
        assert!(present > future, "{present} after {future}");
        rig.server.kill();
        rig.server.start();
        rig.server.ready(&rig.browser.http).await;
        later.replies(contact, "after a restart").await;
        // On PostgreSQL a killed node's number stays taken for a while by the clock that it had; the next has its own ids.
        if rig.name == "SQLite" {
            assert!(number(&rig, NEWEST).await > present);
        }
        agent.get("").await.ok();
        rig.is_healthy().await;
        wait_for("all to be sent", async || {
            (number(&rig, "SELECT count(*) FROM outbox").await == 0).then_some(())
        })
        .await;
        println!("{}", rig.settle().await);
    });
}
