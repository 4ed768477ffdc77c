#!/usr/bin/env bash
# mpirun.sh ARGUMENTS...    mpirun with the settings that root, few cores and containers need.
#
#   scripts/mpirun.sh -n 4 target/release/examples/level2_hello
#
# MPIRUN names the launcher (mpirun); it must belong to the MPI that the program is built with.
# What is set, for Open MPI 4 (OMPI_...), Open MPI 5 (PRTE_...) and MPICH (MPIR_...):
#   ..._ALLOW_RUN_AS_ROOT     in a container you are often root
#   ..._oversubscribe         more ranks than cores take turns
#   ..._single_copy_..., CMA  a container may forbid that a rank reads another's memory
#   ..._binding_policy        under taskset the ranks stay on its CPUs
#   MPIRUN_HAS_TERMINAL       there is a terminal, so rank 0 may ask (--guess)
#   NO_COLOR                  a file wants no colours

. "$(dirname "$0")/setup/begin.sh"
case ${1:-} in '' | -h | --help) usage; exit ;; esac
have "${MPIRUN:=mpirun}" || die "there is no $MPIRUN here: module load openmpi, or scripts/setup.sh"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_btl_vader_single_copy_mechanism=none MPIR_CVAR_CH4_CMA_ENABLE=0
if [ "$(nproc 2>/dev/null)" != "$(nproc --all 2>/dev/null)" ]; then
  export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
fi
if [ -t 0 ]; then export MPIRUN_HAS_TERMINAL=1; fi
if [ ! -t 1 ]; then export NO_COLOR=1; fi
exec "$MPIRUN" "$@"
