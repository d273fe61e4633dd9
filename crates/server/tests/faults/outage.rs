//! PostgreSQL goes away under load: stopped, crashed, and its connections cut in the middle of transactions.

use crate::database::{Place, administer, on_each};
use crate::program::free_port;
use crate::support::wait_for;
use crate::traffic::{Rig, long, rounds};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A PostgreSQL of our own, which others do not mind losing.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts one; nothing when PostgreSQL is not installed.
    fn make() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let programs = versions
            .map(|version| version.unwrap().path().join("bin"))
            .find(|bin| bin.join("initdb").exists())?;
        let cluster = Self {
            folder: tempfile::tempdir().unwrap(),
            programs,
            port: free_port(),
        };
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(cluster.folder.path())
                .status();
            assert!(owned.unwrap().success());
        }
        cluster.run(
            "initdb",
            &[
                "--username=ism",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
        );
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 100\n",
            cluster.port
        );
        let file = cluster.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, before + &settings).unwrap();
        cluster.start();
        Some(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn url(&self) -> String {
        format!("postgres://ism@127.0.0.1:{}/postgres", self.port)
    }

    fn run(&self, program: &str, words: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let data = format!("--pgdata={}", self.data().display());
        let folder: &Path = self.folder.path();
        let output = command.arg(data).args(words).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn start(&self) {
        let log = format!("--log={}", self.folder.path().join("log").display());
        self.run("pg_ctl", &["start", "--silent", "--wait", &log]);
    }

    fn stop(&self, mode: &str) {
        self.run("pg_ctl", &["stop", "--silent", "--wait", &format!("--mode={mode}")]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.stop("immediate");
        }
    }
}

#[test]
fn a_database_that_stops_and_returns_loses_nothing() {
    let Some(cluster) = Cluster::make() else {
        println!("not run: PostgreSQL is not installed");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let away = Duration::from_secs(if long() { 30 } else { 3 });
        let mut rig = Rig::start(Place::on(Some(cluster.url()))).await;
        rig.load();
        for mode in ["fast", "immediate"] {
            rig.flows().await;
            let refused = rig.refused();
            tokio::task::block_in_place(|| cluster.stop(mode));
            let begun = Instant::now();
            wait_for("webhooks to be refused", async || {
                (rig.refused() > refused).then_some(())
            })
            .await;
            while begun.elapsed() < away {
                rig.is_healthy().await;
                assert_eq!(rig.browser.get("/readyz").await.status, 503);
                let answer = rig.agents[1].get("/inbox?inbox=all&status=all").await;
                assert_eq!(answer.refused(503), "unavailable");
                assert_eq!(answer.header("retry-after"), "2");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            tokio::task::block_in_place(|| cluster.start());
            let begun = Instant::now();
            rig.flows().await;
            println!(
                "{mode}: away for {away:?}, flows again {:.1?} after the return",
                begun.elapsed()
            );
        }
        println!("{}", rig.settle().await);
    });
    std::mem::forget(runtime);
}

#[test]
fn connections_cut_in_the_middle_of_transactions_lose_nothing() {
    on_each(async |place| {
        let Some(url) = place.postgres.clone() else { return };
        let rounds = rounds(15);
        let mut rig = Rig::start(place).await;
        rig.load();
        rig.flows().await;
        for round in 0..rounds {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE pid <> pg_backend_pid() AND datname = current_database()";
            administer(&url, cut).await;
            tokio::time::sleep(Duration::from_millis(40 + u64::from(round * 37 % 200))).await;
        }
        rig.flows().await;
        println!("{rounds} cuts of every connection; {}", rig.settle().await);
    });
}
