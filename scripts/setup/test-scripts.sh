#!/usr/bin/env bash
# test-scripts.sh    Does with the scripts what users do, and reads what they say.
#
# It sets up in a folder with blanks in its name, as a user without root and without MPI; starts ranks; runs the
# demonstration; and downloads MNIST from this machine, if MNIST_DIR has the files.

. "$(dirname "$0")/../setup/begin.sh"
[ $# = 0 ] || { usage; exit; }
cd "$repo"
work=$(mktemp -d)
trap 'rm -rf "$work"; kill $(jobs -p) 2>/dev/null || :' EXIT
chmod 755 "$work"
passed=0 failed=0

# check SENTENCE STATUS PATTERN COMMAND...: the command ends with STATUS, and PATTERN is in what it says.
check() {
  local sentence=$1 status=$2 pattern=$3 ended=0 words
  shift 3
  words=$("$@" 2>&1 </dev/null) || ended=$?
  # shellcheck disable=SC2254 # it is a pattern
  case $ended:$words in
    $status:*$pattern*) passed=$((passed + 1)); echo "ok      $sentence" ;;
    *) failed=$((failed + 1)); printf 'FAILED  %s\n%s\nended with %s\n' "$sentence" "$words" "$ended" ;;
  esac
}

# without_root COMMAND...: on a machine without Rust, MPI and sudo; as another user, if we are root.
mkdir "$work/bin" "$work/home" "$work/my übung"
find /usr/bin /bin /usr/sbin /sbin -maxdepth 1 ! -type d ! -name 'cargo*' ! -name 'rust*' ! -name 'mpi*' ! -name sudo \
  -exec ln -sf {} "$work/bin" \;
git ls-files -z scripts Cargo.toml crates/level3-gpu/mnist.sha256 | xargs -0 tar -c | tar -x -C "$work/my übung"
[ "$(id -u)" != 0 ] || chown -R 65534 "$work/my übung" "$work/home"
without_root() {
  set -- env -u MPICC -u MPIRUN -u MPI_FROM_PYPI PATH="$work/bin" HOME="$work/home" "$@"
  if [ "$(id -u)" = 0 ]; then set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
  (cd "$work/my übung" && "$@")
}

echo "--- setting up"
for script in demo test setup mpirun get-mnist; do
  check "$script.sh --help" 0 "$script.sh *scripts/$script.sh" "scripts/$script.sh" --help
done
check "an option that does not exist" 2 "error: setup.sh knows --check" scripts/setup.sh --chekc
check "--check on this machine" 0 "ok       Rust*mpirun.sh -n 2 works*ok       libclang*disk: " scripts/setup.sh --check
check "--check says what to type without Rust and MPI" 1 "MISSING  Rust *type: curl*MISSING  MPI*still missing: Rust" \
  without_root scripts/setup.sh --check
check "the demonstration, too" 2 "error: there is no cargo here: install Rust" without_root scripts/demo.sh
check "MPI comes from PyPI, into a folder with blanks" 1 "my übung/.venv-mpi/bin/mpicc); *mpirun.sh -n 2 works" \
  without_root scripts/setup.sh
printf '#!/bin/sh\necho "rustc 1.75.0 (of a package)"\n' >"$work/home/rustc"
chmod +x "$work/home/rustc"
check "a Rust that is too old" 1 "or newer (here: 1.75.0)" env PATH="$work/home:$PATH" scripts/setup.sh --check

echo "--- ranks"
mpicc scripts/setup/mpi.c -o "$work/trial"
many=$(($(getconf _NPROCESSORS_ONLN) + 3))
check "more ranks than cores" 0 "$many started by" scripts/mpirun.sh -n $many "$work/trial"
check "no launcher" 2 "error: there is no /none here" env MPIRUN=/none scripts/mpirun.sh -n 2 "$work/trial"
! have taskset || check "one CPU for two" 0 "2 started by" taskset -c 0 scripts/mpirun.sh -n 2 "$work/trial"
python3 -m venv "$work/mpich" && "$work/mpich/bin/pip" install -q mpich
cargo build --quiet --release -p level2-mpi --example level2_hello
check "a build with another MPI is seen" 0 "ok       MPI: MPICH*level 2 is built with another MPI; scripts/setup.sh" \
  env LD_LIBRARY_PATH="$work/mpich/lib" MPICC="$work/mpich/bin/mpicc" MPIRUN="$work/mpich/bin/mpirun" \
  scripts/setup.sh --check

echo "--- the demonstration"
check "level 1, quickly" 0 "Summary*level1-race-computing: " scripts/demo.sh --level 1 --quick
check "a level that does not exist" 2 "error: " scripts/demo.sh --level 4

echo "--- MNIST"
to="$work/home/my mnist"
get() { MNIST_MIRRORS=$1 scripts/get-mnist.sh "$to"; }
check "no network" 1 "asking http://127.0.0.1:9*no mirror delivered train-images-idx3-ubyte" get http://127.0.0.1:9
real=${MNIST_DIR:-data/mnist}
if [ -e "$real/train-images-idx3-ubyte.gz" ]; then
  mirror=http://127.0.0.1:$((20000 + RANDOM % 10000))
  python3 -m http.server --bind 127.0.0.1 --directory "$real" "${mirror##*:}" >/dev/null 2>&1 &
  curl -q -s --retry 9 --retry-connrefused -o /dev/null "$mirror"
  check "all four files, and where level 3 finds them" 0 "MNIST is in $to*export MNIST_DIR=*my" get $mirror
  check "what is right is left alone" 0 "there already*there already*there already*there already" get file:///none
  # This mirror's file begins with something else: what was downloaded before must be kept.
  name=t10k-images-idx3-ubyte.gz
  mkdir "$work/other"
  (head -c 5000 /dev/zero; tail -c +5001 "$real/$name") >"$work/other/$name"
  rm "$to/$name" && head -c 5000 "$real/$name" >"$to/.$name.part"
  check "a download that was cut off goes on" 0 "t10k-images-idx3-ubyte: downloaded" get "file://$work/other"
  rm "$to/$name" && echo something else >"$to/.$name.part"
  check "a part of something else does not stay" 0 "t10k-images-idx3-ubyte: downloaded" get "file://$work/other $mirror"
  mv "$to/$name" "$to/t10k-images.idx3-ubyte.gz"
  check "a name with a dot" 0 "t10k-images-idx3-ubyte: there already" get file:///none
  echo damaged >"$to/t10k-images.idx3-ubyte.gz"
  check "a damaged file" 1 "t10k-images.idx3-ubyte.gz is damaged" get $mirror
  rm "$work/bin/curl"
  ! have wget || check "with wget" 0 "MNIST is in $work/home/wget" env PATH="$work/bin" MNIST_MIRRORS=$mirror \
    scripts/get-mnist.sh "$work/home/wget"
else
  echo "not checked: the download, as MNIST is not in $real (MNIST_DIR)"
fi
printf '\n%d checks passed, %d failed\n' $passed $failed
[ $failed = 0 ]
