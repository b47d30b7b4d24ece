# shellcheck shell=bash
# Sourced by the other scripts: finds out which programs are missing and installs their packages.
#
#   ensure_tools tmux git cc    installs what of these is missing (apt-get or Homebrew), or says the command
#   ensure_cargo                finds cargo, or says how to get it
#
# A failure prints what to do and returns 1; nothing is installed that is already there.

say() { printf '==> %s\n' "$*"; }
complain() { printf 'error: %s\n' "$*" >&2; }

# The packages that bring a program, for the package manager $2 (apt or brew).
packages_of() {
  case "$1:$2" in
    cc:apt) echo gcc libc6-dev ;;
    cc:brew) echo gcc ;;
    python3:brew) echo python ;;
    *) echo "$1" ;;
  esac
}

# Installs Debian packages, as root or through sudo. Without either, says the command and returns 1.
install_with_apt() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      complain "installing needs root, and there is no sudo; run this as root, then start again:"
      printf '  apt-get update && apt-get install -y %s\n' "$*" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  # apt is there, so bash is 4.4 or newer and takes the empty array.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q || return 1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

ensure_tools() {
  local tool manager missing=() packages=()
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0

  if command -v apt-get >/dev/null 2>&1; then
    manager=apt
  elif command -v brew >/dev/null 2>&1; then
    manager=brew
  else
    complain "missing: ${missing[*]}; found neither apt-get nor brew to install them with"
    printf '  install them with the package manager of this system, then start again\n' >&2
    return 1
  fi
  for tool in "${missing[@]}"; do
    # shellcheck disable=SC2046 # one word per package
    packages+=($(packages_of "$tool" "$manager"))
  done
  say "installing ${packages[*]} ($manager)"
  case "$manager" in
    apt) install_with_apt "${packages[@]}" || return 1 ;;
    brew) brew install "${packages[@]}" || return 1 ;;
  esac
  for tool in "${missing[@]}"; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      complain "$tool is still missing after installing ${packages[*]}"
      return 1
    fi
  done
}

ensure_cargo() {
  local cargo_bin=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
  if ! command -v cargo >/dev/null 2>&1 && [ -x "$cargo_bin/cargo" ]; then
    PATH=$cargo_bin:$PATH
    export PATH
  fi
  command -v cargo >/dev/null 2>&1 && return 0
  complain "cargo is missing; torch is built with the Rust toolchain named in rust-toolchain.toml"
  printf '  install rustup as https://rustup.rs says, open a new shell, and start again\n' >&2
  return 1
}

# Where cargo puts what it builds, for the workspace in the current directory.
target_directory() {
  cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
