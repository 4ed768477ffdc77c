#!/usr/bin/env bash
# test-scripts.sh    Check the scripts in the surroundings that users have. The stage `scripts` of test.sh.
#
# It copies the scripts into a folder with blanks, umlauts and brackets in its name, makes each environment
# for real (a full disk, another user, a site's profile, a control group, a mirror that stalls), and reads
# what the scripts say. What this machine does not let it make is named as skipped.
# shellcheck disable=SC2016 # in single quotes: other shells expand it, not this one
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/prologue.sh"
case ${1:-} in
  '') ;;
  -h | --help) usage; exit ;;
  *) die "test-scripts.sh takes no arguments; try --help" ;;
esac
have python3 || die "there is no python3 here, for the mirrors that are made up"
find_target
cd "$repo"

work=$(mktemp -d)
server='' group='' mounted=()
finish() {
  local folder
  [ -z "$server" ] || kill "$server"
  for folder in "${mounted[@]}"; do umount "$folder"; done
  [ -z "$group" ] || rmdir "$group"
  rm -rf "$work"
}
trap finish EXIT
chmod 755 "$work"

passed=0 failures=() skipped=()

# check SENTENCE STATUS TEXT COMMAND...: the command ends with STATUS and its words contain TEXT (a pattern).
# A failed check is reported and does not stop the others.
check() {
  local sentence=$1 status=$2 text=$3 ended=0 words
  shift 3
  words=$(timeout 300 "$@" 2>&1 </dev/null) || ended=$?
  # shellcheck disable=SC2053 # TEXT is a pattern
  if [ "$ended" = "$status" ] && [[ $words == *$text* ]]; then
    passed=$((passed + 1))
    printf 'ok      %s\n        %s: %s\n' "$sentence" "$ended" "$(tail -n 1 <<<"$words")"
  else
    failures+=("$sentence")
    printf 'FAILED  %s\n        | status %s, wanted %s; words wanted: %s\n' "$sentence" "$ended" "$status" "$text"
    tail -n 12 <<<"$words" | sed 's/^/        | /'
  fi
}

# one_line: the same, and it is refused in one line that begins with "error: ".
one_line() {
  local sentence=$1 text=$2
  shift 2
  check "$sentence" 2 "one line: error: $text" bash -c 'words=$("$@" 2>&1); status=$?
    [ "$(wc -l <<<"$words")" = 1 ] && echo "one line: $words" || echo "$words"; exit $status' sh "$@"
}

# skip SENTENCE REASON
skip() {
  skipped+=("$1")
  echo "skipped $1: $2"
}

# The scripts elsewhere, and one more that runs any words in their surroundings.
copy="$work/my übung [x] \$HOME 'q'"
mkdir "$copy"
git ls-files -z scripts slides Cargo.toml Cargo.lock .cargo crates/level3-gpu/mnist.sha256 |
  xargs -0 cp --parents -t "$copy"
mkdir -p "$copy/crates/none/src"
sed -i 's#^members = .*#members = ["crates/none"]#; /^default-members/d' "$copy/Cargo.toml"
printf '[package]\nname = "none"\nversion = "0.1.0"\nedition = "2024"\n' >"$copy/crates/none/Cargo.toml"
touch "$copy/crates/none/src/lib.rs"
say=$copy/scripts/say.sh
cat >"$say" <<'TEXT'
#!/usr/bin/env bash
# say.sh CODE ARGUMENT...    Runs CODE after the prologue.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
for part in venv steps setup/levels setup/cluster; do source "$repo/scripts/lib/$part.sh"; done
code=$1
shift
eval "$code"
TEXT
chmod +x "$say"

# A machine with everything but Rust.
mkdir "$work/bin" "$work/home"
find /usr/bin /bin /usr/sbin /sbin -maxdepth 1 ! -type d ! -name 'cargo*' ! -name 'rust*' -exec ln -sf -t "$work/bin" {} +
without_rust=(env PATH="$work/bin" HOME="$work/home" CARGO_HOME="$work/home/.cargo")

# --- the shell --------------------------------------------------------------------------------

