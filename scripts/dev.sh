#!/usr/bin/env bash
# The server (debug build, data in ./data) and Vite's server for the web app, which reloads the page on each change.
# After a change in Rust, stop with Ctrl-C and start again.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

port=${PORT:-8080}
simulator_port=${SIMULATOR_PORT:-8090}
for taken in "$port" "$simulator_port"; do
  ! port_is_taken "$taken" || die "port $taken is in use." "Choose others: make dev PORT=… SIMULATOR_PORT=…"
done

scripts/setup.sh run
build_front_end web web/build
build_front_end widget widget/dist
say "Building the server"
cargo build --locked -p is-messenger
binary=$(target_dir)/debug/is-messenger

trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM
"$binary" serve --data "${DATA:-./data}" --listen "127.0.0.1:$port" --simulator "127.0.0.1:$simulator_port" --sample &
ISM_SERVER="http://127.0.0.1:$port" npm --prefix web run dev </dev/null &
# Whichever ends first takes the other along.
wait -n
