#!/usr/bin/env bash
# mpirun, where it would refuse: as root, and with more ranks than cores.
set -euo pipefail

usage() {
  cat <<'TEXT'
scripts/mpirun.sh ARGUMENTS...: runs mpirun with these arguments, also as root and with few cores.

It takes the mpirun of $MPIRUN, else the first in PATH, and sets what that one needs:
  Open MPI, as root   OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                      (a container is fine; on a real machine, rather work as a user)
  Open MPI 4          OMPI_MCA_rmaps_base_oversubscribe=1
  Open MPI 5          PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  MPICH               nothing; it does not refuse
Inside a Slurm job it lets Slurm's limits stand: no oversubscription there.

Example: scripts/mpirun.sh -n 4 target/release/examples/level2_hello
TEXT
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  "") usage >&2; exit 2 ;;
esac

mpirun=${MPIRUN:-mpirun}
if ! command -v "$mpirun" >/dev/null; then
  echo "error: there is no $mpirun here: try 'module load openmpi', or scripts/setup.sh" >&2
  exit 2
fi

if [[ $(id -u) == 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if [[ -z ${SLURM_JOB_ID:-} ]]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
fi
exec "$mpirun" "$@"
