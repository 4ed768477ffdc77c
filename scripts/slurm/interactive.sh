#!/usr/bin/env bash
# interactive.sh [--cpu] [COMMAND...]    Ask Slurm for the resources of all three levels at once.
#
#   scripts/slurm/interactive.sh          16 tasks, 4 CPUs each, 4 GB, one GPU, 2 hours
#   scripts/slurm/interactive.sh --cpu    the same without a GPU: levels 1 and 2
#
# It prints the one salloc command and runs it. `exit` gives the resources back. With a COMMAND it
# runs that instead of a shell. Account and partition come from site.env.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../lib/prologue.sh"
read_site

gpu=(--gres=gpu:1)
partition=${GPU_PARTITION:-$PARTITION}
case ${1:-} in
  -h | --help) usage; exit ;;
  --cpu) gpu=() partition=$PARTITION; shift ;;
  -*) die "interactive.sh knows --cpu, not '$1'; try --help" ;;
esac
have salloc || die "no salloc here: log in to the cluster, or practise: scripts/practice-cluster.sh up"

request=(salloc --nodes=1 --ntasks=16 --cpus-per-task=4 --mem=4G "${gpu[@]}" --time=02:00:00)
[ -z "$ACCOUNT" ] || request+=(--account="$ACCOUNT")
[ -z "$partition" ] || request+=(--partition="$partition")

cd "$repo"
find_target
programs=$(quoted "$target/release/examples")
echo "Inside, the levels are ready to run:"
echo "  $programs/level1_cores"
echo "  $MPI_LAUNCHER -n 4 $programs/level2_pi"
[ ${#gpu[@]} -eq 0 ] || echo "  nvidia-smi && $programs/level3_mnist"
show "${request[@]}" "$@"
