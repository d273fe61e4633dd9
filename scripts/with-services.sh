#!/usr/bin/env bash
# Starts a private PostgreSQL and NATS on free ports, runs a command, and takes both down again however it ends.
# The command finds them in ISM_TEST_POSTGRES and ISM_TEST_NATS, and PostgreSQL's own programs in ISM_TEST_POSTGRES_BIN.
# Usage: with-services.sh COMMAND [ARGUMENT…]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

(($#)) || die "say which command to run: with-services.sh COMMAND [ARGUMENT…]"

dir=$(mktemp -d "${TMPDIR:-/tmp}/ism-services.XXXXXX")
nats_pid=
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# PostgreSQL refuses to run as root, so then it runs as the user its package has made.
as_postgres() {
  if ((EUID == 0)); then
    (cd "$dir" && runuser -u "$postgres_user" -- "$@")
  else
    "$@"
  fi
}

stop() {
  local status=$?
  trap '' INT TERM HUP
  set +e
  if [[ -n $nats_pid ]]; then kill "$nats_pid" 2>/dev/null; fi
  if [[ -e $dir/postgres/data/postmaster.pid ]]; then
    as_postgres "$bin/pg_ctl" stop --silent --mode=immediate --pgdata="$dir/postgres/data"
  fi
  wait
  rm -rf "$dir"
  exit "$status"
}

find_postgres() {
  local initdb
  # The newest of those installed.
  initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) || true
  [[ -n $initdb ]] || initdb=$(command -v initdb) || die "PostgreSQL is missing." "Run scripts/setup.sh test"
  dirname "$(readlink -f "$initdb")"
}

start_postgres() {
  local port password
  bin=$(find_postgres)
  postgres_user=postgres
  id "$postgres_user" >/dev/null 2>&1 || postgres_user=nobody
  port=$(free_port)
  # A password, because anyone on this machine can connect to the port.
  password=$(node -p 'crypto.randomBytes(16).toString("hex")')
  chmod 711 "$dir"
  mkdir "$dir/postgres"
  (umask 077 && printf '%s\n' "$password" >"$dir/postgres/password")
  ((EUID != 0)) || chown -R "$postgres_user" "$dir/postgres"
  as_postgres "$bin/initdb" --pgdata="$dir/postgres/data" --username=ism --pwfile="$dir/postgres/password" \
    --auth=password --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$dir/initdb.log" 2>&1 ||
    { cat "$dir/initdb.log" >&2; die "PostgreSQL could not be initialised."; }
  # The data lives for one run, so nothing of it need survive a power failure; ISM_TEST_FSYNC=on is for measuring.
  cat >>"$dir/postgres/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir/postgres'
max_connections = 400
fsync = ${ISM_TEST_FSYNC:-off}
full_page_writes = ${ISM_TEST_FSYNC:-off}
autovacuum_naptime = 5s
CONF
  as_postgres "$bin/pg_ctl" start --silent --wait --timeout=60 --pgdata="$dir/postgres/data" --log="$dir/postgres/log" >/dev/null ||
    { cat "$dir/postgres/log" >&2; die "PostgreSQL did not start."; }
  export ISM_TEST_POSTGRES_BIN=$bin
  export ISM_TEST_POSTGRES="postgres://ism:$password@127.0.0.1:$port/postgres"
}

start_nats() {
  local port program _
  program=$(PATH=$PATH:/usr/sbin command -v nats-server) || die "nats-server is missing." "Run scripts/setup.sh test"
  port=$(free_port)
  mkdir "$dir/nats"
  (cd "$dir/nats" && exec "$program" --addr 127.0.0.1 --port "$port" --log "$dir/nats/log" </dev/null >/dev/null 2>&1) &
  nats_pid=$!
  for _ in {1..100}; do
    if port_is_taken "$port"; then
      export ISM_TEST_NATS="nats://127.0.0.1:$port"
      return
    fi
    kill -0 "$nats_pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$dir/nats/log" >&2 || true
  die "nats-server did not start."
}

start_postgres
start_nats
"$@"
