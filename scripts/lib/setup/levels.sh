# Part of setup.sh: looks for what the three levels need and prints a line for each.
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the other parts

missing=()      # what keeps a level from being built
packages=()     # the Debian packages that would cure it
cuda_missing='' # whether there is a GPU, but not what compiles its kernels
stale=''        # whether there is a build with another MPI than the one to use now

# row STATE NAME TEXT: one line of the table. STATE is ok, note or MISSING.
row() {
  printf '%-8s %-16s %s\n' "$1" "$2" "$3"
  if [ "$1" = MISSING ]; then missing+=("$2"); fi
}

# lacks NAME...: whether one of these rows said MISSING.
lacks() {
  local name one
  for name in "$@"; do
    for one in "${missing[@]}"; do
      [ "$one" != "$name" ] || return 0
    done
  done
  return 1
}

look() {
  missing=() packages=() stale='' cuda_missing=''
  echo "--- level 1: cores"
  row ok CPUs "$(cores) usable here"
  check_rust
  check_compiler
  echo "--- level 2: processes"
  check_mpi
  check_libclang
  echo "--- level 3: a GPU (without one it trains on the CPU)"
  check_mnist
  check_gpu
}

# advice DEBIAN_PACKAGE: what to type on this system.
advice() {
  case $(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") in
    *debian* | *ubuntu*) echo "apt-get install $1" ;;
    *rhel* | *fedora* | *centos*) echo "dnf install $(rpm_name "$1"), or your site's module" ;;
    *suse*) echo "zypper install $(rpm_name "$1"), or your site's module" ;;
    *) echo "install $1, or load your site's module" ;;
  esac
}

# rpm_name DEBIAN_PACKAGE: the name of the same package in the Red Hat and SUSE worlds.
rpm_name() {
  case $1 in
    libopenmpi-dev) echo openmpi-devel ;;
    libclang-dev) echo clang-devel ;;
    *) echo "$1" ;;
  esac
}

# --- level 1 ----------------------------------------------------------------------------------

# at_least WANTED FOUND: whether version FOUND is not older than WANTED.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_rust() {
  local wanted found cure home=${CARGO_HOME:-$HOME/.cargo}
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repo/Cargo.toml")
  # A Rust from a package cannot update itself, and a new shell may not know yet what rustup has installed.
  if have rustup; then
    cure='rustup update stable && rustup default stable'
  elif [ -x "$home/bin/rustup" ]; then
    cure=". $(quoted "$home/env")"
  else
    cure="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . $(quoted "$home/env")"
  fi
  if ! have cargo || ! found=$(cd "$repo" && timeout 20 rustc --version 2>/dev/null | cut -d' ' -f2); then
    row MISSING rust "type: $cure"
  elif ! at_least "$wanted" "$found"; then
    row MISSING rust "$(command -v cargo) is $found, and $wanted is needed; type: $cure"
  else
    row ok rust "$found (at least $wanted): $(command -v cargo)"
  fi
}

check_compiler() {
  if have cc; then
    row ok "C compiler" "$(cc --version | head -n 1)"
  else
    row MISSING "C compiler" "cargo links with cc: $(advice gcc)"
    packages+=(gcc libc6-dev)
  fi
}

# --- level 2 ----------------------------------------------------------------------------------

# mpi_of_compiler: the MPI that the next build uses, such as "Open MPI 4.1.4" or "MPICH 4.0.2".
mpi_of_compiler() {
  local mpicc=${MPICC:-mpicc} words
  words=$(timeout 20 "$mpicc" --showme:version 2>/dev/null) || words=$(timeout 20 "$mpicc" -v 2>&1) || :
  mpi_in <<<"$words"
}

# mpi_of_launcher: the MPI that mpirun belongs to.
mpi_of_launcher() { timeout 20 "${MPIRUN:-mpirun}" --version 2>&1 | mpi_in; }

# mpi_in: finds name and version in what a compiler or launcher says about itself.
mpi_in() {
  sed -nE -e 's/.*(Open MPI|OpenRTE)\)? ([0-9.]+).*/Open MPI \2/p' \
    -e 's/.*MPICH version ([0-9.]+).*/MPICH \1/p' -e 's/^ +Version: +([0-9.]+).*/MPICH \1/p' | head -n 1
}

# mpi_of_build FOLDER: the MPI that cargo built against there: its constants are in the bindings.
mpi_of_build() {
  local bindings
  bindings=$(find "$1/build" -path '*/mpi-sys-*/out/functions_and_types.rs' -printf '%T@ %p\n' 2>/dev/null |
    sort -n | tail -n 1 | cut -d' ' -f2-)
  [ -n "$bindings" ] || return 0
  awk -F'[ ;"\\\\]+' '
    /const OMPI_(MAJOR|MINOR|RELEASE)_VERSION:/ { v = v (v == "" ? "Open MPI " : ".") $(NF - 1) }
    /const MPICH_VERSION:/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]/) v = "MPICH " $i }
    END { print v }' "$bindings"
}

