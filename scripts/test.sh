#!/usr/bin/env bash
# Everything that has to hold before a change is merged; CI runs exactly this.
#
#   scripts/test.sh            all of it
#   scripts/test.sh --quick    formatting, lints and unit tests only
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/install-deps.sh
. scripts/install-deps.sh

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }

quick=
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes ;;
    -h | --help) usage; exit 0 ;;
    *) complain "no such option: $argument"; usage >&2; exit 2 ;;
  esac
done

current=setup
skipped=()
report() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    printf '\nFAILED in step "%s" (exit code %s)\n' "$current" "$status"
  fi
}
trap report EXIT

step() {
  current=$1
  shift
  printf '\n==> %s: %s\n' "$current" "$*"
  "$@"
}

# Runs a cargo extension if it is installed, and says so if not.
optional_step() {
  local name=$1 program=$2
  shift 2
  if command -v "$program" >/dev/null 2>&1; then
    step "$name" "$@"
  else
    printf '\nnot run: %s is not installed\n' "$program"
    skipped+=("$program")
  fi
}

# All tests but the doctests: $@ selects the packages.
run_tests() {
  if command -v cargo-nextest >/dev/null 2>&1; then
    local profile=default
    [ -n "${CI:-}" ] && profile=ci
    step tests cargo nextest run --locked --profile "$profile" "$@"
  else
    step tests cargo test --locked --lib --bins --tests "$@"
  fi
}

ensure_tools tmux git cc
ensure_cargo
# Without it the tests of repositories with LFS say so and pass.
if ! ensure_tools git-lfs; then
  printf '\nnot run: the tests that need git-lfs, which is not installed\n'
  skipped+=("tests with git-lfs")
fi
# Snapshots are compared, never written, and no test may see the caller's tmux.
export INSTA_UPDATE=no
unset TMUX TMUX_PANE

step format cargo fmt --all --check
step lints cargo clippy --locked --workspace --all-targets -- -D warnings

if [ -n "$quick" ]; then
  run_tests --workspace --exclude torch-e2e
  printf '\nPASSED: formatting, lints and unit tests (--quick; run without it before merging)\n'
  exit 0
fi

step arrows cargo run --locked -q -p xtask -- arrows
step folders cargo run --locked -q -p xtask -- folders
step lines cargo run --locked -q -p xtask -- lines
# Claude Code and Codex are run for real, against a model server of the tests' own, where npm can install them.
current="real programs"
printf '\n==> real programs: scripts/real-programs.sh claude codex\n'
if ! scripts/real-programs.sh claude codex; then
  printf '\nnot run: the tests of the programs that could not be installed\n'
  skipped+=("tests of real programs")
fi
# The end-to-end tests run the binaries, so these must be built first.
step build cargo build --locked --workspace --bins
run_tests --workspace
step doctests cargo test --locked --workspace --doc
step docs env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
optional_step licences cargo-deny cargo deny --locked check bans licenses sources
optional_step "unused dependencies" cargo-machete cargo machete

if [ "${#skipped[@]}" -eq 0 ]; then
  printf '\nPASSED: all checks\n'
else
  printf '\nPASSED: all checks but those not run (%s)\n' "${skipped[*]}"
fi
