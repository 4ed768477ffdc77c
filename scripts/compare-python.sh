#!/usr/bin/env bash
# compare-python.sh LEVEL [--json FILE]    Measure a level's Rust and Python programs side by side.
#
#   scripts/compare-python.sh level1    joblib against rayon
#   scripts/compare-python.sh level2    mpi4py, numpy and C against mpi
#   scripts/compare-python.sh level3    PyTorch against burn
#
# Python's packages go into a virtual environment of their own, .venv-compare-LEVEL, from
# scripts/compare/LEVEL.txt. A benchmark, not a test: run it on a machine that does nothing else.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
# shellcheck source=scripts/lib/venv.sh
source "$repo/scripts/lib/venv.sh"

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
needs_cargo
find_target
cd "$repo"

venv=$repo/.venv-compare-$level
step "Installing $(grep -v '^#' "scripts/compare/$level.txt" | paste -sd ' ') into $venv"
make_venv "$venv" -r "scripts/compare/$level.txt" ||
  die "this did not work: it needs a network, and python3 with venv (on Debian: apt-get install python3-venv)" 1

step "Building $crate"
cargo build --release -p "$crate" --examples
step "Measuring"
exec "$venv/bin/python" "scripts/compare/$level.py" --binaries "$target/release/examples" "$@"