# check_mpi: compiler, launcher and what is built already must be of one MPI.
check_mpi() {
  local mpicc=${MPICC:-mpicc} mpirun=${MPIRUN:-mpirun} ours theirs built profile flag
  if ! have "$mpicc"; then
    row MISSING MPI "no $mpicc; $(advice libopenmpi-dev) (a module: 'module avail mpi', 'module load openmpi')"
    packages+=(openmpi-bin libopenmpi-dev)
    return
  fi
  ours=$(mpi_of_compiler)
  if [ -z "$ours" ]; then
    row note MPI "neither Open MPI nor MPICH, as far as it tells: $(command -v "$mpicc"); not compared with mpirun"
    return
  fi
  row ok MPI "$ours: $(command -v "$mpicc")"
  if ! have "$mpirun"; then
    row note mpirun "none; $(advice openmpi-bin), or start ranks with srun"
  elif theirs=$(mpi_of_launcher) && [ "$theirs" = "$ours" ]; then
    row ok mpirun "$theirs: $(command -v "$mpirun")"
  else
    row note mpirun "is of ${theirs:-an unknown MPI}, the build links $ours: ranks will not find each other; set MPICC or MPIRUN"
  fi
  for profile in release debug; do
    built=$(mpi_of_build "$target/$profile")
    flag=''; [ $profile = debug ] || flag="--$profile "
    if [ -n "$built" ] && [ "$built" != "$ours" ]; then
      row note "stale build" "$target/$profile is built with $built, now it is $ours; type: cargo clean ${flag}-p mpi-sys"
      stale=yes
    fi
  done
}

# bindgen reads mpi.h with libclang, and needs the compiler's own headers beside it.
check_libclang() {
  local found
  found=$(find ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} /usr/lib/llvm*/lib /usr/lib64 /usr/lib /usr/local/lib \
    -maxdepth 1 -name 'libclang*.so*' ! -name 'libclang-cpp*' 2>/dev/null | head -n 1) || true
  if [ -z "$found" ]; then
    row MISSING libclang "$(advice libclang-dev) (a module: 'module avail llvm'; then export LIBCLANG_PATH=.../lib)"
    packages+=(libclang-dev)
  else
    row ok libclang "$found"
  fi
}

# --- level 3 ----------------------------------------------------------------------------------

# MNIST is optional, but a damaged file is not: the program looks, so that both say the same.
check_mnist() {
  local program=$target/release/examples/level3_mnist words folder=${MNIST_DIR:-data/mnist}
  if [ ! -x "$program" ]; then
    row note MNIST "not looked at: level 3 has not been built yet; to fetch MNIST: $(typed scripts/get-mnist.sh)"
    return
  fi
  if [ "${MNIST_DIR:-}" ] && [[ $folder != /* ]]; then folder=$started_in/$folder; fi
  if words=$(cd "$repo" && timeout 60 "$program" --check-data --data "$folder" 2>&1 </dev/null); then
    row ok MNIST "$words"
  else
    words=${words##*error: }
    row note MNIST "${words//scripts\/get-mnist.sh/"$(typed scripts/get-mnist.sh)"}"
  fi
}

check_gpu() {
  local gpu library home
  if ! gpu_likely; then
    row note GPU "no NVIDIA driver here; level 3 trains on the CPU"
    return
  fi
  if ! have nvidia-smi || ! gpu=$(timeout 20 nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null) || [ -z "$gpu" ]; then
    row note GPU "none answers here (a login node? in Slurm ask with --gres=gpu:1); build with --features cuda all the same"
  else
    row ok GPU "$(head -n 1 <<<"$gpu")$([ "$(wc -l <<<"$gpu")" = 1 ] || echo " (the first of $(wc -l <<<"$gpu"))")"
  fi
  library=$(find_nvrtc)
  if [ -n "$library" ]; then
    row ok NVRTC "$library"
  else
    row note NVRTC "no libnvrtc: load a CUDA module, or without one: $(typed scripts/setup.sh) fetches it from PyPI"
    cuda_missing=yes
  fi
  home=$(cuda_home)
  if [ -n "$home" ] && [ -e "$home/include/cuda_runtime.h" ]; then
    row ok "CUDA headers" "$home/include"
  else
    row note "CUDA headers" "no cuda_runtime.h${home:+ in $home/include}: the same cure; CUDA_PATH names the folder above include/"
    cuda_missing=yes
  fi
}

# find_nvrtc: CUDA's run-time compiler, where the loader would find it.
find_nvrtc() {
  local folder folders
  IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
  for folder in "${folders[@]}"; do
    [ -z "$folder" ] || find "$folder" -maxdepth 1 -name 'libnvrtc.so*' 2>/dev/null
  done | head -n 1 | grep . || ldconfig -p 2>/dev/null | sed -n 's/.*libnvrtc\.so.* => //p' | head -n 1
}

# cuda_home: where the GPU backend looks for headers, in its own order.
cuda_home() {
  if [ -n "${CUDA_PATH:-}" ]; then
    echo "$CUDA_PATH"
  elif [ -e /usr/local/cuda ]; then
    echo /usr/local/cuda
  elif [ -e /opt/cuda ]; then
    echo /opt/cuda
  elif [ -e /usr/bin/nvcc ]; then
    echo /usr
  fi
}
