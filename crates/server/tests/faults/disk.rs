//! The disk is full, or cannot be written to.

use crate::database::{Place, on_each};
use crate::program::Server;
use crate::support::wait_for;
use crate::traffic::{Rig, rounds};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Room on the small disk. The database's log of writes alone may take a few MB.
const ROOM: &str = "size=48m";

/// A file system of its own over a folder, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Nothing where we may not mount.
    fn mount(folder: &Path) -> Option<Self> {
        let mounted = mount(&["-t", "tmpfs", "-o", ROOM, "tmpfs"], folder);
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

fn mount(words: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(words).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

/// Takes all the room that is left. Returns how much that was.
fn fill(folder: &Path) -> usize {
    let mut ballast = std::fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("ballast"))
        .unwrap();
    let mut taken = 0;
    for size in [1 << 20, 1 << 16, 1 << 12] {
        let block = vec![b'x'; size];
        while let Ok(written) = ballast.write(&block) {
            if written == 0 {
                break;
            }
            taken += written;
        }
    }
    taken
}

#[test]
fn a_full_disk_refuses_writes_clearly_and_recovers_by_itself() {
    on_each(async |place| {
        // On PostgreSQL the database is elsewhere, and only files meet the full disk.
        let sqlite = place.postgres.is_none();
        let Some(_disk) = Disk::mount(place.folder()) else {
            println!("not run: this user may not mount a small disk");
            return;
        };
        let folder = place.folder().to_owned();
        let mut rig = Rig::start(place).await;
        let agent = rig.agents[1].clone();
        rig.load();
        for round in 0..rounds(2) {
            rig.flows().await;
            let contact = agent.get("/inbox?inbox=all&status=all").await.ok()["items"][0]["id"].clone();
            let refused = rig.refused();
            let begun = Instant::now();
            // Logs that are given back leave room again.
            wait_for("the disk to be full", async || {
                fill(&folder);
                (!sqlite || rig.refused() > refused + 20).then_some(())
            })
            .await;
            let upload = agent.uploads("a.txt", "text/plain", &vec![b'y'; 300_000]).await;
            assert_eq!(upload.refused(503), "disk_full");
            assert!(upload.text().contains("disk is full"), "{}", upload.text());
            let mut turned_away = 0;
            // For a while, and until it was seen: the log of the database that is given back makes room now and then.
            while begun.elapsed() < Duration::from_secs(2) || sqlite && turned_away == 0 {
                assert!(
                    begun.elapsed() < Duration::from_secs(30),
                    "writes are taken on a full disk"
                );
                rig.is_healthy().await;
                let reading = Instant::now();
                agent.get("/inbox?inbox=all&status=all").await.ok();
                agent.get(&format!("/contacts/{contact}/timeline")).await.ok();
                assert!(reading.elapsed() < Duration::from_secs(2), "{:?}", reading.elapsed());
                if sqlite {
                    fill(&folder);
                    let comment = serde_json::json!({ "text": "is there room?" });
                    let answer = agent.post(&format!("/contacts/{contact}/comments"), &comment).await;
                    if answer.status != 200 {
                        assert_eq!(answer.refused(503), "disk_full");
                        assert_eq!(answer.header("retry-after"), "2");
                        turned_away += 1;
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let left: Vec<_> = std::fs::read_dir(folder.join("files/incoming"))
                .into_iter()
                .flatten()
                .collect();
            assert!(left.is_empty(), "{left:?}");
            std::fs::remove_file(folder.join("ballast")).unwrap();
            let begun = Instant::now();
            rig.flows().await;
            let kept = agent
                .uploads("a.txt", "text/plain", format!("round {round}").as_bytes())
                .await;
            kept.ok();
            println!("flows again {:.1?} after there is room", begun.elapsed());
        }
        println!("{}", rig.settle().await);
        if sqlite {
            let outcome = integrity(&folder);
            assert_eq!(outcome, "ok");
        }
    });
}

/// What SQLite says of its file.
fn integrity(folder: &Path) -> String {
    let store = ism_store::Database::Sqlite(folder.to_owned());
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async {
            let options = ism_store::Options {
                holder: "integrity".to_owned(),
                ..ism_store::Options::new(store)
            };
            let store = ism_store::Store::open(options).await.unwrap();
            store
                .read(ism_store::NO_WORKSPACE, |tx| {
                    let mut rows = tx.rows("PRAGMA integrity_check", &[])?;
                    rows.first_mut().map_or(Ok(String::new()), ism_store::Row::take)
                })
                .await
                .unwrap()
        })
    })
}

#[test]
fn a_folder_that_cannot_be_written_is_named_at_the_start() {
    on_each(async |place| {
        let Some(_disk) = Disk::mount(place.folder()) else {
            println!("not run: this user may not mount a small disk");
            return;
        };
        let folder = place.folder().to_owned();
        let mut rig = Rig::start(place).await;
        rig.load();
        rig.flows().await;
        rig.settle().await;
        // The test has looked into the database too, and closes it a moment later.
        wait_for("the folder to be free", async || {
            mount(&["-o", "remount,ro"], &folder).then_some(())
        })
        .await;
        let output = tokio::task::block_in_place(|| rig.server.attempt());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("{said}");
        if rig.server.place.postgres.is_none() {
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert_eq!(said.trim().lines().count(), 1, "{said}");
            assert!(
                said.contains("Read-only file system") && said.contains(folder.to_str().unwrap()),
                "{said}"
            );
        }
        assert!(mount(&["-o", "remount,rw"], &folder));
        rig.server.start();
        rig.server.ready(&rig.browser.http).await;
        rig.server.stop().await;
    });
}

/// A disk that turned read-only: ext4 in a file, told to give up as it does when the hardware fails.
#[test]
fn a_disk_that_turns_read_only_is_reported_and_reading_goes_on() {
    on_each(async |place: Place| {
        if place.postgres.is_some() {
            return;
        }
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(96 << 20).unwrap();
        let made = Command::new("mkfs.ext4").arg("-q").arg("-F").arg(image.path()).status();
        let folder = place.folder().to_owned();
        let path = image.path().to_str().unwrap();
        if !made.is_ok_and(|made| made.success()) || !mount(&["-o", "loop", path], &folder) {
            println!("not run: this user may not mount an image");
            return;
        }
        let _disk = Disk(folder.clone());
        let mut rig = Rig::start_with(Server::new(place)).await;
        let agent = rig.agents[1].clone();
        rig.load();
        rig.flows().await;
        assert!(
            mount(&["-o", "remount,abort"], &folder),
            "the file system cannot be told to give up"
        );
        let refused = rig.refused();
        wait_for("webhooks to be refused", async || {
            (rig.refused() > refused + 20).then_some(())
        })
        .await;
        rig.is_healthy().await;
        agent.get("/inbox?inbox=all&status=all").await.ok();
        let answer = agent.uploads("a.txt", "text/plain", b"words").await;
        assert_eq!(answer.refused(503), "disk_full");
        rig.log_is_clean();
        rig.abandon();
        println!("refused while read-only, reading went on");
    });
}
