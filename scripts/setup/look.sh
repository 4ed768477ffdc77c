# Part of setup.sh: looks for what the levels need, and says what to type where something is missing.
# shellcheck shell=bash disable=SC2016,SC2034,SC2046,SC2086,SC2154 # words to type, lists of words, shared variables

# How this system names what the levels need; the last is for Red Hat's relatives, which many clusters run.
if have apt-get; then
  install='apt-get install' compiler='gcc libc6-dev' mpi='openmpi-bin libopenmpi-dev' libclang=libclang-dev
elif [ "$(uname)" = Darwin ]; then
  install='brew install' compiler=gcc mpi=open-mpi libclang='llvm; export LIBCLANG_PATH="$(brew --prefix llvm)/lib"'
else
  install='dnf install' compiler=gcc mpi=openmpi-devel libclang=clang-devel
fi
have timeout || timeout() { shift; "$@"; } # macOS has none

ok() { echo "ok       $*"; }
note() { echo "note     $*"; }
# misses THING PACKAGES [COMMAND]: the packages of this system, or the command, cure it.
misses() {
  echo "MISSING  $1"
  if [ -n "$2" ]; then echo "         type: $install $2"; fi
  if [ -n "${3:-}" ]; then echo "         ${2:+or }type: $3"; fi
  missing="$missing${missing:+, }${1%% (*}" packages="$packages${2:+ $2}"
}

# look: sets `missing` (what keeps a level from being built), `packages` (which would cure it),
# `stale` (there is a build with another MPI) and `cuda_missing` (there is a GPU, but not CUDA's compiler).
look() {
  missing='' packages='' stale='' cuda_missing=''
  echo "--- level 1: the $(nproc 2>/dev/null || sysctl -n hw.ncpu) CPUs of this machine"
  look_for_rust
  if cc --version >/dev/null 2>&1; then
    ok "C compiler: $(cc --version | head -n 1)"
  else
    misses "C compiler (cargo links with cc)" "$compiler"
  fi
  echo "--- level 2: processes"
  look_for_mpi
  look_for_libclang
  echo "--- level 3: a GPU (without one it trains on the CPU)"
  if compgen -G "${MNIST_DIR:-data/mnist}/train-images*" >/dev/null; then
    ok "MNIST: ${MNIST_DIR:-data/mnist}" # whether it is right, level 3 itself finds out
  else
    note "MNIST: none in ${MNIST_DIR:-data/mnist}, level 3 draws its own; to fetch it: scripts/get-mnist.sh"
  fi
  if have nvidia-smi; then
    look_for_gpu
  elif [ "$(uname)" = Darwin ] || [ -e /dev/dri/renderD128 ]; then
    ok 'GPU: one for Metal or Vulkan; level 3 runs on it if it is built with --features wgpu'
  else
    note "GPU: no NVIDIA driver here"
  fi
}

look_for_rust() {
  local wanted found minor cure="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh && . ~/.cargo/env"
  if have rustup; then cure='rustup update stable && rustup default stable'; fi
  wanted=$(grep '^rust-version' Cargo.toml | cut -d '"' -f 2)
  found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || :
  minor=${found#1.}
  if have cargo && [ "${minor%%.*}" -ge "${wanted#1.}" ] 2>/dev/null; then
    ok "Rust $found: $(command -v cargo)"
  else
    misses "Rust $wanted or newer (here: ${found:-none})" '' "$cure"
  fi
}

# Builds and starts a program, as the compiler, the launcher and an earlier build may be of different MPIs.
look_for_mpi() {
  local mpicc=${MPICC:-mpicc} trial=$target/mpi-trial hello=$target/release/examples/level2_hello words
  LAUNCH=scripts/mpirun.sh ranks=2
  if [ -n "${SLURM_JOB_ID:-}" ]; then . scripts/slurm/site.env; ranks=${SLURM_NTASKS:-1}; fi
  mkdir -p "$target"
  if ! words=$("$mpicc" scripts/setup/mpi.c -o "$trial" 2>&1); then
    misses "MPI ($(head -n 1 <<<"${words#*: line [0-9]*: }"))" "$mpi" 'module avail mpi; module load NAME'
    return
  fi
  words=$(start "$trial")
  rm -f "$trial"
  case $words in
    *"$ranks started by "*)
      ok MPI: ${words##* started by } "($(command -v "$mpicc")); $LAUNCH -n $ranks works"
      if [[ -x $hello && $(start "$hello") != *"of $ranks on "* ]]; then
        note "level 2 is built with another MPI; scripts/setup.sh forgets it (cargo clean --release -p mpi-sys)"
        stale=yes
      fi
      ;;
    *" started by "*) note "MPI: $mpicc is of" ${words##* started by }, "$LAUNCH of another: set MPICC or MPIRUN" ;;
    *) note "MPI: $mpicc works, but $LAUNCH -n $ranks fails: $(head -n 1 <<<"$words")" ;;
  esac
}

# start PROGRAM: by the launcher, and what it says, without empty lines and rules.
start() { timeout 60 $LAUNCH -n "$ranks" "$1" 2>&1 </dev/null | grep '[a-z]' || :; }

# In the folders where bindgen, which reads mpi.h, looks for it.
look_for_libclang() {
  local file
  for file in "${LIBCLANG_PATH:-/none}"/libclang{.,-[0-9]}* /usr/{,local/}lib*{,/*,/*/*}/libclang{.,-[0-9]}*so* \
    /Library/Developer/CommandLineTools/usr/lib/libclang.dylib; do
    if [ -e "$file" ]; then ok "libclang: $file"; return; fi
  done
  misses libclang "$libclang" 'module avail llvm; module load NAME; export LIBCLANG_PATH=FOLDER/lib'
}

look_for_gpu() {
  local gpu home=${CUDA_PATH:-/usr/local/cuda}
  gpu=$(timeout 20 nvidia-smi -L 2>&1 | head -n 1) || :
  case $gpu in GPU*) ok "$gpu" ;; *) note "GPU: $gpu (in Slurm a job asks for one: --gres=gpu:1)" ;; esac
  if [ -e "$home/include/cuda_runtime.h" ] &&
    (ldconfig -p; IFS=:; ls ${LD_LIBRARY_PATH:-}; :) 2>/dev/null | grep 'libnvrtc\.so' >/dev/null; then
    ok "CUDA's run-time compiler, and its headers in $home"
  else
    note "CUDA: no libnvrtc, or no cuda_runtime.h; load a module, or scripts/setup.sh fetches both"
    cuda_missing=yes
  fi
}

# look_around: the cluster and the disk, for --check.
look_around() {
  local partitions
  echo "--- the cluster and the disk"
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    ok "Slurm job $SLURM_JOB_ID: ${SLURM_NTASKS:-1} tasks of ${SLURM_CPUS_PER_TASK:-1} CPUs on ${SLURM_JOB_NODELIST:-?}"
  elif partitions=$(timeout 20 sinfo -h -o %P 2>/dev/null | tr '\n' ' '); then
    ok "Slurm: partitions $partitions"
  else
    note "Slurm: no cluster answers here; to practise: scripts/practice-cluster.sh up"
  fi
  set -- $(df -Ph "$repo" | tail -n 1)
  ok "disk: $4 left for target/, which needs up to 4 GB"
}
