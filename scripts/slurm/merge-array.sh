#!/usr/bin/env bash
# merge-array.sh [FILE]    Merges the records of level1-array and draws them; names what is missing.
#
# The records go to FILE (scripts/slurm/array/all.jsonl), one for each line of sizes.txt, and the chart
# to the folder charts. The status is 1 while a task is missing: run that one alone, then merge again.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../lib/prologue.sh"

case ${1:-} in
  -h | --help) usage; exit ;;
  -*) die "'$1' is no option here; try --help" ;;
esac
folder=$repo/scripts/slurm
merged=${1:-$folder/array/all.jsonl}

missing=() records=()
mapfile -t sizes <"$folder/sizes.txt"
for i in "${!sizes[@]}"; do
  task=$((i + 1)) record=$folder/array/$((i + 1)).jsonl
  # The record of another list of sizes is none of this one.
  if [ -f "$record" ] && [ "$(json factorial <"$record")" = "${sizes[i]}" ]; then
    records+=("$record")
  else
    missing+=("$task")
    echo "missing: task $task, the factorial of ${sizes[i]}"
  fi
done
[ ${#records[@]} -gt 0 ] || die "no task has left its record in $folder/array; scripts/slurm/submit.sh level1-array" 1
cat -- "${records[@]}" >"$merged"
echo "$(some ${#records[@]} record) of ${#sizes[@]} in $merged"
if have cargo && [ ${#records[@]} -ge 3 ]; then
  cargo run --release --quiet --manifest-path "$repo/Cargo.toml" -p charts -- "$merged" --out "$repo/charts"
fi
if [ ${#missing[@]} -gt 0 ]; then
  tasks=$(IFS=,; echo "${missing[*]}")
  die "$(some ${#missing[@]} task) missing; run only what is missing: scripts/slurm/submit.sh level1-array --array=$tasks" 1
fi
