#!/usr/bin/env bash
# test-cluster.sh    Check the practice cluster and every job script on it. Needs root.
#
# It starts a practice cluster of its own, submits the job scripts as they are, reads what they
# wrote, asks for what cannot be had, breaks things, and takes the cluster down. The examples must
# have been built (--release). It is the stage `cluster` of scripts/test.sh --cluster.
# shellcheck disable=SC2016 # in single quotes: shells on the cluster expand it, not this one
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../lib/prologue.sh"
case ${1:-} in
  '') ;;
  -h | --help) usage; exit ;;
  *) die "test-cluster.sh takes no arguments; try --help" ;;
esac
[ "$(id -u)" = 0 ] || die "needs root: sudo $0"
cd "$repo"
find_target
programs=$target/release/examples
here=$repo/scripts/practice

# A cluster beside one that may be in use.
export PRACTICE_CLUSTER_DIR=/var/lib/practice-cluster-test
cluster=scripts/practice-cluster.sh
submit=scripts/slurm/submit.sh
work=$(mktemp -d)
outputs=()
finish() {
  timeout 60 $cluster down >/dev/null || true
  rm -rf "$work"
  [ ${#outputs[@]} -eq 0 ] || rm -f "${outputs[@]}"
}
trap finish EXIT

passed=0 failures=()

# check SENTENCE COMMAND...: a failed check is reported and does not stop the others.
check() {
  local sentence=$1
  shift
  if "$@" >"$work/check" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $sentence"
  else
    failures+=("$sentence")
    echo "FAILED  $sentence"
    sed 's/^/        | /' "$work/check"
  fi
}

in_cluster() { timeout 120 $cluster run "$@"; }

# says TEXT COMMAND...: the command's words contain a text, however it ends.
says() {
  local text=$1 words
  shift
  words=$("$@" 2>&1) || true
  echo "$words"
  [[ $words == *"$text"* ]]
}

# refused TEXT COMMAND...: the command fails and says why.
refused() {
  local text=$1
  shift
  if "$@" >"$work/refused" 2>&1; then cat "$work/refused"; return 1; fi
  cat "$work/refused"
  grep -q -- "$text" "$work/refused"
}

# into FILE COMMAND...: the command ends well, and its words are in the file for the next checks.
into() {
  local file=$1
  shift
  "$@" >"$file" 2>&1 || { cat "$file"; return 1; }
}

# has FILE PATTERN [TIMES]: a file contains a line like that (so often).
has() {
  local found
  found=$(grep -cE -- "$2" "$1" || true)
  if [ "$found" != "${3:-$found}" ] || [ "$found" = 0 ] && [ "${3:-}" != 0 ]; then
    echo "$found lines like: $2"
    tail -n 60 "$1"
    return 1
  fi
}

# job_state NUMBER: COMPLETED, FAILED, ...
job_state() { in_cluster scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p'; }

# becomes STATE NUMBER SECONDS: waits until a job is in that state.
becomes() {
  local state='' second
  for ((second = 0; second < $3; second++)); do
    state=$(job_state "$2")
    [ "$state" != "$1" ] || return 0
    sleep 1
  done
  echo "after $3 s job $2 is $state, not $1"
  in_cluster scontrol show job "$2"
  return 1
}

# run_job NAME [OPTIONS...]: submits a job script, waits for its end; sets id, status and output.
run_job() {
  local name=$1
  status=0
  timeout 900 $cluster run $submit "$@" --wait >"$work/submit" 2>&1 || status=$?
  id=$(sed -n 's/^job \([0-9]*\)$/\1/p' "$work/submit")
  output=scripts/slurm/$name-$id.out
  outputs+=("$repo/$output")
  [ -e "$output" ] || { cat "$work/submit"; touch "$output"; }
}

# tour: every command for a cluster in the README and on the slides.
tour() {
  timeout 600 $cluster run "$target/release/truth" --run cluster README.md slides/deck.md
}

# batch [OPTIONS...]: submits a job of one line and prints its number.
batch() { in_cluster sbatch --parsable --output="$work/%j.out" "$@"; }

# What must be the same afterwards: interfaces, addresses, mounts.
settings() {
  ip -brief link
  ip -brief address
  cut -d' ' -f2,3 /proc/mounts | grep -v '^/tmp/' | sort # those of other programs come and go
}

# What must not have become more: processes of a cluster, namespaces, files.
belongings() {
  {
    for process in /proc/[0-9]*/cmdline; do
      { tr '\0' ' ' <"$process"; } 2>/dev/null | grep -oE 'become-first|munged|slurmctld|slurmd|slurmstepd' || true
    done | sort | uniq -c
    lsns --noheadings --output NS,TYPE | awk '$2 != "time"'
    ls -d /var/lib/* /run/* /etc/slurm* /etc/munge /dev/shm/* 2>/dev/null || true
  } | sort
}

remember() {
  settings >"$work/settings"
  belongings >"$work/belongings"
}

# same_machine: checks that it is again as it was remembered.
same_machine() {
  local try
  for try in 1 2 3 4 5; do # the kernel takes a moment, and other programs come and go
    settings >"$work/settings.now"
    belongings >"$work/belongings.now"
    comm -13 "$work/belongings" "$work/belongings.now" >"$work/more"
    [ -s "$work/more" ] || break
    sleep "$try"
  done
  check "interfaces, addresses and mounts are as they were" diff "$work/settings" "$work/settings.now"
  if [ "$(grep become-first "$work/belongings")" != "$(grep become-first "$work/belongings.now")" ]; then
    echo "note    somebody else's pretend hosts came or went meanwhile: processes not compared"
  else
    check "no process, namespace or file is left" diff /dev/null "$work/more"
  fi
}

# ----------------------------------------------------------------------------------------------

step "Before"
for program in level1_cores level1_crossover level2_hello level2_pi level2_heat level3_mnist; do
  [ -x "$programs/$program" ] || die "no $programs/$program: build it first"
done
[ -x "$target/release/truth" ] || die "no $target/release/truth here: cargo build --release -p truth"
timeout 60 $cluster down >/dev/null # what an interrupted test left
remember
check "a real slurm.conf is respected" refused "configures a real Slurm" \
  unshare --mount sh -c "mount -t tmpfs none /etc/slurm && touch /etc/slurm/slurm.conf && $cluster up"
check "a real munge is respected" refused "munged runs here" \
  sh -c "cp $(command -v sleep) $work/munged && { $work/munged 60 & pid=\$!; status=0; $cluster up || status=\$?; kill \$pid; exit \$status; }"
mkdir "$work/foreign"
check "a folder with a blank in its name is refused" refused "Slurm takes a full path" \
  env PRACTICE_CLUSTER_DIR="$work/a folder" $cluster up
check "a folder of somebody else is respected" refused "not from this script" \
  env PRACTICE_CLUSTER_DIR="$work/foreign" $cluster up

step "Up"
start=$SECONDS
mkdir -p "$PRACTICE_CLUSTER_DIR" && touch "$PRACTICE_CLUSTER_DIR/made-by-practice-cluster"
check "after an up that failed, it says that it is not up" refused "error: not up" $cluster run true
check "it starts" timeout 120 $cluster up 4
check "its first job answers" says node in_cluster srun hostname
echo "        from up to the first job's output: $((SECONDS - start)) s"
check "up, once more, changes nothing" says "already up" timeout 120 $cluster up 4
check "another number of nodes is refused" refused "4 hosts are up, not 3" $cluster up 3
check "status shows the nodes" says "free" $cluster status
[ ${#failures[@]} -eq 0 ] || { tail -n 20 "$PRACTICE_CLUSTER_DIR"/log/* 2>/dev/null || true; exit 1; }

step "The tour"
tour >"$work/tour" 2>&1 && status=0 || status=$?
check "every command of it in the README and on the slides works" \
  sh -c "cat $work/tour; [ $status = 0 ] || { tail -n 30 $repo/scripts/slurm/level2*.out; false; }"
in_cluster scancel --me
outputs+=("$repo"/scripts/slurm/level[12]*.out)

# This takes its time, so it starts now and is looked at later.
limited=$(batch --time=1 --wrap 'sleep 600')

step "Job scripts, as shipped"
run_job level1
check "level1 ends well" [ "$status" = 0 ]
check "level1 uses the CPUs it asked for, four times" has "$output" '^4 workers \(SLURM_CPUS_PER_TASK\)' 4
check "level1 shows parallel winning on tasks that wait" has "$output" '^Parallel wins'
check "level1 says what it got" has "$output" '^CPUs +1 task x 4 CPUs'

run_job level2
check "level2 ends well" [ "$status" = 0 ]
for rank in 0 1 2 3; do
  check "level2: rank $rank greets, twice" has "$output" "^rank $rank of 4 on node" 2
done
for ranks in 1 2 4 16; do
  check "level2: pi by $ranks ranks" has "$output" "rectangles, $ranks ranks? on 1 host"
done
check "level2: pi is right, four times" has "$output" '^pi +3\.14159265358[0-9]+' 4
# A speedup is called one only where each rank had a CPU, and nobody disturbed it.
check "level2: a speedup for 2, 4 and 16 ranks, or why there is none" has "$output" '^(speedup |no speedup: )' 3

for launcher in "srun --mpi=pmix" mpirun; do
  sed "s/^MPI_LAUNCHER=.*/MPI_LAUNCHER=\"$launcher\"/" scripts/slurm/site.env >"$work/site.env"
  export SITE_ENV=$work/site.env
  run_job level2-multinode
  check "level2-multinode by $launcher ends well" [ "$status" = 0 ]
  for node in 1 2 3 4; do
    check "  four ranks on node$node" has "$output" "^rank [0-9]+ of 16 on node$node\$" 4
  done
  check "  it was started by $launcher" has "$output" "^\\\$ (scripts/)?${launcher}(\\.sh)? .*-n 16 .*level2_hello" 1
  check "  pi over four nodes" has "$output" 'rectangles, 16 ranks on 4 hosts'
  check "  heat over four nodes" has "$output" ' 16 ranks on 4 hosts, exchange'
  check "  heat is the same as with one rank" [ "$(sed -n 's/^fingerprint *\([0-9a-f]*\).*/\1/p' "$output" | sort | uniq -c | awk '{ print $1 }')" = 2 ]
  check "  speedups of pi and heat, or why there are none" has "$output" '^(speedup |no speedup: )' 2
done
unset SITE_ENV

cc -shared -fPIC -o "$work/late-node.so" "$here/late-node.c" -lpthread
export LD_PRELOAD=$work/late-node.so LATE_NODE=node4
run_job level2-multinode
unset LD_PRELOAD LATE_NODE
check "level2-multinode ends well when one node is late at its start" [ "$status" = 0 ]

rm -rf scripts/slurm/array
array=$(in_cluster $submit level1-array | sed -n 's/^job //p')
until [[ $(in_cluster squeue -h -r -j "${array}_7" -o %T) != PENDING ]]; do sleep 0.1; done
in_cluster scancel "${array}_7"
until [ -z "$(in_cluster squeue -h -n level1-array)" ]; do sleep 0.5; done
check "an array with a killed task names it" refused 'level1-array --array=7' in_cluster scripts/slurm/merge-array.sh "$work/array"
check "  and has the seven others" [ "$(wc -l <"$work/array")" = 7 ]
in_cluster $submit level1-array --array=7 --wait >/dev/null
in_cluster $submit level1-array --array=7 --wait >/dev/null
check "that task, run twice, completes it" in_cluster scripts/slurm/merge-array.sh "$work/array"
check "  and is counted once" [ "$(wc -l <"$work/array")" = 8 ]
rm -rf scripts/slurm/array
outputs+=("$repo"/scripts/slurm/level1-array-*.out)

run_job level3
check "level3 ends well" [ "$status" = 0 ]
check "level3 got a GPU from Slurm" has "$output" '^GPU +number [01] of this node'
check "level3 says that no driver answers" has "$output" 'has no NVIDIA driver: one run, on the CPU'
check "level3 learned" has "$output" '^accuracy:? +9[0-9]\.'

run_job level3 --gres=none
check "level3 without --gres ends well" [ "$status" = 0 ]
check "level3 without --gres names the flag" has "$output" '^This job has no GPU, because --gres=gpu:1 was forgotten'
check "level3 without --gres takes the CPU" has "$output" 'taking the CPU'
check "level3 without --gres learned" has "$output" '^accuracy:? +9[0-9]\.'
check "sacct -c knows the job" says COMPLETED in_cluster sacct -c -j "$id"

step "What Slurm hands out"
check "one GPU with --gres" says "GPU=0." in_cluster srun --gres=gpu:1 sh -c 'echo GPU=$CUDA_VISIBLE_DEVICES.'
check "none without" says "GPU=." in_cluster srun sh -c 'echo GPU=$CUDA_VISIBLE_DEVICES.'
check "one request for all three levels" says "4 CPUs a task, GPU 0." in_cluster \
  scripts/slurm/interactive.sh srun --ntasks=1 \
  sh -c 'echo "$SLURM_CPUS_PER_TASK CPUs a task, GPU $CUDA_VISIBLE_DEVICES."'
check "and its form without a GPU" says 'salloc --nodes=1 --ntasks=16 --cpus-per-task=4 --mem=4G --time=02:00:00' \
  in_cluster scripts/slurm/interactive.sh --cpu hostname

step "What cannot be had"
check "too long" refused "time limit" in_cluster $submit level1 --time=1-00:00:00
check "too many nodes" refused "[Nn]ode count" in_cluster $submit level2-multinode --nodes=5
check "too many GPUs" refused "configuration is not available" in_cluster $submit level3 --gres=gpu:3
check "too many CPUs" refused "CPU count\|configuration is not available" in_cluster $submit level1 --cpus-per-task=65
check "too much memory" refused "[Mm]emory\|configuration is not available" in_cluster $submit level1 --mem=17000M
check "no such partition" refused "partition" in_cluster $submit level1 --partition=nosuch
check "no such job script" refused "there is no job 'level9'" in_cluster $submit level9
check "a job script that is not submitted" refused "submit it: scripts/slurm/submit.sh level1" scripts/slurm/level1.sbatch
CARGO_TARGET_DIR=$work/nothing run_job level1
check "programs that were not built" has "$output" 'build first on the login node: cargo build --release -p level1-cores'
check "and the job fails" [ "$status" != 0 ]

step "More ranks than tasks"
four=(scripts/mpirun.sh -n 4 "$programs/level2_hello")
turns() { # TEXT COMMAND...: four ranks say hello, and one line says the text
  local text=$1
  shift
  into "$work/turns" "$@" && has "$work/turns" '^rank [0-3] of 4 on ' 4 && has "$work/turns" "^note: .*$text" 1
}
check "the demonstration in a job with one task" \
  into "$work/demo" in_cluster salloc --quiet --ntasks=1 --time=9 scripts/demo.sh --level 2 --quick
check "  comes to its summary" has "$work/demo" '^== Summary'
check "  with no row for hello" has "$work/demo" '^ +hello' 0
check "  with speedups" has "$work/demo" '[0-9] x +[0-9]+ %$'
check "four ranks in a job with three tasks" turns '4 ranks in job .* 3 tasks' \
  in_cluster salloc --quiet --ntasks=3 "${four[@]}"
check "four ranks in a job step" turns '4 ranks in job .* 1 task' in_cluster srun --ntasks=1 "${four[@]}"
check "four ranks, and the variables of a job that is over" turns 'SLURM_JOB_ID is 9999' \
  in_cluster env SLURM_JOB_ID=9999 SLURM_JOBID=9999 SLURM_NODELIST=node3 SLURM_JOB_NODELIST=node3 \
  SLURM_NNODES=1 SLURM_NTASKS=1 SLURM_TASKS_PER_NODE=1 "${four[@]}"
check "the variables of a job, where there is no Slurm" turns 'SLURM_JOB_ID is 9999' \
  env SLURM_JOB_ID=9999 SLURM_TASKS_PER_NODE=1 "${four[@]}"
run_job level2 --ntasks=3
check "level2 with three tasks ends well" [ "$status" = 0 ]
check "level2 with three tasks says that ranks take turns" has "$output" '^note: 16 ranks in a job with 3 tasks'

step "In a container that forbids process_vm_readv"
cd "$work" # heat leaves a baseline
check "heat ends well" into "$work/heat" "$here/without-process-vm.py" "$repo/scripts/mpirun.sh" -n 2 "$programs/level2_heat" \
  --size 600 --steps 20
check "  and Open MPI is silent" has "$work/heat" 'errno = 1' 0
cd "$repo"

step "What a node does not share"
check "each node has its own TMPDIR" says "tmp/node2" in_cluster srun --nodelist=node2 sh -c 'echo $TMPDIR'
check "a job that takes more memory than it asked for is ended" refused 'exceeded memory limit' \
  in_cluster srun --mem=50M perl -e '$x = "x" x 200_000_000; sleep 60'

step "What can go wrong"
cancelled=$(batch --wrap 'srun sleep 600')
check "a job to be cancelled runs" becomes RUNNING "$cancelled" 60
sleep 2 # until its step runs too
check "scancel" in_cluster scancel "$cancelled"
check "  ends it" becomes CANCELLED "$cancelled" 60
check "  and its output says so" has "$work/$cancelled.out" 'CANCELLED AT'

on_node4=$(batch --nodelist=node4 --wrap 'srun sleep 600')
check "a job on node4 runs" becomes RUNNING "$on_node4" 60
# The number in the file is the one that counts inside the cluster.
check "slurmd on node4 is killed" in_cluster ssh node4 "kill -9 \$(cat $PRACTICE_CLUSTER_DIR/run/slurmd-node4.pid)"
check "  its job ends" becomes NODE_FAIL "$on_node4" 120
check "  sinfo says that the node is down" says node4 in_cluster sinfo -h -t down -o %N
check "  the next job runs" says ready in_cluster srun --nodes=3 --exclude=node4 echo ready
check "  up repairs it" timeout 120 $cluster up 4
check "  and node4 takes jobs again" says node4 in_cluster srun --nodelist=node4 hostname

check "a job over its time limit ends" becomes TIMEOUT "$limited" 150
check "  and its output says so" has "$work/$limited.out" 'DUE TO TIME LIMIT'
check "the next job runs" says ready in_cluster srun echo ready

step "Down"
check "nothing is left" says "nothing is left" timeout 60 $cluster down
same_machine
check "it starts again" timeout 120 $cluster up 2
check "its first process is killed" sh -c "kill -9 \$(cat $PRACTICE_CLUSTER_DIR/hosts/first)"
sleep 1
check "up after the crash, with another number of nodes" timeout 120 $cluster up 1
check "its first process is killed again" sh -c "kill -9 \$(cat $PRACTICE_CLUSTER_DIR/hosts/first)"
sleep 1
check "down after the crash" says "nothing is left" timeout 60 $cluster down
same_machine
check "down, once more, is no error" timeout 60 $cluster down

echo
printf '%d checks passed, %d failed, in %d s\n' "$passed" ${#failures[@]} "$SECONDS"
[ ${#failures[@]} -eq 0 ] || printf '  %s\n' "${failures[@]}"
[ ${#failures[@]} -eq 0 ]
