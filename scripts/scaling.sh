#!/usr/bin/env bash
# scaling.sh PROGRAM [OPTIONS]    What more ranks gain: measured, and beside it the forecast.
#
#   scripts/scaling.sh heat --ranks 1,2,4             the same plate on more ranks (strong scaling)
#   scripts/scaling.sh heat --ranks 1,2,4 --weak      a plate that grows with the ranks
#   scripts/scaling.sh pi --ranks 1,2,4 --json FILE   the records go to FILE (they are appended)
#
# PROGRAM is heat or pi. --repeat N: how often each number of ranks runs (3); the middle one counts.
# --size N: the plate, or the rectangles, of one rank. --out FOLDER: where the charts are drawn to
# (charts). The most ranks that have a CPU each run once more, to forecast.
#
# It works on one machine, inside salloc, and as a job: scripts/slurm/submit.sh scaling. Where ranks
# share CPUs, or the machine was busy, it shows the time and calls it no speedup.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"

case ${1:-} in
  -h | --help) usage; exit ;;
  heat) default=500 flags=(--steps 500) ;;
  pi) default=10000000 flags=() ;;
  *) die "which program? heat or pi; try --help" ;;
esac
program=$1 ranks=1,2,4 weak='' records='' repeat=3 size=$default out=charts
shift
while [ $# -gt 0 ]; do
  case $1 in
    --weak) weak=1 ;;
    --ranks | --json | --repeat | --size | --out)
      [ -n "${2:-}" ] || die "$1 needs a value; try --help"
      case $1 in
        --ranks) ranks=$2 ;;
        --json) records=$2 ;;
        --repeat) repeat=$2 ;;
        --size) size=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    *) die "'$1' is no option here; try --help" ;;
  esac
  shift
done
[[ $ranks =~ ^1(,[1-9][0-9]{0,3})*$ ]] || die "--ranks: '$ranks' is not a list such as 1,2,4 that begins with 1"
[[ $repeat =~ ^[1-9][0-9]?$ ]] || die "--repeat: '$repeat' is not a number from 1 to 99"
[[ $size =~ ^[1-9][0-9]{0,9}$ ]] || die "--size: '$size' is not a number from 1 to 9999999999"
read -ra numbers <<<"${ranks//,/ }"

find_target
if have cargo; then
  cargo build --release --quiet --manifest-path "$repo/Cargo.toml" -p level2-mpi --examples
fi
binary=$target/release/examples/level2_$program
[ -x "$binary" ] || die "no $binary here; build first: cargo build --release -p level2-mpi --examples"

# In a job its own launcher starts the ranks, where they may run.
launcher=("$repo/scripts/mpirun.sh")
if [ -n "${SLURM_JOB_ID:-}" ]; then
  read_site
  read -ra launcher <<<"$MPI_LAUNCHER"
  case ${launcher[0]} in
    srun)
      export SLURM_PMIX_FENCE=ring # as in scripts/slurm/job.sh
      launcher+=(-c "${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1)
      ;;
    mpirun) launcher[0]=$repo/scripts/mpirun.sh ;;
  esac
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$records" ] || records=$work/records.jsonl
if ! { : >>"$records"; } 2>/dev/null || [ ! -f "$records" ]; then
  die "--json: $records is not a file that can be written"
fi

# once RANKS FLAGS...: one run, its record at the end of $records, its words in $work/words.
once() {
  local n=$1 here=$size problem=(--size) nodes=()
  shift
  if [ -n "$weak" ] && [ "$program" = heat ]; then # as many cells for each rank
    here=$(awk -v size="$size" -v n="$n" 'BEGIN { printf "%.0f", size * sqrt(n) }')
  elif [ -n "$weak" ]; then
    here=$((size * n))
  fi
  [ "$program" = heat ] || problem=(--rectangles)
  if [ "$n" = 1 ] && [ "${launcher[0]}" = srun ]; then nodes=(--nodes=1); fi
  "${launcher[@]}" "${nodes[@]}" -n "$n" "$binary" "${problem[@]}" "$here" "${flags[@]}" \
    --baseline "$work/baseline" --json "$records" "$@" >"$work/words"
}

# result NAME: a number of the last record.
result() { tail -n 1 -- "$records" | json "$1"; }

time_of=step_median_s
[ "$program" = heat ] || time_of=median_s

printf '%s, %s scaling: the middle of %s\n\n' "$program" "$([ -n "$weak" ] && echo weak || echo strong)" \
  "$(some "$repeat" run)"
printf 'ranks         time   speedup   efficiency\n'
one='' apart=0
for n in "${numbers[@]}"; do
  times=() doubt=''
  for ((i = 0; i < repeat; i++)); do
    once "$n" || die "the run with $(some "$n" rank) failed; its words are above" 1
    times+=("$(result "$time_of")")
    doubt=${doubt:-$(result doubt)}
  done
  [[ $doubt = *" share "* ]] || apart=$n # the most ranks that have a CPU each
  time=$(printf '%s\n' "${times[@]}" | sort -g | sed -n "$(((repeat + 1) / 2))p")
  if [ "$n" = 1 ] && [ -z "$doubt" ]; then one=$time; fi
  if [ -z "$doubt" ] && [ -z "$one" ]; then doubt="one rank was disturbed"; fi
  if [ -n "$doubt" ]; then
    awk -v n="$n" -v time="$time" -v doubt="$doubt" \
      'BEGIN { printf "%5d  %8.3f ms   no speedup: %s\n", n, 1000 * time, doubt }'
  else # weak scaling: so many times the work in that time
    awk -v n="$n" -v time="$time" -v one="$one" -v weak="$weak" 'BEGIN {
      efficiency = weak ? one / time : one / time / n
      printf "%5d  %8.3f ms  %6.2f x  %8.0f %%%s\n", n, 1000 * time, efficiency * n, 100 * efficiency,
        (efficiency > 1.1 ? "   above 100 %: a part fits a cache" : "")
    }'
  fi
done

if [ "$apart" -gt 1 ]; then
  weak='' # the forecast knows both, from the plate of one rank
  once "$apart" --forecast
  sed -n '/^Forecast/,$p' "$work/words" | sed '1s/^/\n/'
fi
if have cargo; then
  printf '\n'
  cargo run --release --quiet --manifest-path "$repo/Cargo.toml" -p charts -- "$records" --out "$out"
else
  printf '\nDraw the charts where cargo is: cargo run --release -p charts -- %s\n' "$(quoted "$records")"
fi
