#!/usr/bin/env bash
# record.sh [STAGE...]    Record this machine's runs and draw the slides' charts from them.
#
#   slides/record.sh               every stage: level1 level2 level3 compare1 compare2 compare3 charts
#   slides/record.sh level2 charts only these
#   slides/record.sh slurm         a job, from its submission to its output: needs a Slurm
#
# Each stage writes slides/runs/STAGE.jsonl and, for the levels, what the programs printed. Run it on
# a machine that does nothing else. Where there is a GPU, level 3 is recorded on it as well.
# To redraw the charts of the slides without new runs: slides/record.sh charts
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../scripts/lib/prologue.sh"
# shellcheck source=scripts/lib/steps.sh
source "$repo/scripts/lib/steps.sh"
cd "$repo"
runs=slides/runs
# No run takes longer than this, in seconds.
limit=600

# play NAME SECONDS WORDS COMMAND...: runs a step of lib/steps.sh and keeps its record and what it printed.
play() {
  local name=$1 command typed
  case $name in
    slurm-*) return ;; # a stage of its own
    level3-cuda*) gpu_answers >/dev/null || return 0 ;;
  esac
  as_typed "${@:4}"
  {
    typed=$(quoted "${command[@]}")
    printf '$ %s\n' "${typed//"$target/"/target/}"
    # Level 3's record is that of all batch sizes, below.
    case $name in level2-hello* | level3-cpu | level3-cuda) ;; *) command+=(--json "$runs/$stage.jsonl") ;; esac
    CARGO_TERM_QUIET=true timeout "$limit" "${command[@]}" 2>&1 </dev/null
  } | tee "$runs/$name.txt"
}

# level N: every step of level N, its earlier runs forgotten.
level() {
  build "$1"
  step "Recording level $1"
  rm -f "$runs/level$1.jsonl" "$runs/level$1"-*.txt
  steps_of "$1"
}

level1() { level 1; }
level3() {
  local device
  level 3
  # For the charts: every batch size.
  for device in cpu cuda; do play "level3-$device-sweep" 0 '' level3_mnist --device "$device" --sweep; done
}
level2() {
  local exchange ranks
  level 2
  # For the charts alone: what more ranks than cores do.
  for exchange in blocking overlap; do
    for ranks in 1 2 4; do
      [ -e "$runs/level2-heat-$exchange-$ranks.txt" ] || play "level2-heat-$exchange-$ranks" 0 '' \
        -n "$ranks" level2_heat --exchange "$exchange"
    done
  done
  # Other steps than the runs above, so that a number on a slide can name the one it quotes.
  play level2-heat-forecast 0 '' -n 2 level2_heat --forecast --steps 500
}

# compare N: level N beside Python.
compare() {
  step "Recording compare$1"
  rm -f "$runs/compare$1.jsonl"
  scripts/compare-python.sh "level$1" --json "$repo/$runs/compare$1.jsonl"
}
compare1() { compare 1; }
compare2() { compare 2; }
compare3() { compare 3; }

# A job, from its submission to its output; on a cluster, or scripts/practice-cluster.sh run.
slurm() {
  local output
  have sbatch || die "there is no queue here; try: scripts/practice-cluster.sh run slides/record.sh slurm"
  step "Recording slurm"
  {
    printf '# on %s, %s; before it, %s processes wanted the %s CPUs of this machine\n' \
      "$(hostname)" "$(date +%F)" "$(cut -d' ' -f1 /proc/loadavg)" "$(cores)"
    printf '$ scripts/slurm/submit.sh level1 --wait\n'
    timeout "$limit" scripts/slurm/submit.sh level1 --wait | tee "$runs/slurm.log"
    output=$(sed -n 's/.*tail -f //p' "$runs/slurm.log")
    printf '$ head -n 18 %s\n' "$output" # the rest would not fit a screen
    head -n 18 "$output"
    rm -f "$output"
  } | sed -e "s#$target#target#g" -e "s#$repo/##g" | tee "$runs/slurm-level1.txt"
  rm -f "$runs/slurm.log"
}

charts() {
  step "Drawing"
  cargo run --release -p charts -- "$runs"/*.jsonl --out slides/pictures
}

stages=()
for word in "$@"; do
  case $word in
    -h | --help) usage; exit ;;
    level[123] | compare[123] | slurm | charts) stages+=("$word") ;;
    *) die "record.sh does not know '$word'; try --help" ;;
  esac
done
[ ${#stages[@]} -gt 0 ] || stages=(level1 level2 level3 compare1 compare2 compare3 charts)

find_target
export SLURM_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-$(cores)}
mkdir -p "$runs"
for stage in "${stages[@]}"; do
  "$stage"
done
