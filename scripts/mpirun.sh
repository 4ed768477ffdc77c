#!/usr/bin/env bash
# mpirun.sh ARGUMENTS...    mpirun with these arguments, also as root and with few cores.
#
#   scripts/mpirun.sh -n 4 target/release/examples/level2_hello
#
# MPIRUN: the launcher, such as mpirun.mpich (mpirun). It must belong to the MPI that the program
# is built with; scripts/setup.sh --check tells. What this script sets, so that you know:
#
#   as root        OMPI_ALLOW_RUN_AS_ROOT=1 and ..._CONFIRM=1, PRTE_... likewise. Fine in a container;
#                  elsewhere rather work as a user.
#   Open MPI 4     OMPI_MCA_rmaps_base_oversubscribe=1: more ranks than cores are allowed.
#   Open MPI 5     PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe, which says the same.
#   MPICH          nothing: it refuses neither.
#   on a terminal  MPIRUN_HAS_TERMINAL=1: rank 0 may ask (--guess), as what is typed reaches it.
#
# Inside a Slurm job the job's limits stand: there it allows no more ranks than tasks.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
  -h | --help) usage; exit ;;
  '') die "nothing to run; try --help" ;;
esac
mpirun=${MPIRUN:-mpirun}
have "$mpirun" || die "there is no $mpirun here: 'module load openmpi', or scripts/setup.sh"

if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if [ -z "${SLURM_JOB_ID:-}" ]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
fi
if [ -t 0 ]; then export MPIRUN_HAS_TERMINAL=1; fi
exec "$mpirun" "$@"
