# shellcheck shell=bash
# Runs one fault on both databases and prints its line of the table. Sourced by the scripts beside it with
#   fault NAME FILTER DEFAULT-ROUNDS [ROUNDS]
# ISM_LONG=1 takes the sizes that `make faults` takes.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

fault() {
  local name=$1 filter=$2 rounds=${4:-$3} start=$SECONDS log status=0 verdict=pass
  [[ $rounds =~ ^[1-9][0-9]*$ ]] || die "\"$rounds\" is not a number of rounds." "Usage: $(basename "$0") [ROUNDS]"
  log=$(mktemp)
  ISM_ROUNDS=$rounds scripts/with-services.sh cargo test --quiet --locked -p is-messenger --test faults -- \
    --nocapture --test-threads=1 "$filter" >"$log" 2>&1 || status=$?
  # A filter that fits nothing passes, too.
  grep -qE 'ok\. [1-9][0-9]* passed; 0 failed' "$log" || status=1
  # What the run has counted: a line for each test and database.
  grep -E 'webhooks sent|installations|not run|went on|flows again|Read-only' "$log" | sed 's/^\.*/    /' || true
  if ((status)); then
    verdict=FAIL
    tail -n 60 "$log" >&2
  fi
  rm -f "$log"
  printf '%-4s  %-10s  %5s rounds  %4d s\n' "$verdict" "$name" "$rounds" $((SECONDS - start))
  return "$status"
}
