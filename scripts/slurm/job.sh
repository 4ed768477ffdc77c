#!/usr/bin/env bash
# job.sh    What the job scripts in this folder share; sourced by them, not submitted.
#
# A job script gives its own name: source scripts/slurm/job.sh "$0" "$@"
# It reads site.env, loads the modules, says what the job got, and stops where something is
# missing. It builds nothing: that is done on the login node, before.

if [ "${BASH_SOURCE[0]}" = "$0" ]; then # run by itself
  sed -n '2,/^[^#]/{/^# \{0,1\}/s///p}' "$0"
  exit
fi

script=$1
shift
# shellcheck source=scripts/lib/prologue.sh
. scripts/lib/prologue.sh
case ${1:-} in -h | --help) usage; exit ;; esac
[ -n "${SLURM_JOB_ID:-}" ] ||
  die "this is a job, not a program; submit it: scripts/slurm/submit.sh $(basename "$script" .sbatch)"

read_site
find_target
programs=$target/release/examples

# needs CRATE PROGRAM...: stops if a program was not built.
needs() {
  local crate=$1 program
  shift
  for program in "$@"; do
    [ -x "$programs/$program" ] || die "no $programs/$program here; build first on the login node: \
cargo build --release -p $crate --examples"
  done
}

# run COMMAND...: says what it runs, runs it, and separates it from the next.
run() {
  echo
  show "$@"
}

# on_cores PROGRAM...: one process with all CPUs of a task. Since Slurm 22.05 srun must be told:
# without -c it would get one CPU, whatever the job asked for.
on_cores() { run srun --ntasks=1 -c "${SLURM_CPUS_PER_TASK:-1}" "$@"; }

# with_mpi RANKS PROGRAM...: that many processes, started as site.env says.
with_mpi() {
  local ranks=$1 launcher
  shift
  read -ra launcher <<<"$MPI_LAUNCHER"
  case ${launcher[0]} in
    srun)
      # Slurm's plugin for PMIx lets the ranks of one node go on before those of the others have
      # arrived, if the job has fewer nodes than TreeWidth (slurm.conf, 50): their first messages then
      # crash Open MPI on a node that is late, inside MPI_Init. Its other method waits for all.
      export SLURM_PMIX_FENCE=ring
      # A rank that fails ends the others; one rank needs one node.
      launcher+=(-c "${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1)
      [ "$ranks" != 1 ] || launcher+=(--nodes=1)
      if [ "$ranks" -gt "${SLURM_NTASKS:-1}" ]; then
        echo "note: $ranks ranks in a job with $(some "${SLURM_NTASKS:-1}" task): they take turns"
        launcher+=(--overcommit)
      fi
      ;;
    mpirun) launcher[0]=scripts/mpirun.sh ;;
  esac
  run "${launcher[@]}" -n "$ranks" "$@"
}

if [ -n "$MODULES" ]; then
  # The function `module` comes from a file that a batch job's shell may not have read, or it was
  # exported, and the prologue has dropped it.
  set +eu
  for file in "$LMOD_PKG/init/bash" "$MODULESHOME/init/bash" /etc/profile.d/{lmod,modules,z00_lmod}.sh; do
    # shellcheck source=/dev/null
    [ "$(type -t module)" = function ] || [ ! -r "$file" ] || source "$file"
  done
  exported=$(printenv 'BASH_FUNC_module%%')
  [ "$(type -t module)" = function ] || [ -z "$exported" ] || eval "module $exported"
  # shellcheck disable=SC2086 # several modules
  module load $MODULES || die "cannot load the modules '$MODULES' of scripts/slurm/site.env"
  set -eu
fi

echo "job        $SLURM_JOB_ID, $SLURM_JOB_NAME, submitted from $SLURM_SUBMIT_HOST"
echo "nodes      $SLURM_JOB_NUM_NODES: $SLURM_JOB_NODELIST (this is $(hostname))"
echo "partition  $SLURM_JOB_PARTITION, until $(squeue -h -j "$SLURM_JOB_ID" -o %e)"
echo "CPUs       $(some "${SLURM_NTASKS:-1}" task) x $(some "${SLURM_CPUS_PER_TASK:-1}" CPU); $(cores) usable on this node"
gpus=${SLURM_JOB_GPUS:-${SLURM_STEP_GPUS:-}}
if [ -n "$gpus" ]; then
  echo "GPU        number $gpus of this node (CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES:-})"
else
  echo "GPU        none was asked for (--gres=gpu:1)"
fi
echo "programs   $programs"
