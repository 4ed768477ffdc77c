#!/usr/bin/env bash
# test-cluster.sh    Check the practice cluster, and every job script on it as a plain user. Needs root.
#
# It starts a practice cluster of its own, submits the jobs as a new user from a copy of the repository,
# reads what they wrote, asks for what cannot be had, breaks things, and takes the cluster down. The
# lessons and `cargo workshop` must have been built (--release): scripts/test.sh cluster does both.

# shellcheck disable=SC2016 # in single quotes: shells on the cluster expand it, not this one
. "$(dirname "$0")/../setup/begin.sh"
case ${1:-} in -h | --help) usage; exit ;; esac
[ "$(id -u)" = 0 ] || die "needs root: sudo $0"

export PRACTICE_CLUSTER_DIR=/var/lib/practice-cluster-test # beside one that may be in use
cluster=$repo/scripts/practice-cluster.sh
release=${CARGO_TARGET_DIR:-$repo/target}/release
user=practice-student copy=/home/practice-student/workshop
unset CARGO_TARGET_DIR SUDO_USER MNIST_DIR # a job inherits what is set: here it draws its own digits
cd "$repo" && work=$(mktemp -d)

finish() {
  "$cluster" down >/dev/null || true
  userdel --remove --force $user 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

passed=0 failed=0

# check SENTENCE COMMAND...: a failed check is reported and does not stop the others.
check() {
  if "${@:2}" >"$work/check" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $1"
  else
    failed=$((failed + 1))
    echo "FAILED  $1"
    tail -n 60 "$work/check"
  fi
}

as_root() { timeout 900 "$cluster" run "$@"; }
as_user() { (cd "$copy" && SUDO_USER=$user as_root "$@"); } # as if it had been typed with sudo

# says PATTERN COMMAND...: the command ends well, and its words contain that.
says() { "${@:2}" >"$work/words" 2>&1 && cat "$work/words" && grep -qE -- "$1" "$work/words"; }

# refused PATTERN COMMAND...: the command fails and says why.
refused() { ! "${@:2}" >"$work/words" 2>&1 && cat "$work/words" && grep -qE -- "$1" "$work/words"; }

# job NAME PATTERN TIMES...: a job script ends well, and writes lines like these, so often.
job() {
  local words found
  words=$(as_user sbatch --wait "scripts/slurm/$1.sbatch") || echo "sbatch ended with status $?"
  output=$copy/$1-${words##* }.out
  cat "$output" && [ "$(state "${words##* }")" = COMPLETED ] || return
  while [ $# -gt 2 ]; do
    found=$(grep -cE -- "$2" "$output") || true
    [ "$found" = "$3" ] || { echo "$found lines like '$2', not $3" && return 1; }
    shift 2
  done
}

batch() { as_root sbatch --parsable --output="$work/%j.out" "$@"; } # a job of one line; prints its number
state() { as_root squeue --noheader --states=all --jobs="$1" --format=%T; }

# becomes STATE NUMBER: waits until a job is in that state.
becomes() {
  local second
  for ((second = 0; second < 150; second++)); do
    [ "$(state "$2")" != "$1" ] || return 0
    sleep 1
  done
  as_root scontrol show job "$2" && return 1
}

# machine: what must be the same afterwards: addresses, mounts, daemons, folders.
machine() {
  ip -brief address
  findmnt --raw --noheadings --output TARGET | sort
  pgrep --runstates D,R,S --list-full 'munged|slurm|unshare' || true # no zombies
  ls -d /var/lib/*practice* /var/lib/*pretend* /etc/slurm/* 2>/dev/null || true
}

# One that may start again. It saves at once; and with one number of steps, all of them end with the same plate.
requeue() { as_user env STEPS=20000 EVERY=0 sbatch --parsable "$@" scripts/slurm/level2-requeue.sbatch; }
saved() { # JOB: waits until its checkpoint holds a step
  timeout 60 sh -c 'until [ "$(od -An -t u8 -j 16 -N 8 "$0")" -gt 0 ]; do sleep 0.2; done' "$copy/heat-$1.checkpoint"
}
went_on() { becomes COMPLETED "$1" && says 'holds step [0-9]+ of 20000: going on' cat "$copy/level2-requeue-$1.out"; }

as_before() { sleep 1 && machine | diff "$work/before" -; } # the kernel takes a moment

step "Up"
"$cluster" down >/dev/null # what an interrupted test left
machine >"$work/before"
check "a real slurm.conf is respected" refused "configures a real Slurm" \
  unshare --mount sh -c "mount -t tmpfs none /etc/slurm && touch /etc/slurm/slurm.conf && $cluster up"
cp "$(command -v sleep)" "$work/munged"
check "a real munge is respected" refused "munged runs here" \
  unshare --pid --fork --mount-proc bash -c "$work/munged 60 & sleep 0.5; $cluster up"
check "before up, it says that it is not up" refused "not up" "$cluster" run true
check "it starts" timeout 120 "$cluster" up 4
check "up, once more, changes nothing" says "already up" "$cluster" up 4
[ $failed = 0 ] || die "without a cluster there is nothing to check" 1
useradd --create-home $user
mkdir -p "$copy/target/release/examples"
cp -r scripts README.md "$copy"
cp "$release"/examples/level{1_cores,1_crossover,2_hello,2_pi,2_heat,3_mnist} "$copy/target/release/examples"
cp "$release/workshop" "$copy/target/release"
chown -R $user: "$copy"
limited=$(batch --time=1 --wrap 'sleep 600') # this takes its time, and is looked at later

step "The jobs, submitted by a user"
told=$(requeue)
check "level2-requeue: told to end, it saves, and waits to start again" \
  eval "saved $told && as_root scancel --signal=USR1 $told && becomes PENDING $told"
speedup='^(speedup |no speedup: )' # one that is right, or why there is none
pi='^pi +3\.14159265358[0-9]+'
check "level1: all CPUs that it asked for" job level1 '^4 workers \(SLURM_CPUS_PER_TASK\)' 4 '3 waves of 0.5 s' 1
check "level2: pi by 1, 2, 4 and 16 ranks" job level2 '^rank [0-3] of 4 on node' 8 "$pi" 4 "$speedup" 3
for launcher in srun mpirun; do
  [ $launcher = srun ] || echo "LAUNCH=$launcher" >>"$copy/scripts/slurm/site.env"
  check "level2-multinode by $launcher: 4 ranks on each node" job level2-multinode "^\+ $launcher " 5 \
    ' on node1$' 4 ' on node2$' 4 ' on node3$' 4 ' on node4$' 4 "$pi" 2 '^fingerprint ' 2 "$speedup" 2
  check "  and the same plate as by one rank" [ "$(grep '^fingerprint' "$output" | sort -u | wc -l)" = 1 ]
done
cp scripts/slurm/site.env "$copy/scripts/slurm"
check "level3: a GPU on which nothing can compute, and no MNIST" job level3 '^data: synthetic digits' 2 \
  '^no GPU: .*taking the CPU' 1 '^accuracy: 9[0-9]\.' 2
check "the same without --gres" says 'taking the CPU' as_user \
  srun -c 4 target/release/examples/level3_mnist --device gpu --batch-size 512 --images 2000
check "scaling: strong and weak, five rows each" job scaling \
  '^ +(1|2|4|8|16) +[0-9.]+ .?s +([0-9.]+ x +[0-9]+ %( +a part.*)?$|no speedup)' 10

step "An array"
array=$(as_user sbatch --parsable --hold scripts/slurm/level1-array.sbatch)
as_user scancel "${array}_7"
as_user scontrol release "$array"
as_user sbatch --wait --dependency="afterany:$array" --output=/dev/null --wrap true >/dev/null
check "a killed task is named" refused 'sbatch --array=7 ' as_user target/release/workshop merge
check "  and only it is missing" [ "$(wc -l <"$copy/array/all.jsonl")" = 7 ]
again="as_user sbatch --wait --array=7 scripts/slurm/level1-array.sbatch"
check "it runs alone, twice" eval "$again && $again"
check "  which completes the array" says '^8 records of 8' as_user target/release/workshop merge
check "  and is counted once" [ "$(wc -l <"$copy/array/all.jsonl")" = 8 ]

step "By hand"
check "one GPU with --gres" says '^GPU=[01]\.' as_user srun --gres=gpu:1 sh -c 'echo GPU=$CUDA_VISIBLE_DEVICES.'
check "none without" says '^GPU=\.' as_user srun sh -c 'echo GPU=$CUDA_VISIBLE_DEVICES.'
check "a lesson in salloc" says '^rank 3 of 4 on node' as_user salloc --ntasks=4 \
  bash -c '. scripts/slurm/site.env && $LAUNCH -n 4 $BIN/level2_hello'
check "salloc --mem-per-cpu, and srun --mem in it" says '^node' as_user salloc --mem-per-cpu=1G \
  bash -c '. scripts/slurm/site.env && srun --mem=500M hostname'
check "a job that is submitted in it" as_user salloc --mem-per-cpu=1G sbatch --wait scripts/slurm/level2.sbatch
check "mpirun in a job, as root" says '^rank 3 of 4 on node' as_root \
  salloc --ntasks=4 scripts/mpirun.sh -n 4 "$copy/target/release/examples/level2_hello"
for request in "--time=1-0:time limit" "--nodes=5:[Nn]ode count" "--gres=gpu:3:not available" \
  "--mem=17000M:not available" "--cpus-per-task=65:processors|CPU count" "--partition=nosuch:partition"; do
  check "refused: ${request%:*}" refused "${request##*:}" \
    as_user sbatch "${request%:*}" scripts/slurm/level2-multinode.sbatch
done
check "ended: more memory than asked for" refused 'exceeded memory limit' \
  as_user srun --mem=50M bash -c 'x=$(head -c 200M /dev/zero | tr "\0" x); sleep 60'
check "every command for a cluster in the documents" as_root "$release/workshop" truth --run cluster
find . -maxdepth 2 -newer "$work/before" \( -path './*.out' -o -path './heat-*' -o -path './baseline-*' -o -path './array/*' \) -delete

step "What can go wrong"
cancelled=$(batch --wrap 'srun sleep 600')
on_node4=$(batch --nodelist=node4 --wrap 'srun sleep 600')
check "two jobs run" eval "becomes RUNNING $cancelled && becomes RUNNING $on_node4 && sleep 2" # so do their steps
check "scancel ends one" eval "as_root scancel $cancelled && becomes CANCELLED $cancelled"
died=$(requeue --nodelist=node4)
check "a node dies: Slurm on node4 is killed, and what it runs" eval "saved $died &&
  as_root ssh node4 \"pkill -KILL --ns \\\$\\\$ --nslist net 'slurm|srun|level2'\""
check "  its job ends" becomes NODE_FAIL "$on_node4"
check "  sinfo says that the node is down" says node4 as_root sinfo -h -t down -o %N
check "  up repairs it" timeout 120 "$cluster" up 4
check "  and it takes jobs again" says node4 as_user srun --nodelist=node4 hostname
check "  one that may start again goes on from its checkpoint" went_on "$died"
check "  as one did that was told to end" went_on "$told"
check "  with the same plate" [ "$(grep -h '^fingerprint' "$copy"/level2-requeue-*.out | sort | uniq -c | grep -c ' 2 ')" = 1 ]
check "a job over its time limit ends, and says so" eval \
  "becomes TIMEOUT $limited && grep 'DUE TO TIME LIMIT' $work/$limited.out"

step "Down"
crash="sh -c 'kill -9 \$(cat $PRACTICE_CLUSTER_DIR/hosts/first); sleep 1'"
check "down" says "nothing is left" "$cluster" down
check "  leaves no address, mount, process or folder" as_before
check "up, a crash, and up with another number of nodes" eval "$cluster up 2 && $crash && $cluster up 1"
check "down after a crash" eval "$crash && $cluster down"
check "  leaves no address, mount, process or folder" as_before
check "down, once more, is no error" "$cluster" down

printf '\n%d checks passed, %d failed\n' $passed $failed
[ $failed = 0 ]
