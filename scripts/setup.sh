#!/usr/bin/env bash
# setup.sh [--check]    Install what the three levels need, or only look.
#
#   scripts/setup.sh            look, install what is missing, look again
#   scripts/setup.sh --check    look, change nothing: one line each, ok or what to type
#
# Installing needs Debian or Ubuntu, and root or sudo without a password. Elsewhere the exact
# command to type is printed. Exit status: 0 if every level can be built, 1 if something is missing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

missing=()  # what keeps a level from being built
packages=() # the Debian packages that would cure it

# row STATE NAME TEXT: one line of the table. STATE is ok, note or MISSING.
row() {
  printf '%-8s %-16s %s\n' "$1" "$2" "$3"
  if [ "$1" = MISSING ]; then missing+=("$2"); fi
}

# at_least WANTED FOUND: whether version FOUND is not older than WANTED.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repo/Cargo.toml")
  if ! have cargo || ! found=$(cd "$repo" && timeout 20 rustc --version 2>/dev/null | cut -d' ' -f2); then
    row MISSING rust "type: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
  elif ! at_least "$wanted" "$found"; then
    row MISSING rust "$found is older than $wanted; type: rustup update stable"
  else
    row ok rust "$found (at least $wanted): $(command -v cargo)"
  fi
}

check_compiler() {
  if have cc; then
    row ok "C compiler" "$(cc --version | head -n 1)"
  else
    row MISSING "C compiler" "cargo links with cc: $(advice gcc)"
    packages+=(gcc libc6-dev)
  fi
}

# advice DEBIAN_PACKAGE: what to type on this system.
advice() {
  case $(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") in
    *debian* | *ubuntu*) echo "apt-get install $1" ;;
    *rhel* | *fedora* | *centos*) echo "dnf install $(rpm_name "$1"), or your site's module" ;;
    *suse*) echo "zypper install $(rpm_name "$1"), or your site's module" ;;
    *) echo "install $1, or load your site's module" ;;
  esac
}

# rpm_name DEBIAN_PACKAGE: the name of the same package in the Red Hat and SUSE worlds.
rpm_name() {
  case $1 in
    libopenmpi-dev) echo openmpi-devel ;;
    libclang-dev) echo clang-devel ;;
    *) echo "$1" ;;
  esac
}

look() {
  missing=() packages=()
  echo "--- level 1: cores"
  check_rust
  check_compiler
}

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! have sudo || ! sudo -n true 2>/dev/null; then
      echo "Ask someone with root to type: apt-get install ${packages[*]}"
      return
    fi
    as_root=(sudo -n)
  fi
  if ! have apt-get; then
    echo "This is no Debian or Ubuntu: see the lines above for what to type."
    return
  fi
  step "Installing ${packages[*]}"
  # A failure here is no reason to stop: the second look says what is still missing.
  "${as_root[@]}" timeout 300 apt-get update -qq || echo "apt-get update failed; trying with the old lists"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 900 \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "apt-get could not install all of: ${packages[*]}"
}

finish() {
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  printf '\nStill missing: %s\n' "${missing[*]}"
  exit 1
}

case ${1:-} in
  '')
    look
    if [ ${#packages[@]} -gt 0 ]; then
      install_packages
      step "What is here now"
      look
    fi
    finish
    ;;
  --check)
    look
    finish
    ;;
  -h | --help) usage ;;
  *) die "setup.sh knows --check and nothing else, not '$1'; try --help" ;;
esac
