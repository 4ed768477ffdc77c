#!/usr/bin/env bash
# test.sh [--cluster] [--all] [STAGE...]    Set up, then check everything; or only the stages named.
#
#   scripts/test.sh                  every stage but the practice cluster's
#   scripts/test.sh --cluster        every stage, those on a real Slurm included (needs root)
#   scripts/test.sh --all            the GPU's kernels for several kinds of GPU, and what measures time
#   scripts/test.sh format lint      only these
#   scripts/test.sh --list           the stages' names
#
# A stage that fails does not stop the others. Its last lines are repeated at the end, and the very
# last line counts both kinds.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
cd "$repo"
# shellcheck source=scripts/lib/venv.sh
source "$repo/scripts/lib/venv.sh"

# --- the ground -------------------------------------------------------------------------------

stage_setup() { scripts/setup.sh; }

stage_format() { cargo fmt --all --check; }

stage_shell() {
  have shellcheck || { apt-get update -qq && apt-get install -y -qq --no-install-recommends shellcheck >/dev/null; }
  git ls-files '*.sh' '*.sbatch' .ci/run | xargs shellcheck -x -S style -P SCRIPTDIR
  local script
  for script in $(git ls-files 'scripts/*.sh' 'scripts/*.sbatch' 'slides/*.sh'); do
    [ -x "$script" ] || continue # a part of others
    "$script" --help | grep -q . || { echo "$script --help says nothing"; return 1; }
  done
}

# The scripts in the surroundings that users have: full disks, other users, a site's profile.
stage_scripts() { scripts/lib/test-scripts.sh; }

# --- level 1 ----------------------------------------------------------------------------------

stage_level1() {
  cargo clippy -p common -p cli -p level1-cores --all-targets -- -D warnings
  cargo test -p common -p cli -p level1-cores
  RUSTDOCFLAGS="-D warnings" cargo doc --no-deps -p common -p cli -p level1-cores
}

# --- level 2 ----------------------------------------------------------------------------------

stage_mpi() {
  cargo clippy -p level2-mpi --all-targets -- -D warnings
  cargo test -p level2-mpi
  RUSTDOCFLAGS="-D warnings" cargo doc --no-deps -p level2-mpi
}

# The same source and the same tests with the other MPI, in a target folder of its own.
stage_mpich() {
  have mpicc.mpich || apt-get install -y -qq --no-install-recommends mpich libmpich-dev >/dev/null
  MPICC=mpicc.mpich MPIRUN=mpirun.mpich CARGO_TARGET_DIR=$target-mpich cargo test -p level2-mpi
}

# One file of each program, run by two MPIs: MPICH's, which it is built with, and Intel's from PyPI.
stage_abi() {
  local intel=$target/intel-mpi folder program programs=("$target"-abi/release/examples/level2_{hello,pi,heat})
  scripts/setup.sh --one-binary
  make_venv "$intel" impi-rt
  # shellcheck source=/dev/null
  (source .venv-mpi-abi/env.sh && cargo build --release -p level2-mpi --examples)
  sha256sum "${programs[@]}" >"$logs/abi.built"
  for folder in "$repo/.venv-mpi-abi" "$intel"; do
    env PATH="$folder/bin:$PATH" mpirun --version | head -n 2
    for program in "${programs[@]}"; do
      env PATH="$folder/bin:$PATH" LD_LIBRARY_PATH="$folder/lib" scripts/mpirun.sh -n 2 "$program"
    done | tee /dev/stderr | grep -E '^(rank|pi|fingerprint) ' | sort >"$logs/abi.$(basename "$folder")"
  done
  sha256sum --check "$logs/abi.built"
  diff "$logs"/abi.{.venv-mpi-abi,intel-mpi} # both ranks, the same pi, the same plate
  [ "$(wc -l <"$logs/abi.intel-mpi")" = 4 ]
}

# Four hosts on this machine, with a network between them.
stage_hosts() {
  cargo build -p level2-mpi --examples
  # What measures time needs a quiet machine, so it is asked for: --all.
  cargo test -p level2-mpi --test several_hosts -- --ignored "${unmeasured[@]}"
}

# A real Slurm on those hosts: every job script, the README's tour, and what can go wrong.
stage_cluster() {
  scripts/setup.sh --practice-cluster
  cargo build --release -p level1-cores --examples
  cargo build --release -p level2-mpi --examples
  cargo build --release -p level3-gpu --examples
  cargo build --release -p truth
  scripts/practice/test-cluster.sh
}

# --- level 3 ----------------------------------------------------------------------------------

# Release only, so that burn is built once: a debug build would train for minutes. Trains on a few
# thousand images of MNIST where MNIST_DIR or data/mnist holds them, and on drawn digits elsewhere.
stage_level3() {
  cargo test --release -p level3-gpu
  RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps -p level3-gpu
}

