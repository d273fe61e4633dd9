# shellcheck shell=bash
# The stages of `make check` and `make test`. Sourced after lib.sh, never run.

check_stages() {
  stage "Rust: formatting" cargo fmt --all --check
  stage "Scripts: lints" lint_scripts
  stage "Rust: lints" cargo clippy --workspace --all-targets --locked -- -D warnings
  if cargo deny --version >/dev/null 2>&1; then
    stage "Rust: licences and sources" cargo deny --locked --offline check bans licenses sources
  fi
  local dir
  for dir in web widget; do
    stage "$dir: lints" npm --prefix "$dir" run lint
    stage "$dir: types" npm --prefix "$dir" run check
  done
}

lint_scripts() {
  if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh .ci/run
  else
    local script
    for script in scripts/*.sh .ci/run; do bash -n "$script"; done
  fi
}

# All of it at once and with the features the tests need, so that nothing is compiled twice: neither for the tests nor,
# as `make e2e` uses the same binary, for the browser.
build_rust() { cargo build --workspace --all-targets --locked; }

# cargo-nextest where it is installed, since it is quicker; it leaves out the examples in comments.
test_rust() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked --no-fail-fast
    cargo test --workspace --doc --locked --quiet
  else
    cargo test --workspace --locked --no-fail-fast
  fi
}

test_browser() {
  ISM_BINARY=$(target_dir)/debug/is-messenger
  export ISM_BINARY
  npm --prefix tests/e2e test -- "$@"
}

# Re-entry for stages that run under with-services.sh.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
  "$@"
fi
