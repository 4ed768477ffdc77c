# What every script begins with. It is sourced, not run: . "$(dirname "$0")/setup/begin.sh"
# Bash 3.2 must be able to read it: macOS has no newer one.
# shellcheck shell=bash
set -euo pipefail
unset CDPATH
export LC_ALL=C # English words and decimal points
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for folder in "$repo/.venv-mpi" "$repo/.venv-cuda"; do # what setup.sh has installed for one user
  # shellcheck source=/dev/null
  [ ! -f "$folder/env.sh" ] || . "$folder/env.sh"
done

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; } # the comment at the head of the script, to the first empty line
die() { echo "error: $1" >&2; exit "${2:-2}"; }  # die MESSAGE [STATUS]
step() { printf '\n== %s\n' "$*"; }              # says what happens next
have() { command -v "$1" >/dev/null 2>&1; }      # have COMMAND: whether it is installed
