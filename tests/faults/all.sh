#!/usr/bin/env bash
# Runs every fault for long, one after the other, and prints a table. Takes about half an hour.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

scripts/setup.sh test
cargo build --quiet --locked -p is-messenger --all-targets
export ISM_LONG=1
lines=() failed=0
for name in kill outage disk clock provider webhooks slow bodies storm stop; do
  say "$name"
  log=$(mktemp)
  "tests/faults/$name.sh" 2>&1 | tee "$log" || failed=1
  # The figures, and below them the verdict.
  while IFS= read -r line; do lines+=("$line"); done < <(grep -E '^(pass|FAIL)|^    ' "$log")
  rm -f "$log"
done
say "Faults"
printf '    %s\n' "${lines[@]}"
((failed == 0)) || die "Some faults did more harm than they may, see above."
say "All faults are survived."