echo "--- the shell"
one_line "sh: the line says how to start it" "demo.sh is a bash script; type: bash" sh "$copy/scripts/demo.sh"
check "a symlink from elsewhere" 0 "setup.sh \[OPTION\]" bash -c 'ln -s "$1/scripts/setup.sh" "$2/link" && "$2/link" --help' sh "$copy" "$work"
check "CDPATH" 0 "my übung" env CDPATH="./:$work" bash -c 'cd "$1" && scripts/say.sh "echo \$repo"' sh "$copy"
check "exported functions (cd, which, rm)" 0 "repo is /" bash -c 'cd() { echo "my cd"; builtin cd "$@"; }
  rm() { echo my rm; }; export -f cd rm; exec "$1" "echo repo is \$repo"' sh "$say"
check "exported noclobber, nounset and noglob" 0 "twice" bash -c 'set -Cf; export SHELLOPTS
  exec "$1" "echo once >\"\$1\"; echo twice >\"\$1\"; cat \"\$1\"" "$2/file"' sh "$say" "$work"
check "our options are not those of a compiler's wrapper script" 0 "unset is fine" \
  bash -c 'export SHELLOPTS; exec "$1" "bash -c \"echo unset is fine \\\$none\""' sh "$say"
check "exported nullglob, nocasematch and xpg_echo" 0 'a\\nb none\*' bash -c 'shopt -s nullglob nocasematch xpg_echo
  export BASHOPTS; exec "$1" "echo \"a\\nb\" none*"' sh "$say"
echo 'set -u; cd() { echo BASH_ENV; }; shopt -s failglob' >"$work/bash_env"
check "BASH_ENV" 0 "übung" env BASH_ENV="$work/bash_env" "$say" 'quoted "$repo"'
check "POSIXLY_CORRECT, in which options end at the first word" 0 "main" \
  env POSIXLY_CORRECT=1 "$say" 'echo main | grep main -c >/dev/null && echo main'
check "GREP_OPTIONS" 0 "found" env GREP_OPTIONS=-v "$say" 'echo here | grep -q here && echo found'
check "a variable GZIP" 0 "$(echo x | sha256sum)" env GZIP=--list "$say" 'echo x | gzip -c | gzip -dc | sha256sum'
if have localedef && localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>/dev/null; then
  check "a German locale: decimal points and English words" 0 "1.50 No such file" \
    env LOCPATH="$work" LC_ALL=de_DE.UTF-8 LANGUAGE=de "$say" 'printf "%.2f " 1.5; cat /none 2>&1 | sed "s/.*: //" || :'
else
  skip "a German locale" "there is no localedef, or no German locale to make"
fi
check "no USER and no HOME" 0 "user $(id -un) home /" env -u USER -u HOME "$say" 'echo user $USER home $HOME'
one_line "TMPDIR that is not there" "TMPDIR is /nonexistent/job123*unset TMPDIR" env TMPDIR=/nonexistent/job123 "$copy/scripts/setup.sh" --check
one_line "TMPDIR that is a file" "TMPDIR is $work/bash_env*unset TMPDIR" env TMPDIR="$work/bash_env" "$copy/scripts/demo.sh"
check "TMPDIR that is relative" 0 "$work/bin" bash -c 'cd "$2"; TMPDIR=bin exec "$1" "cd /; echo \$TMPDIR"' sh "$say" "$work"
check "a working folder that was removed" 0 "setup.sh \[OPTION\]" bash -c 'mkdir "$2/gone"; cd "$2/gone"; rmdir "$2/gone"
  exec "$1/scripts/setup.sh" --help' sh "$copy" "$work"
if [ "$(id -u)" = 0 ]; then
  one_line "TMPDIR in which this user may not write" "TMPDIR is $work/home*unset TMPDIR" \
    setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$work/home" "$copy/scripts/present.sh"
fi

# --- the site's file --------------------------------------------------------------------------

echo "--- site.env"
# site LINE: a file of settings as an editor on Windows saves it.
site() { printf '\xef\xbb\xbf# settings\r\n%s\r\n' "$1" >"$work/site.env"; }
site 'MPI_LAUNCHER="srun --mpi=pmi2"'
check "carriage returns and a byte order mark" 0 "\[srun --mpi=pmi2\]\[\]" env SITE_ENV="$work/site.env" \
  "$say" 'read_site; echo "[$MPI_LAUNCHER][$GPU_PARTITION]"'
site 'GPU_PARTITION='
if ! "$say" gpu_likely; then
  check "an empty GPU_PARTITION with a carriage return is no partition" 1 "" env SITE_ENV="$work/site.env" "$say" gpu_likely
