//! The server is killed again and again: under load, and while it makes its tables.

use crate::database::on_each;
use crate::people::Browser;
use crate::program::Server;
use crate::support::PASSWORD;
use crate::traffic::{Rig, rounds};
use std::time::{Duration, Instant};

/// How long the server is left alone at most before the next kill, in milliseconds.
const LONGEST_LIFE: u64 = 1_500;

/// An ordinary generator: any moment will do, and what is given says which series it was.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed() {
    on_each(async |place| {
        let rounds = rounds(3);
        let mut rig = Rig::start(place).await;
        rig.load();
        let mut moments = Moments(u64::from(rig.server.port));
        let mut slowest = Duration::ZERO;
        for _ in 0..rounds {
            tokio::time::sleep(Duration::from_millis(300 + moments.next(LONGEST_LIFE))).await;
            rig.server.kill();
            let begun = Instant::now();
            rig.server.start();
            rig.server.ready(&rig.browser.http).await;
            slowest = slowest.max(begun.elapsed());
        }
        println!(
            "{rounds} kills, ready again in {slowest:.1?} at most; {}",
            rig.settle().await
        );
    });
}

#[test]
fn a_server_killed_while_it_makes_its_tables_starts_afterwards() {
    on_each(async |place| {
        let rounds = rounds(4);
        let mut server = Server::new(place);
        let browser = Browser::new(&server.url());
        let mut moments = Moments(u64::from(server.port));
        let mut slowest = Duration::ZERO;
        for round in 0..rounds {
            server.place.empty().await;
            for _ in 0..1 + round % 3 {
                server.start();
                tokio::time::sleep(Duration::from_millis(moments.next(250))).await;
                server.kill();
            }
            let begun = Instant::now();
            server.start();
            server.ready(&browser.http).await;
            slowest = slowest.max(begun.elapsed());
            server.kill();
            let init = [
                "init",
                "--email",
                "owner@example.com",
                "--password",
                PASSWORD,
                "--workspace",
                "Shop",
            ];
            tokio::task::block_in_place(|| {
                server.command(&init);
                let outstanding = server.command(&["migrate", "--check"]);
                assert_eq!(outstanding["outstanding"], serde_json::json!([]));
                assert_eq!(server.command(&["verify"])["ok"], true);
            });
        }
        assert!(!server.log().contains("panicked"), "{}", server.log());
        println!("{rounds} installations, ready in {slowest:.1?} at most");
    });
}
