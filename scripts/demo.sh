#!/usr/bin/env bash
# demo.sh [--level N] [--quick]    Set up, build and run every level on this machine's cores.
#
#   scripts/demo.sh              all levels, with a summary at the end
#   scripts/demo.sh --level 1    only level 1 (or 2, or 3)
#   scripts/demo.sh --quick      smaller problems: a first impression of every level
#   scripts/demo.sh --present    step by step with an audience; --budget 5m keeps to a time,
#                                --replay shows the recorded runs: see scripts/present.sh --help
#
# Level 1 runs while later levels still have to be built.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"

for word in "$@"; do
  case $word in
    --present | --budget | --replay) exec scripts/present.sh "$@" ;;
  esac
done

levels=() quick=
while [ $# -gt 0 ]; do
  case $1 in
    --level)
      [[ ${2:-} =~ ^[123]$ ]] || die "--level takes 1, 2 or 3, not '${2:-}'"
      levels+=("$2")
      shift
      ;;
    --quick) quick=yes ;;
    -h | --help) usage; exit ;;
    *) die "demo.sh does not know '$1'; try --help" ;;
  esac
  shift
done
[ ${#levels[@]} -gt 0 ] || levels=(1 2 3)

# Slurm sets this variable in a job; here we stand in for it, with the cores that there are.
export SLURM_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-$(cores)}
examples=${target#"$repo/"}/release/examples # as one would type it from here
records=$(mktemp)
trap 'rm -f "$records"' EXIT
summary=()

# build CRATE ARGUMENT...: builds a level's examples; cargo shows its progress.
build() {
  step "Building $1 (the first time takes a while)"
  show cargo build --release -p "$@"
}

# field NAME: a number from the record of the last run.
field() { tail -n 1 "$records" | grep -o "\"$1\":[^,}]*" | tail -n 1 | cut -d: -f2 | tr -d '"'; }

# rounded NAME: the same, with two decimals.
rounded() { LC_ALL=C printf '%.2f' "$(field "$1")"; }

level1() {
  build level1-cores --examples
  local race=$examples/level1_cores

  step "Level 1: tasks that weigh nothing"
  show "$race" --weight 0 --tasks 10 --json "$records"
  summary+=("level 1, cores   weight 0:   $(field verdict) ($(rounded speedup) x on $(field workers) workers)")

  local weight=0.5
  [ -z "$quick" ] || weight=0.1
  step "Level 1: tasks that wait, on four workers"
  show "$race" --weight $weight --tasks 10 --workers 4 --timeline --json "$records"
  summary+=("                 weight $weight: $(field verdict) ($(rounded speedup) x on $(field workers) workers: three waves)")

  step "Level 1: tasks that compute"
  show "$race" --weight 0 --tasks 100 --factorial 3000 --json "$records"
  summary+=("                 computing:  $(field verdict) ($(rounded speedup) x on $(field workers) workers)")

  [ -z "$quick" ] || return 0
  step "Level 1: from which task size on does parallel win?"
  show "$examples/level1_crossover" --json "$records"
}

level2() {
  build level2-mpi --examples
  local baseline ranks rows=()
  baseline=$(mktemp -d)

  step "Level 2: the same program four times, and once more: never rely on the order"
  show scripts/mpirun.sh -n 4 "$examples/level2_hello"
  show scripts/mpirun.sh -n 4 "$examples/level2_hello"

  local passes=100 size=1000
  [ -z "$quick" ] || passes=20 size=500
  for ranks in 1 2 4 16; do
    step "Level 2: pi with $ranks $([ $ranks = 1 ] && echo "rank: the baseline" || echo ranks)"
    show scripts/mpirun.sh -n $ranks "$examples/level2_pi" --passes $passes \
      --baseline "$baseline/pi.txt" --json "$records"
    rows+=("$(scaling pi $ranks median_s)")
  done
  for ranks in 1 2 4; do
    step "Level 2: heat with $ranks $([ $ranks = 1 ] && echo "rank: the baseline" || echo ranks)"
    show scripts/mpirun.sh -n $ranks "$examples/level2_heat" --size $size \
      --baseline "$baseline/heat.txt" --json "$records"
    rows+=("$(scaling heat $ranks total_s)")
  done
  rm -r "$baseline"
  summary+=("level 2, MPI     program  ranks        time  speedup  efficiency" "${rows[@]}")
}

# scaling PROGRAM RANKS TIME: a row of the scaling table, from the last record.
scaling() {
  local speedup=1.00 efficiency=1
  if [ "$2" -gt 1 ]; then
    speedup=$(field speedup) efficiency=$(field efficiency)
    if [ -z "$speedup" ]; then # the ranks shared CPUs, or the machine was busy
      LC_ALL=C printf '%16s %-7s %6d %8.2f ms   no speedup, see above' '' "$1" "$2" \
        "$(LC_ALL=C awk -v time="$(field "$3")" 'BEGIN { print 1000 * time }')"
      return
    fi
    speedup=$(rounded speedup)
  fi
  LC_ALL=C awk -v program="$1" -v ranks="$2" -v time="$(field "$3")" -v speedup="$speedup" \
    -v efficiency="$efficiency" 'BEGIN {
      printf "%16s %-7s %6d %8.2f ms %7s x %9.0f %%", "", program, ranks, 1000 * time, speedup, 100 * efficiency
    }'
}

level3() {
  local features=() devices=(cpu) device batch=512 images=()
  ! gpu_likely || features=(--features cuda)
  build level3-gpu "${features[@]}" --examples
  if have nvidia-smi && timeout 20 nvidia-smi; then devices+=(cuda); fi
  [ -z "$quick" ] || images=(--images 6000) batch=64
  for device in "${devices[@]}"; do
    step "Level 3: one epoch on the $device"
    show "$examples/level3_mnist" --device "$device" --batch-size $batch "${images[@]}" --json "$records"
    summary+=("level 3, $device  $(field data), batch $batch: training $(rounded train_s) s, $(LC_ALL=C awk \
      -v accuracy="$(field accuracy)" 'BEGIN { printf "%.2f %% of the test images read right", 100 * accuracy }')")
  done
}

step "Looking at this machine"
scripts/setup.sh || echo "Going on with what there is."
for level in "${levels[@]}"; do
  "level$level"
done

step "Summary: $(hostname), $(cores) cores, $(date +%F)"
printf '%s\n' "${summary[@]}"
