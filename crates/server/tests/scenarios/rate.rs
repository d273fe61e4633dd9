//! Figures, for whoever asks for them.

use crate::people::Browser;
use crate::program::{Server, found, webhook};
use ism_simulator::Simulator;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many webhooks a second the program takes from callers that wait for their answer, one message in each. Says nothing
/// about what it must take: `cargo test -p is-messenger --test scenarios rate:: -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn ingest_rate() {
    crate::database::one_after_the_other(async |place| {
        const CALLERS: u32 = 64;
        let name = if place.postgres.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        let mut server = Server::new(place);
        let sim = Simulator::new(ism_simulator::Options::default()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(ism_simulator::serve_with(listener, sim.clone(), std::future::pending()));
        let town = Arc::new(found(&server, &sim, &sim_url).await);
        let browser = Browser::new(&server.url());
        server.start();
        server.ready(&browser.http).await;
        let begun = Instant::now();
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (town, browser) = (town.clone(), browser.clone());
                tokio::spawn(async move {
                    let mut took = Vec::new();
                    while begun.elapsed() < Duration::from_secs(5) {
                        let number = caller + CALLERS * u32::try_from(took.len()).unwrap() + 1;
                        let (url, headers, body) = webhook(&town, number);
                        let mut request = browser
                            .http
                            .post(url)
                            .header("content-type", "application/json")
                            .body(body);
                        for (name, value) in headers {
                            request = request.header(name, value);
                        }
                        let asked = Instant::now();
                        assert!(request.send().await.unwrap().status().is_success());
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        let mut took = Vec::new();
        for caller in callers {
            took.extend(caller.await.unwrap());
        }
        let elapsed = begun.elapsed().as_secs_f64();
        took.sort_unstable();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "{name}: {:.0} webhooks/s from {CALLERS} callers; p50 {:.1} ms, p99 {:.1} ms",
            took.len() as f64 / elapsed,
            at(0.5),
            at(0.99)
        );
        server.stop().await;
        assert_eq!(server.command(&["verify"])["ok"], true);
    });
}
