#!/usr/bin/env bash
# compare-python.sh LEVEL [--json FILE]    Measure a level's Rust and Python programs side by side.
#
#   scripts/compare-python.sh level1    joblib against rayon
#   scripts/compare-python.sh level2    mpi4py, numpy and C against mpi
#   scripts/compare-python.sh level3    PyTorch against burn
#
# Python's packages go into a virtual environment of their own, .venv-compare-LEVEL, from
# scripts/compare/LEVEL.txt. A benchmark, not a test: run it on a machine that does nothing else.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"

level=${1:-}
case $level in
  level1) crate=level1-cores ;;
  level2) crate=level2-mpi ;;
  level3) crate=level3-gpu ;;
  -h | --help) usage; exit ;;
  *) die "compare-python.sh takes level1, level2 or level3, not '$level'; try --help" ;;
esac
shift
have python3 || die "there is no python3 to compare with; install python3 and python3-venv"

venv=$repo/.venv-compare-$level
if [ ! -x "$venv/bin/python" ]; then
  step "Making $venv"
  python3 -m venv "$venv" || die "python3 -m venv failed; on Debian: apt-get install python3-venv"
fi
step "Installing $(grep -v '^#' "scripts/compare/$level.txt" | paste -sd ' ') into $venv"
timeout 900 "$venv/bin/pip" install --quiet --disable-pip-version-check -r "scripts/compare/$level.txt"

step "Building $crate"
cargo build --release -p "$crate" --examples
step "Measuring"
exec "$venv/bin/python" "scripts/compare/$level.py" --binaries "$target/release/examples" "$@"
