#!/usr/bin/env bash
# Builds torch and measures the figures of docs/benchmarks.md on this machine: Markdown on standard output.
#
#   scripts/bench.sh                 all of it (about half an hour after the build)
#   scripts/bench.sh --quick         a few values of each: whether it works
#   scripts/bench.sh --only PART     only verdict, brief, accept, delivery, raise, claude, status, detect, idle, lane, watch, worktrees, radar,
#                                    hooks, history or recovery; may be given again
#   scripts/bench.sh --only soak     runs only when asked for: ten minutes at full speed, --minutes N of it
#   scripts/bench.sh --long          history also with 5 million messages: an hour or more, 17 GB; --history N: with N
#
# Everything lies in a temporary folder that is removed at the end, also after Ctrl-C.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/install-deps.sh
. scripts/install-deps.sh

case "${1:-}" in
  -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

# Ends the daemons and tmux servers that an interrupted run left in its folder.
clean_up() {
  local registry socket
  for registry in "$folder"/torch-bench.*/registry; do
    [ -d "$registry" ] || continue
    socket=$(TORCH_HOME=$registry "$bin/torch" daemon status --json | sed -n 's/.*"tmux_socket": *"\([^"]*\)".*/\1/p')
    TORCH_HOME=$registry "$bin/torch" daemon stop >/dev/null || true
    if [ -n "$socket" ]; then
      tmux -L "$socket" kill-server 2>/dev/null || TMUX_TMPDIR=${registry%/registry}/tmux tmux -L "$socket" kill-server || true
    fi
  done
  rm -rf -- "$folder"
}

ensure_tools tmux git cc
ensure_cargo
unset TMUX TMUX_PANE

cargo build --release --locked -p torch-cli
cargo build --release --locked -p torch-testing --bin bench
bin=$(target_directory)/release
folder=$(mktemp -d "${TMPDIR:-/tmp}/torch-b.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT TERM

printf -- '- date: %s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
printf -- '- commit: %s\n' "$(git describe --always --dirty 2>/dev/null || echo unknown)"
TMPDIR=$folder "$bin/bench" --bin "$bin" "$@"
