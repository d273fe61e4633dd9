#!/usr/bin/env bash
# Brings in what `make run`, `make check` or `make test` needs. Quick when everything is there.
# Usage: setup.sh run|check|test
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

purpose=${1:-run}
missing=()

need() {
  local package=$1
  shift
  "$@" || missing+=("$package")
}

has_command() { command -v "$1" >/dev/null || [[ -x /usr/sbin/$1 ]]; }
has_headers() { [[ -e /usr/include/stdlib.h ]]; }
has_certificates() { [[ -e /etc/ssl/certs/ca-certificates.crt ]]; }
has_initdb() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_faketime() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }
has_chromium() { [[ -n ${ISM_CHROMIUM:-} || -x /usr/bin/chromium ]]; }
has_font() { compgen -G "/usr/share/fonts/truetype/noto/$1" >/dev/null; }

need gcc has_command cc
need libc6-dev has_headers
need ca-certificates has_certificates
if [[ $purpose == test ]]; then
  need postgresql has_initdb
  need nats-server has_command nats-server
  need libfaketime has_faketime
  need chromium has_chromium
  need fonts-noto-core has_font 'NotoSansArabic-Regular.ttf'
  need fonts-noto-color-emoji has_font 'NotoColorEmoji.ttf'
fi

# Runs a command as root: directly, or through a sudo that asks nothing.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

install_missing() {
  local command="apt-get install -y --no-install-recommends ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    die "these Debian packages are missing: ${missing[*]}" "Install what they contain with your system's package manager, then start again."
  fi
  if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
    die "these packages are missing: ${missing[*]}" "Install them as root, then start again:" "" "  sudo apt-get update && sudo $command"
  fi
  say "Installing ${missing[*]}"
  as_root apt-get update -qq </dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
  # The tests start servers of their own; Debian's need not run because of us.
  local service
  for service in postgresql nats-server; do
    if [[ " ${missing[*]} " == *" $service "* && -d /run/systemd/system ]]; then
      as_root systemctl disable --now "$service" || note "the service $service could not be switched off"
    fi
  done
}

# Whether version $1 is at least $2.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

check_toolchains() {
  command -v cargo >/dev/null || die "Rust is missing." "Install it from https://rustup.rs, then start again."
  command -v node >/dev/null || die "Node.js is missing." "Install version 20.19 or newer from https://nodejs.org, then start again."
  command -v npm >/dev/null || die "npm is missing, which comes with Node.js." "Install it, then start again."
  local rust node wanted
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  rust=$(rustc --version | cut -d ' ' -f 2)
  node=$(node --version)
  at_least "${rust%%-*}" "$wanted" || die "Rust $wanted or newer is needed; this is $rust." "With rustup: rustup update stable"
  at_least "${node#v}" 20.19 || die "Node.js 20.19 or newer is needed; this is $node."
  if [[ $purpose != run ]]; then
    local component
    for component in fmt clippy; do
      cargo "$component" --version >/dev/null 2>&1 ||
        die "cargo $component is missing." "With rustup: rustup component add rustfmt clippy"
    done
  fi
}

# Installs npm packages when the lock file has changed since the last time.
install_npm() {
  local dir=$1 stamp=$1/node_modules/.ism-installed lock
  [[ -e $dir/package-lock.json ]] || return 0
  lock="$(sha256sum <"$dir/package-lock.json") $(node --version)"
  if [[ -e $stamp && $(<"$stamp") == "$lock" ]]; then return 0; fi
  say "Installing npm packages for $dir"
  npm --prefix "$dir" ci --no-audit --no-fund </dev/null
  mkdir -p "$dir/node_modules"
  printf '%s\n' "$lock" >"$stamp"
}

check_toolchains
((${#missing[@]} == 0)) || install_missing
install_npm web
install_npm widget
[[ $purpose != test ]] || install_npm tests/e2e
# The server embeds these folders, so they must exist for it to compile, built or not.
mkdir -p web/build widget/dist