fi
one_line "SITE_ENV that is not there" "cannot read the settings of the site, /none*SITE_ENV" \
  env SITE_ENV=/none "$copy/scripts/setup.sh" --check

# --- the build --------------------------------------------------------------------------------

echo "--- where cargo builds"
shown='find_target; echo "<$target>"'
check "target/ of a folder with blanks" 0 "<*übung \[x\] \$HOME 'q'/target>" "$say" "$shown"
check "CARGO_TARGET_DIR" 0 "</a \"b\" \\\\c>" env CARGO_TARGET_DIR='/a "b" \c' "$say" "$shown"
check "CARGO_BUILD_TARGET_DIR" 0 "</x>" env CARGO_BUILD_TARGET_DIR=/x "$say" "$shown"
check "without cargo, too" 0 "</x>" "${without_rust[@]}" CARGO_BUILD_TARGET_DIR=/x "$say" "$shown"
mkdir "$work/cargo-home"
printf '[build]\ntarget-dir = "/from/a file"\n' >"$work/cargo-home/config.toml"
check "target-dir of a configuration file" 0 "</from/a file>" env -u CARGO_TARGET_DIR \
  RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" CARGO_HOME="$work/cargo-home" "$say" "$shown"
site 'SCRATCH=/scratch/me'
check "SCRATCH of the site, for what is built, too" 0 "</scratch/me/target></scratch/me/target>" \
  env -u CARGO_TARGET_DIR SITE_ENV="$work/site.env" "$say" 'find_target; echo "<$target><$CARGO_TARGET_DIR>"'

echo "--- without Rust"
for script in demo.sh present.sh "compare-python.sh level1"; do
  read -ra words <<<"$script"
  one_line "${words[0]} without cargo" "there is no cargo here; *setup.sh --check" \
    "${without_rust[@]}" "$copy/scripts/${words[0]}" "${words[@]:1}"
done
check "present.sh --replay needs none" 0 "Done in" "${without_rust[@]}" "$copy/scripts/present.sh" --replay
check "--check names a cure" 1 "MISSING  rust             type: curl*Still missing: rust" "${without_rust[@]}" "$copy/scripts/setup.sh" --check
check "--check calls nothing ready" 0 "none" bash -c '"$@" | grep "Ready to run" || echo none' sh \
  "${without_rust[@]}" "$copy/scripts/setup.sh" --check
