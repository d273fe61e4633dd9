#!/usr/bin/env bash
# Builds everything and starts one process with sample data and the simulator.
# PORT and SIMULATOR_PORT choose other ports, DATA another folder for the data.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The wanted port, or the next free one after it.
choose_port() {
  local port=$1 last=$(($1 + 50))
  while port_is_taken "$port" || [[ $port == "${2:-}" ]]; do
    ((port++ < last)) || die "no free port between $1 and $last." "Choose one: make run PORT=… SIMULATOR_PORT=…"
  done
  echo "$port"
}

wanted=${PORT:-8080}
wanted_simulator=${SIMULATOR_PORT:-8090}
data=${DATA:-./data}
for value in "$wanted" "$wanted_simulator"; do
  if [[ ! $value =~ ^[1-9][0-9]{0,4}$ ]] || ((value > 65535)); then
    die "\"$value\" is not a port." "Use a number from 1 to 65535."
  fi
done

scripts/setup.sh run
say "Building the web app and the widget"
build_front_end web web/build
build_front_end widget widget/dist
say "Building the server (the first time takes several minutes)"
cargo build --profile quick --locked -p is-messenger
binary=$(target_dir)/quick/is-messenger

port=$(choose_port "$wanted")
simulator_port=$(choose_port "$wanted_simulator" "$port")
say "Starting"
((port == wanted)) || note "Port $wanted is in use, so this is on $port."
((simulator_port == wanted_simulator)) || note "Port $wanted_simulator is in use, so the simulator is on $simulator_port."
exec "$binary" serve --data "$data" --listen "127.0.0.1:$port" --simulator "127.0.0.1:$simulator_port" --sample
