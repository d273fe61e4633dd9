#!/usr/bin/env bash
# Kills the server with -9 again and again while webhooks arrive and agents answer, on both databases; fails if anything
# that was acknowledged is lost or doubled. `cargo test` does the same with three kills.
# Usage: kill.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

rounds=${1:-50}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "\"$rounds\" is not a number of kills." "Usage: kill.sh [ROUNDS]"

scripts/setup.sh test
export ISM_KILL_ROUNDS=$rounds
scripts/with-services.sh cargo test --locked -p is-messenger --test scenarios -- --nocapture kill::
