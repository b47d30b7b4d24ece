#!/usr/bin/env bash
# Installs the agents' real programs for tests, with npm and pip as they are configured. Nothing outside
# target/programs is written; what is there already is left alone. They are large (all of them: 2.4 GB).
#
#   scripts/real-programs.sh                       all of scripts/real-programs.txt
#   scripts/real-programs.sh claude codex          these, in the first version that the list names
#   scripts/real-programs.sh claude@2.1.197        another version, in a folder of its own beside it
#
# TORCH_TEST_PROGRAMS=DIR puts them into DIR. It ends with 1 where one can't be installed, and goes on with the others.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/install-deps.sh
. scripts/install-deps.sh

case "${1:-}" in
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

list=scripts/real-programs.txt

# The line of the list for a program: with the version $2, or else its first one.
line_of() {
  awk -v program="$1" -v version="${2:-}" \
    '$1 == program && (version == "" || $2 == version) { print; exit }' "$list"
}

npm_install() { # folder package version
  # The version is always named: npm prefers an older one where the newest wants a newer Node.
  npm install --prefix "$1" --no-audit --no-fund --no-update-notifier --loglevel=error "$2@$3"
}

pip_install() { # folder package version
  python3 -m venv "$1" && "$1/bin/python3" -m pip install -q --disable-pip-version-check "$2==$3"
}

# Installs one; the folder counts only once it is marked, so that an interrupted installation is made again.
install_one() { # program version installer package
  local folder=$programs/$1/$2 tool=npm log
  [ "$3" = pip ] && tool=python3
  if [ -e "$folder/.installed" ]; then
    printf 'there      %s %s\n' "$1" "$2"
    return
  fi
  if ! command -v "$tool" >/dev/null 2>&1; then
    complain "$1 $2 is not installed: $tool is missing"
    return 1
  fi
  rm -rf -- "$folder"
  mkdir -p -- "$folder"
  log=$programs/$1/$2.log
  if ! "${3}_install" "$folder" "$4" "$2" >"$log" 2>&1; then
    complain "$1 $2 is not installed: $3 failed; the end of $log:"
    tail -n 5 -- "$log" >&2
    rm -rf -- "$folder"
    return 1
  fi
  touch -- "$folder/.installed"
  printf 'installed  %s %s (%s MB)\n' "$1" "$2" "$(du -sm -- "$folder" | cut -f1)"
}

programs=${TORCH_TEST_PROGRAMS:-}
if [ -z "$programs" ]; then
  ensure_cargo
  programs=$(target_directory)/programs
fi
mkdir -p -- "$programs"

wanted=("$@")
if [ "${#wanted[@]}" -eq 0 ]; then
  # shellcheck disable=SC2207 # names and versions have no blanks
  wanted=($(awk '!/^#/ && NF { print $1 "@" $2 }' "$list"))
fi
status=0
for word in "${wanted[@]}"; do
  program=${word%%@*}
  version=
  [ "$program" = "$word" ] || version=${word#*@}
  line=$(line_of "$program" "$version")
  # A version that the list does not name comes from the same package.
  [ -n "$line" ] || line=$(line_of "$program")
  if [ -z "$line" ]; then
    complain "no program is called $program; there are: $(awk '!/^#/ { print $1 }' "$list" | uniq | paste -sd ' ')"
    status=1
    continue
  fi
  read -r _ pinned installer package <<<"$line"
  install_one "$program" "${version:-$pinned}" "$installer" "$package" || status=1
done
exit "$status"
