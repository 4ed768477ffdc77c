#!/usr/bin/env bash
# mpirun.sh ARGUMENTS...    mpirun with these arguments, also as root, in a container and in a job.
#
#   scripts/mpirun.sh -n 4 target/release/examples/level2_hello
#
# MPIRUN: the launcher, such as mpirun.mpich (mpirun). It must belong to the MPI that the program
# is built with; scripts/setup.sh --check tells. What this script sets, so that you know:
#
#   as root        OMPI_ALLOW_RUN_AS_ROOT=1 and ..._CONFIRM=1, PRTE_... likewise. Fine in a container;
#                  elsewhere rather work as a user.
#   too many ranks OMPI_MCA_rmaps_base_oversubscribe=1 (Open MPI 4) and
#                  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe (Open MPI 5): ranks for which
#                  there is no core, or no task in a Slurm job, take turns with the others, and a line
#                  says so. MPICH needs nothing.
#   under taskset  OMPI_MCA_hwloc_base_binding_policy=none (Open MPI 4) and
#                  PRTE_MCA_hwloc_default_binding_policy=none (5), where this process may not use all
#                  CPUs: their own binding would put the ranks on the others as well.
#   in a container OMPI_MCA_btl_vader_single_copy_mechanism=none (Open MPI 4; 5 needs nothing) and
#                  MPIR_CVAR_CH4_CMA_ENABLE=0 (MPICH), if a trial shows that a process may not read
#                  another's memory (process_vm_readv). Without them Open MPI complains about every
#                  long message, and MPICH gives up.
#   after a job    SLURM_* are unset, if Slurm knows of no such running job here: the ranks start on
#                  this machine, and a line says so.
#   on a terminal  MPIRUN_HAS_TERMINAL=1: rank 0 may ask (--guess), as what is typed reaches it.
#   into a file    NO_COLOR=1: the ranks always see a terminal, their launcher's own.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"

case ${1:-} in
  -h | --help) usage; exit ;;
  '') die "nothing to run; try --help" ;;
esac
mpirun=${MPIRUN:-mpirun}
have "$mpirun" || die "there is no $mpirun here: 'module load openmpi', or scripts/setup.sh"

# note WORDS: one line beside what the ranks print.
note() { printf 'note: %s\n' "$1" >&2; }

# job_runs: whether the Slurm job that the variables speak of is running.
job_runs() {
  [ "$(timeout 20 squeue --noheader --jobs "$SLURM_JOB_ID" --format %T 2>/dev/null)" = RUNNING ]
}

# tasks_of_job: how many ranks mpirun may start in this job, from a text such as "4(x2),1".
tasks_of_job() {
  tr ',' '\n' <<<"${SLURM_TASKS_PER_NODE:-1}" |
    awk -F '[(x)]+' '{ tasks += $1 * ($2 ? $2 : 1) } END { print tasks }'
}

# ranks_wanted ARGUMENT...: the number after -n or its other names; nothing if there is none.
ranks_wanted() {
  while [ $# -gt 1 ]; do
    case $1 in
      -n | --n | -np | --np | -c)
        if [[ $2 =~ ^[0-9]{1,6}$ ]]; then echo "$2"; fi
        return
        ;;
    esac
    shift
  done
}

# may_read_memory: whether one process may read another's memory, as ranks on one node do. Containers
# often forbid it. Perl can call the system without a compiler; the number is that of the architecture.
may_read_memory() {
  local number
  case $(uname -m) in
    x86_64) number=310 ;;
    aarch64 | riscv64) number=270 ;;
    ppc64le) number=351 ;;
    *) return 0 ;;
  esac
  have perl || return 0
  # shellcheck disable=SC2016 # these are Perl's variables
  perl -e '
    my ($from, $to) = ("x", "-");
    my ($source, $target) = map { pack "J2", unpack("J", pack("P", $_)), 1 } $from, $to;
    exit(syscall($ARGV[0] + 0, $$, $target, 1, $source, 1, 0) != 1)' "$number"
}

if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

if [ -n "${SLURM_JOB_ID:-}" ] && ! job_runs; then
  note "SLURM_JOB_ID is $SLURM_JOB_ID, but Slurm knows of no such running job here: the ranks start on $(hostname)"
  unset "${!SLURM_@}"
fi
if [ -n "${SLURM_JOB_ID:-}" ]; then
  room=$(tasks_of_job) place="in job $SLURM_JOB_ID, which has $(some "$room" task)"
else
  room=$(cores) place="on $(some "$room" core)"
  if [ "$(cpus_of_mask)" != "$(cpus_of_machine)" ]; then
    export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
  fi
fi
ranks=$(ranks_wanted "$@")
if [ "${ranks:-0}" -gt "$room" ]; then note "$ranks ranks $place: they take turns"; fi
export OMPI_MCA_rmaps_base_oversubscribe=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe

if ! may_read_memory; then
  export OMPI_MCA_btl_vader_single_copy_mechanism=none MPIR_CVAR_CH4_CMA_ENABLE=0
fi
if [ -t 0 ]; then export MPIRUN_HAS_TERMINAL=1; fi
if [ ! -t 1 ]; then export NO_COLOR=1; fi # a log wants none, and the ranks cannot see that it is one
exec "$mpirun" "$@"
