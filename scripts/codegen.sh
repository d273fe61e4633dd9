#!/usr/bin/env bash
# Writes web/openapi.json from the server's own description of its API, and the types the web app takes from it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scripts/setup.sh run
cargo build --locked -p is-messenger
binary=$(target_dir)/debug/is-messenger
dir=$(mktemp -d "${TMPDIR:-/tmp}/ism-codegen.XXXXXX")
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

port=$(free_port)
"$binary" serve --data "$dir" --listen "127.0.0.1:$port" >"$dir/log" 2>&1 &
pid=$!
for _ in {1..300}; do
  ! port_is_taken "$port" || break
  kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; die "the server did not start."; }
  sleep 0.1
done
node scripts/fetch-json.mjs "http://127.0.0.1:$port/api/openapi.json" web/openapi.json
note "wrote web/openapi.json"
npm --prefix web run --if-present codegen
