#!/usr/bin/env bash
# demo.sh [--level N] [--quick]    Set up, build and run every level on this machine's cores.
#
#   scripts/demo.sh              all levels, with a summary at the end
#   scripts/demo.sh --level 1    only level 1 (or 2, or 3)
#   scripts/demo.sh --quick      smaller problems: a first impression of every level
#   scripts/demo.sh --present    step by step with an audience; --budget 5m keeps to a time,
#                                --replay shows the recorded runs: see scripts/present.sh --help
#
# Level 1 runs while later levels still have to be built. A step that fails does not end the others: the
# summary names it, and the exit status is 1.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
# shellcheck source=scripts/lib/steps.sh
source "$repo/scripts/lib/steps.sh"
cd "$repo"

for word in "$@"; do
  case $word in
    --present | --budget | --replay) exec scripts/present.sh "$@" ;;
  esac
done

levels=() quick=
while [ $# -gt 0 ]; do
  case $1 in
    --level) levels_asked "${2:-}"; shift ;;
    --quick) quick=yes ;;
    -h | --help) usage; exit ;;
    *) die "demo.sh does not know '$1'; try --help" ;;
  esac
  shift
done
[ ${#levels[@]} -gt 0 ] || levels=(1 2 3)
needs_cargo
find_target

# Slurm sets this variable in a job; here we stand in for it, with the cores that there are.
export SLURM_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-$(cores)}
workers=()
if [ -n "$quick" ]; then
  weight=0.1 pi=(--passes 20) heat=(--steps 500) mnist=(--batch-size 64 --images 6000)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
records=$work/records.jsonl
summary=() failed=()

# play NAME SECONDS WORDS COMMAND...: one step of lib/steps.sh, and its line in the summary.
play() {
  local name=$1 words=$3 command problem=${1#level2-}
  as_typed "${@:4}"
  case $name in
    slurm-*) return ;; # this is about this machine's cores
    level1-crossover) [ -z "$quick" ] || return 0 ;;
    level3-cuda) gpu_answers || return 0 ;;
    # A baseline of this demonstration's own: the reader's may be of another problem.
    level2-pi-* | level2-heat-*) command+=(--baseline "$work/${problem%%-*}.txt") ;;
  esac
  [[ $name = level2-hello* ]] || command+=(--json "$records")
  step "Level ${name:5:1}: $words"
  # Nobody is asked, and cargo has nothing to say about what is built.
  CARGO_TERM_QUIET=true show "${command[@]}" </dev/null || { fails "$name" "ended with status $?"; return; }
  line_of "$name"
}

# fails NAME WORDS: remembers what did not work, and says so where it happened.
fails() {
  echo "  $1 $2; going on with the next step."
  failed+=("$1")
  summary+=("$1: $2")
}

# field NAME: a value from the record of the last run.
field() { tail -n 1 "$records" | json "$1"; }

# line_of NAME: adds the step's line to the summary.
line_of() {
  local race
  case $1 in
    level1-race-*)
      race="$(field verdict) ($(printf %.2f "$(field speedup)") x on $(some "$(field workers)" worker))"
      case $1 in
        *-half) summary+=("level 1, cores   weight $weight: $race") ;;
        *-0) summary+=("                 weight 0:   $race") ;;
        *) summary+=("                 computing:  $race") ;;
      esac
      ;;
    level2-hello) summary+=("level 2, MPI     program               ranks        time  speedup  efficiency") ;;
    level2-hello-again) ;;
    level2-*) summary+=("$(scaling "${1#level2-}")") ;;
    level3-*)
      summary+=("level 3, ${1#*-}  $(field data), batch $(field batch_size): training $(printf %.2f "$(field train_s)") s, $(
        awk -v accuracy="$(field accuracy)" 'BEGIN { printf "%.2f %% of the test images read right", 100 * accuracy }')")
      ;;
  esac
}

# scaling PROGRAM-RANKS: a row of the scaling table, from the last record.
scaling() {
  local program=${1%-*} ranks=${1##*-} time speedup efficiency
  time=$(field total_s) speedup=$(field speedup) efficiency=$(field efficiency)
  [ -n "$time" ] || time=$(field median_s)
  case $ranks:$speedup in
    1:*) speedup=1 efficiency=1 ;;
    *: | *:null) # the ranks shared CPUs, or the machine was busy
      awk -v program="$program" -v ranks="$ranks" -v time="$time" 'BEGIN {
        printf "%16s %-20s %6d %8.2f ms   no speedup, see above", "", program, ranks, 1000 * time
      }'
      return
      ;;
  esac
  awk -v program="$program" -v ranks="$ranks" -v time="$time" -v speedup="$speedup" \
    -v efficiency="$efficiency" 'BEGIN {
      printf "%16s %-20s %6d %8.2f ms %7.2f x %9.0f %%", "", program, ranks, 1000 * time, speedup, 100 * efficiency
    }'
}

step "Looking at this machine"
scripts/setup.sh || echo "Going on with what there is."
for level in "${levels[@]}"; do
  step "Building level $level (the first time takes a while)"
  if build "$level"; then
    steps_of "$level"
  else
    fails "level $level" "could not be built: see above"
  fi
done

step "Summary: $(hostname), $(some "$(cores)" core), $(date +%F)"
printf '%s\n' "${summary[@]}"
[ ${#failed[@]} -eq 0 ] || exit 1