mkdir -p "$work/old/bin" "$work/home/.cargo/bin"
printf '#!/bin/sh\necho "${0##*/} 1.75.0"\n' | tee "$work/old/bin/rustc" >"$work/old/bin/cargo"
chmod +x "$work"/old/bin/*
check "an old Rust from a package, no rustup" 1 "is 1.75.0, and 1.* is needed; type: curl" \
  env PATH="$work/old/bin:$work/bin" HOME="$work/home" CARGO_HOME="$work/home/.cargo" "$copy/scripts/setup.sh" --check
ln -s /bin/true "$work/home/.cargo/bin/rustup"
check "rustup is installed, but not in PATH" 1 "type: . $work/home/.cargo/env" "${without_rust[@]}" "$copy/scripts/setup.sh" --check

# --- CPUs -------------------------------------------------------------------------------------

echo "--- how many CPUs"
cargo build --quiet --release -p level1-cores --examples
# programs_say COMMAND...: the CPUs that level 1 counts, started by a command.
programs_say() {
  rm -f "$work/cpus.jsonl"
  "$@" "$target/release/examples/level1_crossover" --tasks 2 --workers 1 --json "$work/cpus.jsonl" >/dev/null
  json cpus <"$work/cpus.jsonl"
}
all=$(programs_say env)
check "as many as the programs say" 0 "<$all>" "$say" 'echo "<$(cores)>"'
for value in 1 64; do
  check "OMP_NUM_THREADS=$value" 0 "<$all>" env OMP_NUM_THREADS=$value OMP_THREAD_LIMIT=$value "$say" 'echo "<$(cores)>"'
done
first=$("$say" cpus_of_mask | head -n 1)
check "taskset to one" 0 "<$(programs_say taskset -c "$first")>" taskset -c "$first" "$say" 'echo "<$(cores)>"'
check "demo.sh with OMP_NUM_THREADS=1" 0 "Summary: *, $(some "$all" core), *on $(some "$all" worker)" \
  env -u SLURM_CPUS_PER_TASK OMP_NUM_THREADS=1 scripts/demo.sh --level 1 --quick
check "demo.sh on one CPU says so in good English" 0 "Summary: *, 1 core, *on 1 worker)" \
  env -u SLURM_CPUS_PER_TASK taskset -c "$first" scripts/demo.sh --level 1 --quick
ln -s "$target" "$work/other target"
check "demo.sh with CARGO_BUILD_TARGET_DIR" 0 "Summary: *computing:" \
  env -u CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR="$work/other target" scripts/demo.sh --level 1 --quick
check "--check in a job of $all CPUs with OMP_NUM_THREADS=1" 0 "ok *7: $all CPUs per task, $all usable here" \
  env OMP_NUM_THREADS=1 SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK="$all" "$say" check_job
check "--check with a job's variables, when the job is over" 0 "there is no such job: it is over; type: unset" \
  env SLURM_JOB_ID=999999 scripts/setup.sh --check
# A control group with a quota: of version 1 or 2, as this machine has it.
if [ -w /sys/fs/cgroup/cpu/cgroup.procs ] && mkdir "/sys/fs/cgroup/cpu/test-$$" 2>/dev/null; then
  group=/sys/fs/cgroup/cpu/test-$$
  # quota CPU_PERCENT
  quota() { echo 100000 >"$group/cpu.cfs_period_us"; echo $(($1 * 1000)) >"$group/cpu.cfs_quota_us"; }
elif [ -w /sys/fs/cgroup/cgroup.subtree_control ] && grep -qw cpu /sys/fs/cgroup/cgroup.subtree_control &&
  mkdir "/sys/fs/cgroup/test-$$" 2>/dev/null; then
  group=/sys/fs/cgroup/test-$$
  quota() { echo "$(($1 * 1000)) 100000" >"$group/cpu.max"; }
fi
if [ -n "$group" ]; then
  in_group=(bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$group")
  for percent in 50 100 190 200 1000; do
    quota $percent
    check "a quota of $percent % of a CPU" 0 "<$(programs_say "${in_group[@]}")>" "${in_group[@]}" "$say" 'echo "<$(cores)>"'
  done
else
  skip "a control group's quota" "this machine lets us make no control group"
fi

# --- the demonstration ------------------------------------------------------------------------

echo "--- the demonstration"
check "the job of level 1 runs the demonstration's steps, with Slurm's workers" 0 "the same" "$say" '
  play() { if [[ $1 = level1-* ]]; then echo "${@:4}"; fi; }
  plain() { sed -E "s/ --(workers [0-9]+|guess|timeline)//g" | sort; }
  diff <(steps_of 1 | plain) <(sed -n "s#^on_cores .*/\(level1_[a-z]*\)\"#\1#p" "$repo/scripts/slurm/level1.sbatch" | plain)
  echo the same'

check "scaling.sh has a row for every number of ranks" 0 "    1  *ms*    2  *ms" \
  "$repo/scripts/scaling.sh" pi --ranks 1,2 --repeat 1 --size 1000000 --out "$work/charts"
for records in "$work/none/records" /dev/full "$work"; do
  one_line "scaling.sh --json ${records##*/}" "--json: $records is not a file that can be written" \
    "$repo/scripts/scaling.sh" pi --json "$records"
done

# --- MNIST ------------------------------------------------------------------------------------

echo "--- MNIST"
mkdir "$work/www" "$work/get"
head -c 1000000 /dev/urandom >"$work/www/train-images-idx3-ubyte.gz"
# A mirror that delivers something else, and one that stalls after its first bytes.
cat >"$work/server.py" <<'TEXT'
import http.server, os, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith("/stalls"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"some")
        self.wfile.flush()
        time.sleep(600)
