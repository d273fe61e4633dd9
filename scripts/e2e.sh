#!/usr/bin/env bash
# Builds what the browser journeys need, and runs them; or only those named.
# Usage: e2e.sh [FILE.test.mjs…]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source scripts/stages.sh

stage "Set-up" scripts/setup.sh test
stage "web: build" build_front_end web web/build
stage "widget: build" build_front_end widget widget/dist
stage "Rust: build" build_rust
stage "Browser: journeys" scripts/with-services.sh bash scripts/stages.sh test_browser "$@"
