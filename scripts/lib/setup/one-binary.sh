# Part of setup.sh: an MPI whose programs also run under other MPIs, from PyPI.
# shellcheck shell=bash disable=SC2154 # variables shared with the other parts

# The MPI 5 standard says what its numbers and structures look like in a binary (its ABI). MPICH 5
# comes with a compiler that keeps to it, mpicc_abi. The crate mpi asks for a few names that this ABI
# does not have: a Fortran integer is an int on every machine that Rust knows, and Fortran's handles
# are converted by the standard's own MPI_..._toint and MPI_..._fromint.
install_one_binary_mpi() {
  local venv=$repo/.venv-mpi-abi kind words='-DMPI_ABI -DMPI_Fint=int'
  for kind in Comm Type Errhandler File Group Info Message Op Request Win; do
    words+=" -DMPI_${kind}_c2f=MPI_${kind}_toint -DMPI_${kind}_f2c=MPI_${kind}_fromint"
  done
  step "MPICH 5 from PyPI into $venv"
  if ! make_venv "$venv" 'mpich>=5.0.1'; then
    rm -rf -- "$venv"
    die "MPICH was not installed: that needs python3 with venv, and a network" 1
  fi
  {
    echo "# Written by scripts/setup.sh --one-binary. In your own shell: source this file"
    [ ! -f "$repo/.venv-mpi/env.sh" ] || echo "source $(quoted "$repo/.venv-mpi/env.sh") # libclang"
    echo "export PATH=$(quoted "$venv")/bin:\$PATH MPICC=mpicc_abi MPIRUN=mpirun"
    echo "export CARGO_TARGET_DIR=$(quoted "${target%-abi}-abi")" # also where this file was read before
    echo "export LD_LIBRARY_PATH=$(quoted "$venv")/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
    echo "export CFLAGS=$(quoted "$words")"
    echo "export BINDGEN_EXTRA_CLANG_ARGS=\"$words \${BINDGEN_EXTRA_CLANG_ARGS:-}\""
  } >"$venv/env.sh"
  echo "In your own shell, type this, and then build level 2 as always:"
  echo "  source $(quoted "$venv/env.sh")"
}
