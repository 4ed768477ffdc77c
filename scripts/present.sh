#!/usr/bin/env bash
# present.sh [--budget TIME] [--replay] [--level N]    The instructor's path, step by step.
#
#   scripts/present.sh                 show a command, wait for a key, run it, and so on
#   scripts/present.sh --budget 5m     the same in five minutes: problem sizes from a calibration
#   scripts/present.sh --replay        the recorded runs instead, labelled as recordings
#   scripts/present.sh --level 2       only this level
#
# scripts/demo.sh --present does the same. Keys: Return runs the step, s skips it, r shows its
# recording, q ends; Ctrl-C stops a step that takes too long. A step that this machine cannot run (no
# GPU, no queue) or that fails says so. Without a terminal every step runs by itself.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
# shellcheck source=scripts/lib/steps.sh
source "$repo/scripts/lib/steps.sh"
cd "$repo"
runs=slides/runs

budget='' replay='' levels=()
while [ $# -gt 0 ]; do
  case $1 in
    --budget)
      [[ ${2:-} =~ ^0*([0-9]{1,6})(s|m|h)?$ ]] || die "--budget takes a time such as 300s or 5m, not '${2:-}'"
      case ${BASH_REMATCH[2]} in m) unit=60 ;; h) unit=3600 ;; *) unit=1 ;; esac
      budget=$((BASH_REMATCH[1] * unit))
      [ "$budget" -ge 60 ] || die "--budget $2 is too short for three levels; take 1m or more"
      shift
      ;;
    --present) ;; # what demo.sh calls this
    --replay) replay=yes ;;
    --level) levels_asked "${2:-}"; shift ;;
    -h | --help) usage; exit ;;
    *) die "present.sh does not know '$1'; try --help" ;;
  esac
  shift
done
[ ${#levels[@]} -gt 0 ] || levels=(1 2 3)
find_target
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
    origin="on $(tail -n 1 "$records" | json host), $(tail -n 1 "$records" | json started | cut -dT -f1)"
  fi
  echo "[RECORDING, not a live run: made ${origin:-earlier}]"
  sed 's/^/| /' "$file"
  echo "[end of the recording]"
}

# key WORDS: waits for a key and sets `answer`; without a terminal it is Return. q ends the script.
key() {
  local rest
  answer=''
  [ -t 0 ] || return 0
  read -rsn 1 -p "  [$1, q ends] " answer || exit 130
  # An arrow or a function key is several characters, from Escape to a letter or ~: none of our keys.
  while [ "$answer" = $'\e' ]; do
    rest=''
    read -rsn 1 -t 0.1 rest || :
    while [[ $rest = [O\[0-9\;] ]]; do read -rsn 1 -t 0.1 rest || break; done
    read -rsn 1 answer || exit 130
  done
  printf '\r\e[K'
  if [ "$answer" = q ]; then echo 'The end.'; exit 0; fi
}
trap : INT # it stops the step that runs; at a question it ends the script

# share SECONDS: what that is of the budget; without a budget, ten minutes.
share() { if [ -n "$budget" ]; then echo $((budget * $1 / 300)); else echo 600; fi; }

# cannot_run NAME: why this machine cannot run a step; nothing if it can.
cannot_run() {
  case $1 in
    slurm-*) { have sbatch && timeout 10 sinfo >/dev/null 2>&1; } || echo "There is no queue on this machine." ;;
    level3-cuda) gpu_answers >/dev/null || echo "There is no GPU on this machine." ;;
  esac
}

# run_step SECONDS: runs `command`, which may ask a terminal for a guess.
run_step() {
  local status=0 began=$SECONDS input=/dev/null
  [ ! -t 0 ] || input=/dev/stdin
  CARGO_TERM_QUIET=true timeout --foreground --kill-after=5 "$1" "${command[@]}" <$input || status=$?
  [ -z "$budget" ] || echo "  ($((SECONDS - began)) s of $1 s)"
  case $status in
    0) ;;
    124 | 137) echo "  stopped after $1 s" ;;
    *) echo "  ended with status $status" ;;
  esac
}

# play NAME SECONDS WORDS COMMAND...: one step of lib/steps.sh, on a screen of its own.
play() {
  local name=$1 answer command why
  as_typed "${@:4}"
  if [ -t 1 ]; then clear; fi
  step "Level $level: $3"
  if [ -n "$replay" ]; then
    recording "$name" # it shows the command that it was made with
  else
    printf '$ %s\n' "$(quoted "${command[@]}")"
    why=$(cannot_run "$name")
    if [ -n "$why" ]; then
      echo "$why"
    else
      key "Return runs it, s skips it, r shows its recording"
      case $answer in
        s) return ;;
        r) recording "$name" ;;
        *) run_step "$(share "$2")" ;;
      esac
    fi
  fi
  while key "Return goes on, r shows the recording"; [ "$answer" = r ]; do recording "$name"; done
}

# --- problems that fit into the budget ----------------------------------------------------------

# whole LEAST MOST EXPRESSION: a whole number inside its limits.
whole() { awk "BEGIN { v = int($3); print (v < $1 ? $1 : v > $2 ? $2 : v) }"; }

# try NAME COMMAND...: runs a small problem and prints the value NAME of its record.
try() {
  local name=$1 command
  shift
  as_typed "$@" --json "$work/try.jsonl"
  "${command[@]}" >/dev/null
  tail -n 1 "$work/try.jsonl" | json "$name"
}

# fit LEVEL: chooses the sizes of lib/steps.sh, from a small problem of each kind.
fit() {
  local limit
  case $1 in
    1)
      limit=$(share 30)
      # Ten tasks one after another and then in three waves: 13 weights, and the timeline's 3.
      weight=$(awk "BEGIN { print ($limit > 10 ? 0.5 : $limit / 20) }")
      ;;
    2)
      limit=$(share 12)
      pi=(--passes "$(whole 5 100 "0.5 * $limit / $(try median_s -n 1 level2_pi --passes 5 --baseline "$work/try")")")
      heat=(--steps "$(whole 20 2000 "0.3 * $limit * 20 / $(try total_s -n 1 level2_heat --steps 20 --baseline "$work/try")")")
      ;;
    3)
      limit=$(share 27)
      mnist+=(--images "$(whole 2048 60000 "0.5 * $limit * $(
        try images_per_s level3_mnist --device cpu "${mnist[@]}" --images 2048 --synthetic)")")
      ;;
  esac
}

# What is built before the audience looks does not count.
if [ -z "$replay" ]; then
  needs_cargo
  for level in "${levels[@]}"; do
    build "$level" || echo "Level $level could not be built here: its recordings will be shown."
  done
fi
began=$SECONDS
for level in "${levels[@]}"; do
  [ -z "$budget" ] || [ -n "$replay" ] || fit "$level"
  steps_of "$level"
done
echo
echo "Done in $((SECONDS - began)) s${budget:+ of $budget s}."