# The same program with its GPU backend. It must behave on a machine that has no GPU, and on a GPU
# that fails: crates/level3-gpu/tests/standin.rs runs it on a stand-in for the driver.
stage_cuda() {
  cargo clippy --release -p level3-gpu --features cuda --all-targets -- -D warnings
  cargo test --release -p level3-gpu --features cuda
  cargo check --release -p level3-gpu --no-default-features --features cuda --tests
}

# Every kernel of the network, compiled by CUDA's own compiler, which no other stage gets to see.
stage_kernels() {
  local wheels=$target/cuda-wheels
  [ -f "$wheels/env.sh" ] || scripts/lib/cuda-wheels.sh "$wheels" 12.9
  # Cargo must not see CUDA_PATH: it would build the GPU backend anew.
  local headers compiler
  # shellcheck source=/dev/null
  headers=$(source "$wheels/env.sh" && echo "$CUDA_PATH")
  # shellcheck source=/dev/null
  compiler=$(LD_LIBRARY_PATH='' && source "$wheels/env.sh" && echo "$LD_LIBRARY_PATH")
  cargo build --release -p level3-gpu --features cuda --examples # --test alone does not
  STANDIN_SMS=$gpus STANDIN_HEADERS=$headers STANDIN_NVRTC=$compiler/libnvrtc.so.12 \
    cargo test --release -p level3-gpu --features cuda --test standin -- --ignored --nocapture
}

# --- self-study -------------------------------------------------------------------------------

# Every check fails on its gap and passes on its solution, level 2's under mpirun.
stage_exercises() {
  cargo clippy --release -p exercises --all-targets --features level2,level3 -- -D warnings
  cargo test --release -p exercises
  cargo exercise --prove
}

# Each template in a project of its own, outside this workspace.
stage_templates() { cargo test --release -p exercises --test templates; }

# --- slides -----------------------------------------------------------------------------------

stage_charts() {
  cargo clippy -p charts --all-targets -- -D warnings
  cargo test -p charts
}

# HTML and PDF, and no element outside any slide; a crowded one must be refused.
stage_slides() {
  local refused=''
  printf '# Too much\n\n' >slides/crowded.md
  printf '%s lines are too many<br>\n' {1..40} >>slides/crowded.md
  slides/build.sh --deck crowded.md || refused=yes
  rm -f slides/crowded.*
  [ -n "$refused" ] || { echo "a slide with 40 lines was accepted"; return 1; }
  slides/build.sh
}

# Every Markdown file says what the code, the files and the recorded runs say, and every command
# in it works.
stage_truth() {
  cargo clippy -p truth --all-targets -- -D warnings
  cargo test -p truth
  cargo run --release -p truth -- --run here
}

# ----------------------------------------------------------------------------------------------

# The order in which they run.
stages=(setup format shell level1 mpi mpich abi level3 scripts exercises templates cuda kernels charts slides truth)
cluster_stages=(hosts cluster)
unmeasured=(--skip measured_) # tests of several hosts that are left out
gpus=80 # compute capabilities that kernels are compiled for, blanks between them

run_stage() {
  local name=$1 start=$SECONDS status
  step "$name"
  # A child shell with its own `set -e`: a failure ends the stage and nothing else. It must not
  # stand in an `if`, which would switch `set -e` off inside.
  set +e
  (set -e; "stage_$name") 2>&1 | tee "$logs/$name.log"
  status=${PIPESTATUS[0]}
  set -e
  if [ "$status" -eq 0 ]; then passed+=("$name"); else failed+=("$name"); fi
  echo "-- $name took $((SECONDS - start)) s"
}

chosen=()
for word in "$@"; do
  case $word in
    -h | --help) usage; exit ;;
    --list) printf '%s\n' "${stages[@]}" "${cluster_stages[@]}"; exit ;;
    --all) gpus='80 90' unmeasured=() ;;
    --cluster) stages+=("${cluster_stages[@]}") ;;
    *)
      declare -F "stage_$word" >/dev/null || die "there is no stage '$word'; scripts/test.sh --list names them"
      chosen+=("$word")
      ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${stages[@]}")

needs_cargo
find_target
passed=() failed=() logs=$target/test-logs
mkdir -p "$logs"
for name in "${chosen[@]}"; do
  run_stage "$name"
done

for name in "${failed[@]}"; do
  step "How $name failed"
  tail -n 40 "$logs/$name.log"
done
printf '\n%d passed, %d failed%s\n' ${#passed[@]} ${#failed[@]} "${failed[*]:+: ${failed[*]}}"
[ ${#failed[@]} -eq 0 ]
