//! Fuzz targets: every parser of bytes from outside, as a function that must return, whatever it is given.
//!
//! `cargo-fuzz` wants a nightly compiler, so the targets are plain functions and the bytes come from [`mutate`]: seeds that
//! are changed at random, half of them as JSON values and half as bytes. A nightly run can call the same functions.
//!
//! * `cargo test -p ism-fuzz`: the corpus and a short run with a fixed seed, part of `make test`;
//! * `cargo run -p ism-fuzz -- [TARGET] [SECONDS]`: as long as one likes; what fails is written to `fuzz/corpus/TARGET/`.

pub mod mutate;
mod seeds;
mod targets;

pub use seeds::seeds;
pub use targets::TARGETS;

use std::path::PathBuf;

/// A parser: its name, and the function that gives it bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Where what once failed is kept, so that it is tried for ever.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// Seeds of a target and what once failed.
#[must_use]
pub fn known(target: &str) -> Vec<Vec<u8>> {
    let mut known = seeds(target);
    let mut files: Vec<_> = std::fs::read_dir(corpus(target))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    known.extend(files.iter().filter_map(|file| std::fs::read(file).ok()));
    known
}
