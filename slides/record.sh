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
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
cd "$repo"
runs=$repo/slides/runs
bin=$target/release/examples
# No run takes longer than this, in seconds.
limit=600

# record STAGE NAME COMMAND...: runs a program and keeps its record and what it printed.
record() {
  local stage=$1 name=$2
  shift 2
  {
    printf '$ %s\n' "${*//"$target"/target}"
    timeout "$limit" "$@" --json "$runs/$stage.jsonl" 2>&1
  } | tee "$runs/$stage-$name.txt"
}

# fresh STAGE: forgets its earlier runs.
fresh() {
  step "Recording $1"
  rm -f "$runs/$1.jsonl" "$runs/$1"-*.txt
}

level1() {
  cargo build --release -p level1-cores --examples
  fresh level1
  record level1 race-0 "$bin"/level1_cores --weight 0 --tasks 10 --workers 2
  record level1 race-half "$bin"/level1_cores --weight 0.5 --tasks 10 --workers 4 --timeline
  record level1 race-computing "$bin"/level1_cores --weight 0 --tasks 100 --workers 2 --factorial 5000
  record level1 crossover "$bin"/level1_crossover --tasks 10 --workers 2
}

level2() {
  local ranks exchange
  cargo build --release -p level2-mpi --examples
  fresh level2
  (timeout 60 scripts/mpirun.sh -n 4 "$bin"/level2_hello | tee "$runs/level2-hello.txt")
  for ranks in 1 2 4; do
    record level2 "pi-$ranks" scripts/mpirun.sh -n "$ranks" "$bin"/level2_pi
  done
  for exchange in blocking overlap; do
    for ranks in 1 2 4; do
      record level2 "heat-$exchange-$ranks" scripts/mpirun.sh -n "$ranks" \
        "$bin"/level2_heat --exchange "$exchange"
    done
  done
}

level3() {
  local features=() devices=(cpu) device
  if have nvidia-smi && nvidia-smi >/dev/null 2>&1; then
    features=(--features cuda) devices+=(cuda)
  fi
  cargo build --release -p level3-gpu "${features[@]}" --examples
  fresh level3
  for device in "${devices[@]}"; do
    record level3 "$device" "$bin"/level3_mnist --device "$device" --workers "$(cores)" --sweep
  done
}

# compare N: level N beside Python.
compare() {
  step "Recording compare$1"
  rm -f "$runs/compare$1.jsonl"
  scripts/compare-python.sh "level$1" --json "$runs/compare$1.jsonl"
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
    timeout "$limit" scripts/slurm/submit.sh level1 --wait | tee "$repo/slides/runs/slurm.log"
    output=$(sed -n 's/.*tail -f //p' slides/runs/slurm.log)
    printf '$ cat %s\n' "$output"
    cat "$output"
    rm -f "$output"
  } | sed -e "s#$target#target#g" -e "s#$repo/##g" | tee "$runs/slurm-level1.txt"
  rm -f slides/runs/slurm.log
}

charts() {
  step "Drawing"
  cargo run --release -p charts -- "$runs"/*.jsonl --out "$repo/slides/pictures"
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

mkdir -p "$runs"
for stage in "${stages[@]}"; do
  "$stage"
done
