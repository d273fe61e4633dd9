# shellcheck shell=bash
# Shared by the scripts beside it. Sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# rustup's default place, for shells that were opened before Rust was installed.
if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then
  PATH=$HOME/.cargo/bin:$PATH
fi

bold='' plain=''
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi
say() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# Prints a TCP port that nobody uses on 127.0.0.1.
free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Where cargo puts what it builds, whatever decides that.
target_dir() {
  cargo metadata --format-version 1 --no-deps --locked |
    node -e 'process.stdin.setEncoding("utf8"); let s = ""; process.stdin.on("data", (d) => (s += d)).on("end", () => console.log(JSON.parse(s).target_directory))'
}

# Builds the web app or the widget, unless nothing in it has changed since.
build_front_end() {
  local dir=$1 out=$2 stamp=$1/node_modules/.ism-built
  # Not the folder itself: its time changes with every build, as tools leave and remove files in it.
  if [[ -d $out && -e $stamp ]] &&
    [[ -z $(find "$dir" -mindepth 1 \( -name node_modules -o -path "$out" -o -name .svelte-kit \) -prune -o -newer "$stamp" -print -quit) ]]; then
    note "$dir is up to date"
    return
  fi
  # Marked with the time of the start, so that an edit made during the build is not lost.
  touch "$stamp.new"
  npm --prefix "$dir" run build
  mv "$stamp.new" "$stamp"
}

# Runs one stage of a longer script and says how long it took; a failure ends the script and names the stage.
STAGES=()
stage() {
  local name=$1 start=$SECONDS status=0
  shift
  say "$name"
  # Not under `if` or `||`: bash would then ignore failures inside a function that is called here.
  set +e
  (set -e; "$@")
  status=$?
  set -e
  local took=$((SECONDS - start))
  STAGES+=("$(printf '%4d s  %s' "$took" "$name")")
  if ((status)); then
    list_stages
    die "stage \"$name\" failed (status $status) after $took s"
  fi
  note "$name: passed in $took s"
}

list_stages() {
  say "Stages"
  printf '    %s\n' "${STAGES[@]}"
}
