#!/usr/bin/env bash
# Every check and test, in the order in which failures are cheapest to find.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source scripts/stages.sh

stage "Set-up" scripts/setup.sh test
check_stages
for dir in web widget; do
  stage "$dir: tests" npm --prefix "$dir" test
  stage "$dir: build" npm --prefix "$dir" run build
  stage "$dir: size" npm --prefix "$dir" run size
done
stage "Rust: build" build_rust
stage "Rust: tests on SQLite, PostgreSQL and NATS" scripts/with-services.sh bash scripts/stages.sh test_rust
stage "Browser: journeys" scripts/with-services.sh bash scripts/stages.sh test_browser
list_stages
say "All stages passed."
