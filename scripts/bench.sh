#!/usr/bin/env bash
# Measures an optimised build on SQLite and PostgreSQL (with fsync), and writes bench/results/DATE-COMMIT.json.
# The generator shares the machine with the server: close what else uses it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Measures one workload and keeps its line.
measure() {
  local line status=0
  line=$("$binary" bench "$@" --json) || status=$?
  [[ -n $line ]] || die "the measurement gave no figures (status $status)."
  printf '%s\n' "$line" >>"$lines"
  node -e 'const { workload, database, sound, ...rest } = JSON.parse(process.argv[1]); console.log("   ", workload, database, sound ? "" : "NOT SOUND", Object.entries(rest).map(([k, v]) => `${k}=${v}`).join(" "))' "$line"
  ((status == 0)) || failed=1
}

# On each database, a fresh one on PostgreSQL.
on_both() {
  local workload=$1 name
  shift
  measure "$workload" "$@"
  name=bench_$((++databases))
  "$ISM_TEST_POSTGRES_BIN/psql" --quiet --dbname="$ISM_TEST_POSTGRES" --command="CREATE DATABASE $name"
  measure "$workload" --on "${ISM_TEST_POSTGRES%/*}/$name" "$@"
}

if [[ ${1:-} != measure ]]; then
  scripts/setup.sh test
  build_front_end web web/build
  build_front_end widget widget/dist
  cargo build --profile quick --locked -p is-messenger
  ISM_TEST_FSYNC=on exec scripts/with-services.sh scripts/bench.sh measure
fi

binary=$(target_dir)/quick/is-messenger
lines=$(mktemp) failed=0 databases=0
trap 'rm -f "$lines"' EXIT
on_both start --rounds 5
for rate in 500 2000 3500; do on_both ingest --rate "$rate" --seconds 15; done
on_both sockets --rate 50 --sockets 1000 --seconds 10
on_both sockets --rate 500 --sockets 100 --seconds 10
commit=$(git rev-parse --short HEAD)
result=bench/results/$(date -u +%Y-%m-%d)-$commit.json
node -e '
  const os = require("os"), fs = require("fs");
  const [lines, commit, when] = process.argv.slice(1);
  const machine = { cpu: os.cpus()[0].model, cores: os.cpus().length, memory_gb: Math.round(os.totalmem() / 1e9), kernel: os.release() };
  const figures = fs.readFileSync(lines, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  console.log(JSON.stringify({ when, commit, command: "make bench", machine, figures }, null, 2));
' "$lines" "$commit" "$(date -u +%FT%TZ)" >"$result"
say "Written to $result"
((failed == 0)) || die "Some measurements lost or doubled something, see above."
