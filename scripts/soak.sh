#!/usr/bin/env bash
# Runs a team of fifteen demo agents at full speed and says whether memory, descriptors and processes stay flat.
#
#   scripts/soak.sh             ten minutes
#   scripts/soak.sh MINUTES     as long as you like
#   scripts/soak.sh --quick     30 seconds: whether it works; growth is not judged
#
# It ends with 1 where something grew or a message was not what torch says it is. docs/benchmarks.md says how to read it.
set -euo pipefail

case "${1:-}" in
  -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --quick) set -- --quick ;;
  *) set -- --minutes "${1:-10}" ;;
esac
exec "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh" --only soak "$@"
