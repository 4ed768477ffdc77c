# What every script here shares; sourced, not run.
# shellcheck shell=bash

# The repository, wherever the script was called from.
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where cargo puts what it builds.
# shellcheck disable=SC2034  # used by the scripts that source this file
target=${CARGO_TARGET_DIR:-$repo/target}

# usage: prints the comment at the head of the running script.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# die MESSAGE: ends the script with one line that says what was wrong and what to do.
die() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-2}"
}

# step WORDS: says what happens next, so that nobody looks at a silent screen.
step() { printf '\n== %s\n' "$*"; }

# show COMMAND...: prints a command as it would be typed and runs it.
show() {
  printf '$ %s\n' "$*"
  "$@"
}

# have COMMAND: whether it is installed.
have() { command -v "$1" >/dev/null 2>&1; }

# cores: how many CPUs this process may use: the job's share, not the node's.
cores() { nproc; }

# gpu_likely: whether to build level 3 with its GPU backend: there is a driver here, or site.env
# names a partition with GPUs. It costs minutes and a gigabyte, so nobody else builds it.
gpu_likely() {
  have nvidia-smi || [ -e /proc/driver/nvidia/version ] ||
    { have ldconfig && ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; } ||
    (source "$repo/scripts/slurm/site.env" && [ -n "$GPU_PARTITION" ])
}

# MPI and libclang where scripts/setup.sh has put them for a user without root.
# shellcheck source=/dev/null
[ ! -f "$repo/.venv-mpi/env.sh" ] || source "$repo/.venv-mpi/env.sh"
# CUDA's run-time compiler and headers, likewise.
# shellcheck source=/dev/null
[ ! -f "$repo/.venv-cuda/env.sh" ] || source "$repo/.venv-cuda/env.sh"
