#!/usr/bin/env bash
# From a fresh clone to a finished sample run: installs the packages that are missing, builds torch, makes a small project
# of its own and lets five demo agents work through its spec. It writes nowhere but in this clone and the sample's folder.
#
#   TORCH_SAMPLE_DIR=DIR scripts/first-run.sh    keeps the sample in DIR instead of a new temporary folder;
#                                                started again, it goes on with what is there
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/install-deps.sh
. "$root/scripts/install-deps.sh"

# Makes the sample's repository, unless it is there from an earlier run.
make_project() {
  local project=$1
  if [ -e "$project/.git" ] && git -C "$project" rev-parse -q --verify HEAD >/dev/null; then
    say "going on with the project in $project"
    return
  fi
  mkdir -p -- "$project"
  cp -- "$root/templates/samples/hello/spec.md" "$project/spec.md"
  git -C "$project" init -q -b main
  # The sample must not depend on the caller's git settings: neither identity, nor signing, nor hooks.
  git -C "$project" config user.name "torch sample"
  git -C "$project" config user.email "sample@torch.invalid"
  git -C "$project" config commit.gpgsign false
  git -C "$project" config core.hooksPath .git/hooks
  git -C "$project" add spec.md
  git -C "$project" commit -q -m "Add the spec"
}

# How to watch, stop and find everything; torch's own line for attaching stands in the status above it.
print_where() {
  local project=$1 bin=$2
  printf '\n%s\n' "The sample:"
  printf '  project    %s\n' "$project"
  printf '  registry   %s (worktrees, messages, journal)\n' "$TORCH_HOME"
  printf '  attach     cd %q && TORCH_HOME=%q %q attach\n' "$project" "$TORCH_HOME" "$bin/torch"
  printf '  stop       cd %q && TORCH_HOME=%q %q stop\n' "$project" "$TORCH_HOME" "$bin/torch"
  printf '             and the daemon: TORCH_HOME=%q %q daemon stop\n' "$TORCH_HOME" "$bin/torch"
}

interrupted() {
  trap - INT TERM
  printf '\n%s\n' "Interrupted."
  [ -n "${started:-}" ] && print_where "$project" "$bin"
  exit 130
}
trap interrupted INT TERM

say "a first build takes some minutes; then a sample runs"
say "the demo agents follow a script: nothing is built or tested for real"

ensure_tools tmux git cc
ensure_cargo

say "building torch"
cd -- "$root"
build=(cargo build --release --locked -p torch-cli)
[ -t 2 ] || build+=(--quiet) # progress is for people
"${build[@]}"
bin=$(target_directory)/release

if [ -n "${TORCH_SAMPLE_DIR:-}" ]; then
  mkdir -p -- "$TORCH_SAMPLE_DIR"
  sample=$(cd -- "$TORCH_SAMPLE_DIR" && pwd -P)
else
  sample=$(mktemp -d "${TMPDIR:-/tmp}/torch-sample.XXXXXX")
fi
project=$sample/hello
export TORCH_HOME=$sample/registry
export PATH=$bin:$PATH # the agents call torch and scm by name

say "making the sample project in $project"
make_project "$project"

say "raising a team of demo agents on its spec, and following it to the end"
cd -- "$project"
started=yes
status=0
torch auto --spec spec.md --agent demo --yes --wait || status=$?

printf '\n'
torch status || true
printf '\n%s\n' "What the team committed:"
git --no-pager log --oneline --all --graph
print_where "$project" "$bin"
if [ "$status" -ne 0 ]; then
  complain "torch auto ended with exit code $status"
  exit "$status"
fi
say "the sample run is finished"
