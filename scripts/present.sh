#!/usr/bin/env bash
# present.sh [--budget TIME] [--replay] [--level N]    The instructor's path, step by step.
#
#   scripts/present.sh                 show a command, wait for a key, run it, and so on
#   scripts/present.sh --budget 5m     the same in five minutes: problem sizes from a calibration
#   scripts/present.sh --replay        the recorded runs instead, labelled as recordings
#   scripts/present.sh --level 2       only this level
#
# scripts/demo.sh --present does the same. Keys: Return runs the step, s skips it, r shows its
# recording, q ends. Without a terminal every step runs by itself. A step that this machine cannot
# run (no GPU, no queue), that fails, or that takes too long shows its recording and says so.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"
runs=slides/runs
bin=${target#"$repo/"}/release/examples

budget='' replay='' levels=()
while [ $# -gt 0 ]; do
  case $1 in
    --budget)
      [[ ${2:-} =~ ^([0-9]+)(s|m|h)?$ ]] || die "--budget takes a time such as 300s or 5m, not '${2:-}'"
      case ${BASH_REMATCH[2]} in m) unit=60 ;; h) unit=3600 ;; *) unit=1 ;; esac
      budget=$((10#${BASH_REMATCH[1]} * unit))
      [ "$budget" -ge 60 ] || die "--budget $2 is too short for three levels; take 1m or more"
      shift
      ;;
    --present) ;; # what demo.sh calls this
    --replay) replay=yes ;;
    --level)
      [[ ${2:-} =~ ^[123]$ ]] || die "--level takes 1, 2 or 3, not '${2:-}'"
      levels+=("$2")
      shift
      ;;
    -h | --help) usage; exit ;;
    *) die "present.sh does not know '$1'; try --help" ;;
  esac
  shift
done
[ ${#levels[@]} -gt 0 ] || levels=(1 2 3)
export SLURM_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-$(cores)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- showing ----------------------------------------------------------------------------------

# recording NAME: shows slides/runs/NAME.txt, so that nobody takes it for a live run.
recording() {
  local file=$runs/$1.txt records=$runs/${1%%-*}.jsonl origin=''
  if [ ! -e "$file" ]; then
    echo "[no recording: this run has not been recorded yet ($file)]"
    return
  fi
  if [ -e "$records" ]; then
    origin=$(tail -n 1 "$records" | sed -n 's/.*"host":"\([^"]*\)".*"started":"\([0-9-]*\)T.*/on \1, \2/p')
  fi
  echo "[RECORDING, not a live run: made ${origin:-earlier}]"
  sed 's/^/| /' "$file"
  echo "[end of the recording]"
}

# key: waits for one; without a terminal it is Return.
key() {
  local answer=''
  if [ -t 0 ]; then
    read -rsn 1 -p '  [Return runs it, s skips, r shows the recording, q ends] ' answer
    echo
  fi
  case $answer in
    s) return 1 ;;
    r) return 2 ;;
    q) echo 'The end.'; exit 0 ;;
  esac
}

# play SECONDS NAME COMMAND...: one step. SECONDS is its share of the budget.
play() {
  local seconds=$1 name=$2 choice=0 status=0 began=$SECONDS
  shift 2
  # A recording shows the command that it was made with.
  if [ -n "$replay" ]; then echo; else printf '\n$ %s\n' "$*"; fi
  key || choice=$?
  [ "$choice" -ne 1 ] || return 0
  if [ -n "$replay" ] || [ "$choice" -eq 2 ]; then
    recording "$name"
    return
  fi
  timeout --kill-after=5 "$seconds" "$@" </dev/null || status=$?
  [ -z "$budget" ] || echo "  ($((SECONDS - began)) s of $seconds s)"
  case $status in
    0) ;;
    124 | 137) echo "  stopped after $seconds s; instead:"; recording "$name" ;;
    *) echo "  ended with status $status; instead:"; recording "$name" ;;
  esac
}

# number NAME FILE: a number from the last record in FILE.
number() { tail -n 1 "$2" | grep -o "\"$1\":[^,}]*" | tail -n 1 | cut -d: -f2; }

# calc EXPRESSION: arithmetic with fractions.
calc() { LC_ALL=C awk "BEGIN { printf \"%.6g\", ($1) }"; }

# whole LEAST MOST EXPRESSION: the same as a whole number inside its limits.
whole() { LC_ALL=C awk "BEGIN { v = int($3); print (v < $1 ? $1 : v > $2 ? $2 : v) }"; }

