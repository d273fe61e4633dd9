//! Each target over its seeds, over what once failed, and over a few thousand inputs made from a fixed seed.

use ism_fuzz::{TARGETS, known, mutate};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{Duration, Instant};

/// Inputs made anew for each target.
const ROUNDS: usize = 2_000;
/// Nothing of at most 64 KiB may take longer, also without optimisation and beside other tests.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn every_parser_returns_whatever_it_is_given() {
    for (name, run) in TARGETS {
        let seeds = known(name);
        assert!(seeds.len() >= 2, "{name} has no seeds");
        let mut rng = StdRng::seed_from_u64(1);
        let made = (0..ROUNDS)
            .map(|_| mutate::mutated(&mut rng, &seeds))
            .collect::<Vec<_>>();
        for (number, data) in seeds.iter().chain(&made).enumerate() {
            let begun = Instant::now();
            if std::panic::catch_unwind(|| run(data)).is_err() {
                panic!("{name} fails on input {number}: {:?}", String::from_utf8_lossy(data));
            }
            assert!(
                begun.elapsed() < LONGEST,
                "{name} takes {:?} for input {number}",
                begun.elapsed()
            );
        }
    }
}
