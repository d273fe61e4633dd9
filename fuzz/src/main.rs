//! Runs fuzz targets for as long as one likes: `cargo run -p ism-fuzz -- [TARGET|all] [SECONDS]`.

#![expect(clippy::print_stdout, reason = "a command says what it has done")]

use ism_fuzz::{TARGETS, corpus, known, mutate};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let wanted = words.next().unwrap_or_else(|| "all".to_owned());
    let seconds = words.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut failed = 0;
    for (name, run) in TARGETS.iter().filter(|(name, _)| wanted == "all" || *name == wanted) {
        let seeds = known(name);
        let seed: u64 = rand::rng().random();
        let mut rng = StdRng::seed_from_u64(seed);
        let (begun, mut count, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
        while begun.elapsed() < Duration::from_secs(seconds) {
            let data = mutate::mutated(&mut rng, &seeds);
            let started = Instant::now();
            let outcome = catch_unwind(|| run(&data));
            slowest = slowest.max(started.elapsed());
            count += 1;
            if outcome.is_err() {
                let place = corpus(name);
                std::fs::create_dir_all(&place)?;
                let file = place.join(format!("{seed:016x}-{count}"));
                std::fs::write(&file, &data)?;
                println!("{name}: failed; kept as {}", file.display());
                failed += 1;
                break;
            }
        }
        println!("{name}: {count} inputs, the slowest took {slowest:?} (seed {seed})");
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::other(format!("{failed} targets failed")))
    }
}