# share PERCENT: these hundredths of the budget, in seconds; without a budget, ten minutes.
share() { if [ -n "$budget" ]; then echo $((budget * $1 / 100)); else echo 600; fi; }

# --- the steps --------------------------------------------------------------------------------

level1() {
  local weight=0.5 limit
  limit=$(share 10)
  # Ten tasks one after another and then in three waves: 13 weights, and the timeline's 3.
  [ -z "$budget" ] || weight=$(calc "$limit > 10 ? 0.5 : $limit / 20")

  step "Level 1: tasks that weigh nothing. Who wins?"
  play "$limit" level1-race-0 "$bin/level1_cores" --weight 0 --tasks 10
  step "Level 1: tasks that wait. Ten tasks, four workers: how many waves?"
  play "$limit" level1-race-half "$bin/level1_cores" --weight "$weight" --tasks 10 --workers 4 --timeline
  step "Level 1: tasks that compute. Now each worker needs a core."
  play "$limit" level1-race-computing "$bin/level1_cores" --weight 0 --tasks 100 --factorial 5000
  step "Level 1: from which task size on does parallel win?"
  play "$(share 12)" level1-crossover "$bin/level1_crossover" --tasks 10
  step "Level 1 as a job: Slurm says how many workers there are."
  if have sbatch && timeout 10 sinfo >/dev/null 2>&1; then
    play "$(share 12)" slurm-level1 scripts/slurm/submit.sh level1 --wait
  else
    echo "There is no queue on this machine."
    recording slurm-level1
  fi
}

level2() {
  local ranks limit pass_s step_s passes=() steps=()
  limit=$(share 4)
  if [ -n "$budget" ] && [ -z "$replay" ]; then
    scripts/mpirun.sh -n 1 "$bin/level2_pi" --passes 5 --baseline "$work/try" --json "$work/pi.jsonl" >/dev/null
    pass_s=$(number median_s "$work/pi.jsonl")
    passes=(--passes "$(whole 5 100 "0.5 * $limit / $pass_s")")
    scripts/mpirun.sh -n 1 "$bin/level2_heat" --steps 20 --baseline "$work/try" --json "$work/heat.jsonl" >/dev/null
    step_s=$(calc "$(number total_s "$work/heat.jsonl") / 20")
    steps=(--steps "$(whole 20 1000 "0.3 * $limit / $step_s")")
  fi

  step "Level 2: one program, four copies. Run it twice: the order changes."
  play "$limit" level2-hello scripts/mpirun.sh -n 4 "$bin/level2_hello"
  step "Level 2: pi. Always start with one rank: it saves the baseline."
  for ranks in 1 2 4; do
    play "$limit" "level2-pi-$ranks" scripts/mpirun.sh -n "$ranks" "$bin/level2_pi" "${passes[@]}"
  done
  step "Level 2: heat. Now the ranks talk in every step."
  for ranks in 1 2; do
    play "$limit" "level2-heat-overlap-$ranks" scripts/mpirun.sh -n "$ranks" "$bin/level2_heat" \
      --exchange overlap "${steps[@]}"
  done
}

level3() {
  local images=() limit rate
  limit=$(share 9)
  if [ -n "$budget" ] && [ -z "$replay" ]; then
    "$bin/level3_mnist" --device cpu --batch-size 512 --images 2048 --synthetic --json "$work/mnist.jsonl" >/dev/null
    rate=$(number images_per_s "$work/mnist.jsonl")
    images=(--images "$(whole 2048 60000 "0.5 * $limit * $rate")")
  fi

  step "Level 3: train on the CPU"
  play "$limit" level3-cpu "$bin/level3_mnist" --device cpu --batch-size 512 "${images[@]}"
  step "Level 3: the same on the GPU. First look who uses it."
  if have nvidia-smi && timeout 20 nvidia-smi; then
    play "$limit" level3-cuda "$bin/level3_mnist" --device cuda --batch-size 512 "${images[@]}"
  else
    echo "There is no GPU on this machine."
    recording level3-cuda
  fi
}

# What is built before the audience looks does not count.
for level in "${levels[@]}"; do
  [ -z "$replay" ] || break
  case $level in
    1) cargo build --release -p level1-cores --examples ;;
    2) cargo build --release -p level2-mpi --examples ;;
    3)
      features=()
      if have nvidia-smi; then features=(--features cuda); fi
      cargo build --release -p level3-gpu "${features[@]}" --examples
      ;;
  esac
done
began=$SECONDS
for level in "${levels[@]}"; do
  "level$level"
done
echo
echo "Done in $((SECONDS - began)) s${budget:+ of $budget s}."