os.chdir(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
TEXT
mkfifo "$work/port"
python3 "$work/server.py" "$work/www" >"$work/port" 2>/dev/null &
server=$!
read -r port <"$work/port"
mirror=http://127.0.0.1:$port
get=(env MNIST_MIRRORS="$mirror" "$copy/scripts/get-mnist.sh")

check "a mirror that delivers something else" 1 "delivered something else*no mirror delivered*" "${get[@]}" "$work/get/a b"
check "its hint names the folder that was asked for" 1 "get-mnist.sh $work/get/a\\\\ b" "${get[@]}" "$work/get/a b"
check "no network" 1 "is there a network here" env MNIST_MIRRORS=http://127.0.0.1:9 "$copy/scripts/get-mnist.sh" "$work/get/a"
check "a mirror that stalls is given up" 1 "asking $mirror/stalls*did not deliver it" \
  env MNIST_MIRRORS="$mirror/stalls" "$copy/scripts/get-mnist.sh" "$work/get/s"
check "a folder that cannot be made" 1 "cannot make the folder*Not a directory" "${get[@]}" "$work/bash_env/x"
one_line "two folders" "get-mnist.sh takes one folder" "${get[@]}" "$work/a" "$work/b"
mkdir -p "$work/get/f/train-images-idx3-ubyte.gz"
check "a folder named like a file" 1 "is a folder; move it away and type again" "${get[@]}" "$work/get/f"
if [ "$(id -u)" = 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=64k tmpfs "$work/full" 2>/dev/null; then
  mounted+=("$work/full")
  check "a full disk is not the network's fault" 1 "cannot write in*MB left there" "${get[@]}" "$work/full"
  mkdir "$work/nowget"
  find "$work/bin" ! -name curl -type l -exec cp -Pt "$work/nowget" {} +
  rm -f "$work"/full/.*.part
  check "nor with wget" 1 "cannot write in*MB left there" env PATH="$work/nowget" MNIST_MIRRORS="$mirror" "$copy/scripts/get-mnist.sh" "$work/full"
  mount -o remount,ro "$work/full"
  check "nor is a file system that is read-only" 1 "cannot write in*MB left there" "${get[@]}" "$work/full"
else
  skip "a full disk" "only root can make a small file system"
fi
other=()
if [ "$(id -u)" = 0 ]; then
  other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  check "a folder in which this user may not write" 1 "cannot write in" "${other[@]}" "${get[@]}" "$work/get"
fi

# What --check says about MNIST is what level 3 says: its own tests know the faults of files.
check_mnist() {
  check "$1" "$2" "$3" env MNIST_DIR="$4" CARGO_TARGET_DIR="$target" "${without_rust[@]}" "$copy/scripts/setup.sh" --check
}
check "--check: without the program it is not looked at" 1 "MNIST*not looked at*room*Still missing" \
  env CARGO_TARGET_DIR="$work/none" "${without_rust[@]}" "$copy/scripts/setup.sh" --check
if [ -x "$target/release/examples/level3_mnist" ]; then
  mkdir -p "$work/mnist" "$work/m m"
  mkfifo "$work/mnist/train-images.idx3-ubyte"
  check_mnist "--check: a FIFO with such a name does not hang, and the table goes on" 1 "MNIST*it is a pipe*room*Still missing" "$work/mnist"
  rm "$work/mnist/train-images.idx3-ubyte"
  head -c 200000000 /dev/zero | gzip -1 >"$work/mnist/train-images-idx3-ubyte.gz"
  check_mnist "--check: 200 MB of zeros" 1 "train-images-idx3-ubyte.gz: it holds more than" "$work/mnist"
  rm "$work/mnist/train-images-idx3-ubyte.gz"
  check_mnist "--check: the advice is quoted, with the folder it is about" 1 "get-mnist.sh '$work/m m'" "$work/m m"
  check "and can be typed where it was given" 0 "get-mnist.sh \[DIR\]" env -u MNIST_DIR CARGO_TARGET_DIR="$target" bash -c 'cd /
    advice=$("$1/scripts/setup.sh" --check | sed -n "s/.*(\(.*get-mnist.sh\) fetches.*/\1/p"); eval "$advice --help"' sh "$copy"
else
  skip "what --check says about MNIST" "level 3 is not built"
fi
real=${MNIST_DIR:-$repo/data/mnist}
if [ -e "$real/t10k-labels-idx1-ubyte.gz" ] && [ -e "$real/train-images-idx3-ubyte.gz" ]; then
  ln -s "$real"/*.gz "$work/www/" 2>/dev/null || ln -sf "$real"/*.gz "$work/www/"
  check "it downloads" 0 "MNIST is in*export MNIST_DIR=$work/get/new\\\\ folder" "${get[@]}" "$work/get/new folder"
  check "and leaves alone what is right" 0 "there already, checksum right" "${get[@]}" "$work/get/new folder"
  (cd "$work/get/new folder" && rm train-labels-idx1-ubyte.gz && head -c 5000 /dev/urandom >.train-labels-idx1-ubyte.gz.part)
  check "a part of something else is fetched from the beginning" 0 "train-labels-idx1-ubyte: downloaded" "${get[@]}" "$work/get/new folder"
  (cd "$work/get/new folder" && gzip -dc t10k-labels-idx1-ubyte.gz >plain && rm t10k-labels-idx1-ubyte.gz &&
    { head -c 5000 plain | gzip; tail -c +5001 plain | gzip; } >t10k-labels.idx1-ubyte.gz)
  check "a name with a dot, and two members in one archive" 0 "t10k-labels-idx1-ubyte: there already" "${get[@]}" "$work/get/new folder"
  if [ -x "$target/release/examples/level3_mnist" ]; then
    check_mnist "--check sees the same" 1 "four files with the right checksums" "$work/get/new folder"
  fi
  if [ -n "${other[*]}" ]; then
    chmod 0 "$work/get/new folder/t10k-labels.idx1-ubyte.gz"
    chmod 777 "$work/get/new folder"
    check "a file that this user may not read" 1 "permission denied" "${other[@]}" "${get[@]}" "$work/get/new folder"
  fi
else
  skip "what needs the real MNIST" "there is none in $real"
fi

# --- Python -----------------------------------------------------------------------------------

echo "--- Python"
mkdir -p "$work/venv/bin"
ln -s "$(command -v python3)" "$work/venv/bin/python"
check "a half-made environment is made anew" 0 "pip " "$say" 'make_venv "$1" pip >&2 && "$1/bin/python" -m pip --version' "$work/venv"
ln -sf /none "$work/venv/bin/python"
check "one whose Python is gone, too" 0 "pip " env PYTHONHOME=/none PIP_USER=1 "$say" 'make_venv "$1" pip >&2 && "$1/bin/python" -m pip --version' "$work/venv"
if "$say" 'make_venv "$1" joblib' "$work/venv" >/dev/null 2>&1; then
  check "SLURM_CPUS_PER_TASK='' counts as unset" 0 "workers: 1" env SLURM_CPUS_PER_TASK= \
    "$work/venv/bin/python" examples/python/level1_joblib.py --weight 0 --tasks 2
else
  skip "SLURM_CPUS_PER_TASK='' for joblib" "joblib cannot be installed here"
fi

# --- the demonstration ------------------------------------------------------------------------

echo "--- the demonstration"
check "demo.sh goes on where a level cannot be built" 1 "Summary*level 2: could not be built" \
  env MPICC=/none CARGO_TARGET_DIR="$work/broken" CARGO_NET_OFFLINE=true PATH="$work/bin" RUSTUP_HOME=/none \
  bash -c 'ln -s /bin/false "$1/bin/cargo"; cd "$2" && scripts/demo.sh --level 2' sh "$work" "$copy"
check "the steps of the demonstration have recordings" 0 "" bash -c '
  for name in $("$1" "play() { echo \$1; }; for level in 1 2 3; do steps_of \$level; done"); do
    case $name in level3-cuda) ;; *) [ -e "$2/slides/runs/$name.txt" ] || { echo "no $name"; exit 1; } ;; esac
  done' sh "$say" "$repo"
for script in demo.sh present.sh; do
  one_line "$script --level 4" "--level takes 1, 2 or 3, not '4'" "$copy/scripts/$script" --level 4
  one_line "$script --level" "--level takes 1, 2 or 3, not ''" "$copy/scripts/$script" --level
done
one_line "present.sh --budget 08x" "--budget takes a time" "$copy/scripts/present.sh" --budget 08x
one_line "present.sh --budget 0" "--budget 0 is too short" "$copy/scripts/present.sh" --budget 0
if have script; then
  check "an arrow key is one key, and none of ours" 0 "the end of the first" bash -c '
    words=$(printf "\e[A\e[15~q" | script -qec "$(printf "%q " "$1/scripts/present.sh") --replay --level 2" /dev/null)
    [[ $words == *"The end."* && $words != *RECORDING*RECORDING* ]] && echo "the end of the first" || echo "$words"' sh "$copy"
fi

printf '\n%d checks passed, %d failed, %d skipped\n' "$passed" ${#failures[@]} ${#skipped[@]}
[ ${#failures[@]} -eq 0 ] || { printf 'failed: %s\n' "${failures[@]}"; exit 1; }
