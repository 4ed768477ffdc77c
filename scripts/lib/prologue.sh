# What every script begins with: a shell and an environment that behave the same at every site, and
# the few words that all scripts share. It is sourced, not run:
#
#   # shellcheck source=scripts/lib/prologue.sh
#   . "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
#
# shellcheck shell=bash

# --- a shell that behaves the same everywhere -------------------------------------------------

# Every shell must be able to read these first lines: dash, and bash of any age.
if [ -z "${BASH_VERSION:-}" ]; then
  echo "error: ${0##*/} is a bash script; type: bash '$0'" >&2
  exit 2
fi
case $BASH_VERSION in
  [123].* | 4.[0-3].*)
    echo "error: ${0##*/} needs bash 4.4 or newer, and $BASH is $BASH_VERSION; load a newer one ('module avail bash')" >&2
    exit 2
    ;;
esac
# Once more without what a site's profile has exported: functions (cd, which), SHELLOPTS (noclobber),
# BASHOPTS (nullglob), and what BASH_ENV has set. -p is bash's own word for ignoring all of them.
case $- in
  *p*) ;;
  *) exec "$BASH" -p "$0" "$@" ;;
esac
set -euo pipefail +o posix
export -n SHELLOPTS BASHOPTS # these options are ours, not those of the compilers' wrapper scripts

# --- an environment in which the tools do the same everywhere ---------------------------------

# From the manuals of bash, coreutils, grep, gzip, tar, awk, ps, git, python and pip. Not here:
# OMP_NUM_THREADS and its relatives belong to the programs, and CARGO_*, *_proxy and LD_PRELOAD to the user.
unset CDPATH GLOBIGNORE EXECIGNORE TMOUT BASH_COMPAT POSIXLY_CORRECT _POSIX2_VERSION \
  BLOCK_SIZE BLOCKSIZE DF_BLOCK_SIZE DU_BLOCK_SIZE LS_BLOCK_SIZE QUOTING_STYLE TIME_STYLE \
  GREP_OPTIONS GREP_COLOR GREP_COLORS GZIP XZ_OPT XZ_DEFAULTS TAR_OPTIONS AWKPATH \
  PS_FORMAT PS_PERSONALITY UNIX95 GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE \
  PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV \
  SINFO_FORMAT SQUEUE_FORMAT LANGUAGE
# English words and decimal points, but also umlauts in file names.
export LC_ALL=C
if [ -z "$( (LC_ALL=C.UTF-8) 2>&1)" ]; then LC_ALL=C.UTF-8; fi
# Neither a job nor a container always has one.
export USER=${USER:-$(id -un 2>/dev/null || id -u)}

# --- shared words -----------------------------------------------------------------------------

# The repository, wherever the script was called from.
repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

# usage: prints the comment at the head of the running script.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#SBATCH/d;/^#/s/^# \{0,1\}//p}' "$0"; }

# die MESSAGE [STATUS]: ends the script with one line that says what was wrong and what to do.
die() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-2}"
}

# step WORDS: says what happens next, so that nobody looks at a silent screen.
step() { printf '\n== %s\n' "$*"; }

# quoted WORD...: the words as they must be typed: with quotes, where a word needs them.
quoted() {
  local words
  printf -v words ' %q' "$@"
  printf '%s' "${words# }"
}

# show COMMAND...: prints a command as it would be typed and runs it.
show() {
  printf '$ %s\n' "$(quoted "$@")"
  "$@"
}

# have COMMAND: whether it is installed.
have() { command -v "$1" >/dev/null 2>&1; }

# some NUMBER THING: "1 core", "2 cores".
some() { printf '%s %s' "$1" "$2$([ "$1" = 1 ] || echo s)"; }

if [ -n "${TMPDIR:-}" ] && { [ ! -d "$TMPDIR" ] || [ ! -w "$TMPDIR" ]; }; then
  die "TMPDIR is $TMPDIR, which is not a folder that you can write to; type: unset TMPDIR"
fi

# shellcheck source=scripts/lib/machine.sh
source "$repo/scripts/lib/machine.sh"

# What scripts/setup.sh has installed for one user: MPI and libclang, CUDA's compiler and headers.
for folder in "$repo/.venv-mpi" "$repo/.venv-cuda"; do
  # shellcheck source=/dev/null
  [ ! -f "$folder/env.sh" ] || source "$folder/env.sh"
done
