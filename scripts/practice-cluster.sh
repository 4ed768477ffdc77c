#!/usr/bin/env bash
# practice-cluster.sh COMMAND    A real Slurm cluster on one Linux machine, to practise on.
#
#   scripts/practice-cluster.sh up [NODES]   start it (4 nodes), or repair what is not running; with
#                                            --latency 200us and --bandwidth 1gbit, on a slow network
#   scripts/practice-cluster.sh status       what runs; sinfo and squeue
#   scripts/practice-cluster.sh shell        a shell on its login node: squeue, sbatch, salloc, ...
#   scripts/practice-cluster.sh run CMD      one command on its login node
#   scripts/practice-cluster.sh down         stop it and leave nothing behind
#
# Debian or Ubuntu, with root. The packages: scripts/setup.sh --practice-cluster
#
# Each node declares 64 CPUs, 16 GB and 2 GPUs, whatever the machine really has: jobs are queued
# and refused as on a big cluster, and run as fast as the machine allows. The GPUs are fake: Slurm
# hands them out (CUDA_VISIBLE_DEVICES), but no program can compute on them. In two things it is more
# lenient than a real cluster, which fences them with control groups: a job may use every CPU of the
# machine, and sees all GPUs that the machine really has.
#
# munge, slurmctld and one slurmd for each node run on the hosts of pretend-hosts.sh, on a network
# that never leaves the machine. One folder is written to: PRACTICE_CLUSTER_DIR
# (/var/lib/practice-cluster). Where a real Slurm or munge runs or is configured, it refuses.

. "$(dirname "$0")/setup/begin.sh"

DIR=${PRACTICE_CLUSTER_DIR:-/var/lib/practice-cluster}
MARK=made-by-practice-cluster
export PRETEND_HOSTS_DIR=$DIR/hosts
HOSTS=$repo/scripts/pretend-hosts.sh

on() { "$HOSTS" exec "$@"; } # HOST CMD...

# --- up ----------------------------------------------------------------------------------------

# Is this machine ours to practise on?
refuse_real_cluster() {
  local daemon file
  for daemon in munged slurmctld slurmd; do
    have "$daemon" || die "no '$daemon' here: scripts/setup.sh --practice-cluster"
    # Only what lives in our own PID namespace: another practice cluster is no real one.
    ! pgrep --exact --ns $$ --nslist pid "$daemon" >/dev/null ||
      die "$daemon runs here: a real cluster? If not: systemctl disable --now $daemon"
  done
  for file in /etc/slurm/slurm.conf "${SLURM_CONF:-}"; do
    [ ! -e "$file" ] || die "$file configures a real Slurm on this machine: practise on another one"
  done
}

up() { # [NODES] [--latency TIME] [--bandwidth RATE]
  local nodes=4 i
  if [[ ${1:-} =~ ^[^-] ]]; then nodes=$1 && shift; fi
  [ ! -e "$DIR" ] || [ -e "$DIR/$MARK" ] ||
    die "$DIR exists and is not from this script: set PRACTICE_CLUSTER_DIR"
  refuse_real_cluster
  is_up || down >/dev/null # what a crash or a restart left
  mkdir -p "$DIR"
  chmod 755 "$DIR"
  touch "$DIR/$MARK"
  "$HOSTS" up "$nodes" "$@"
  [ -e "$DIR/etc/slurm.conf" ] || configure "$nodes"
  start_daemons "$nodes"
  # A node that is up is idle, or has jobs.
  for ((i = 0; i < 300; i++)); do
    [ "$(on login sinfo -hN -p free -t idle,alloc,mix 2>/dev/null | wc -l)" != "$nodes" ] || break
    sleep 0.2
  done
  if ((i == 300)); then
    tail -n 3 "$DIR"/log/*.log >&2
    die "the nodes did not report within a minute; $0 down, then try again" 1
  fi
  chmod 666 "$DIR/log/jobs.txt" # sacct -c opens it, as any user, the way slurmctld does
  on login sinfo
  echo "up. Next: $0 shell"
}

configure() { # NODES
  local nodes=$1 i gpu
  mkdir -p "$DIR"/{etc,log,munge,run,state,spool}
  for ((i = 1; i <= nodes; i++)); do mkdir -p "$DIR/spool/node$i"; done
  chmod 755 "$DIR"/{etc,log,munge,run,state,spool}
  dd if=/dev/urandom of="$DIR/munge/key" bs=128 count=1 status=none
  chmod 400 "$DIR/munge/key"
  chown -R munge: "$DIR/munge"

  for gpu in 0 1; do
    mknod "$DIR/run/gpu$gpu" c 1 3 # a second /dev/null, for something to call a GPU
    echo "Name=gpu File=$DIR/run/gpu$gpu"
  done >"$DIR/etc/gres.conf"

  # No cgroups: they belong to the real machine. Before 24.05 Slurm had no word for that.
  if printf '24.05\n%s\n' "$(slurmd -V | cut -d' ' -f2)" | sort -VC; then
    echo "CgroupPlugin=disabled"
  else
    printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=%s\n' "$DIR/no-cgroups"
  fi >"$DIR/etc/cgroup.conf"

  # A task's TMPDIR is its node's, which no other node sees.
  printf '#!/bin/sh\necho "export TMPDIR=%s"\n' "$DIR/hosts/tmp/\$SLURMD_NODENAME" >"$DIR/etc/task-prolog"
  chmod 755 "$DIR/etc/task-prolog"

  cat >"$DIR/etc/slurm.conf.new" <<END
ClusterName=practice
SlurmctldHost=login
SlurmUser=root
AuthType=auth/munge
# A job that starts again waits until its old credentials are void, and for the scheduler: here not for minutes.
AuthInfo=socket=$DIR/munge/socket,cred_expire=10
SchedulerParameters=sched_interval=5,bf_interval=5
MpiDefault=none
ReturnToService=2
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd-%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd-%n.log
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
TmpFS=$DIR/hosts/tmp/%n
TaskProlog=$DIR/etc/task-prolog

# What a big cluster refuses, this one refuses too.
EnforcePartLimits=ALL
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=200
GresTypes=gpu

# Without cgroups, a job that takes more memory than it asked for is found by looking, every second.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=UsePss,OverMemoryKill

# No database: finished jobs are lines in a file, which sacct -c reads.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobs.txt

# A node that does not answer for 20 seconds is down; its jobs end, and start again if they asked for it.
SlurmdTimeout=20
JobRequeue=0
KillWait=5
MinJobAge=3600

# salloc opens a shell on the node, not on the login node.
LaunchParameters=use_interactive_step

# More CPUs than the machine has.
SlurmdParameters=config_overrides
NodeName=node[1-$nodes] CPUs=64 Boards=1 SocketsPerBoard=2 CoresPerSocket=32 ThreadsPerCore=1 \\
  RealMemory=16000 Gres=gpu:2 State=UNKNOWN
PartitionName=free  Nodes=ALL Default=YES DefaultTime=00:10:00 MaxTime=04:00:00 PriorityTier=2
PartitionName=short Nodes=ALL DefaultTime=00:05:00 MaxTime=02:00:00 PriorityTier=1
END
  mv "$DIR/etc/slurm.conf.new" "$DIR/etc/slurm.conf"
}

start_daemons() { # NODES
  local i
  running munged "$DIR/munge/pid" || on login runuser -u munge -- munged --force \
    --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" --pid-file="$DIR/munge/pid" \
    --log-file="$DIR/munge/log" --seed-file="$DIR/munge/seed"
  # Inside the hosts, and only there, this is the machine's Slurm configuration.
  on login sh -c "mountpoint -q /etc/slurm || mount --bind '$DIR/etc' /etc/slurm"
  running slurmctld "$DIR/run/slurmctld.pid" || on login slurmctld
  for ((i = 1; i <= $1; i++)); do
    running slurmd "$DIR/run/slurmd-node$i.pid" && continue
    rm -rf "$DIR"/{spool,hosts/tmp}/"node$i"/*pmix* # what a crash left: a job could not start again there
    on "node$i" slurmd
  done
}

running() { # DAEMON PIDFILE: the number in the file counts inside the hosts
  # shellcheck disable=SC2016 # the inner shell expands it
  [ -s "$2" ] && on login sh -c '[ "$(cat "/proc/$(cat "$2")/comm" 2>/dev/null)" = "$1" ]' sh "$1" "$2"
}

# --- use ---------------------------------------------------------------------------------------

# is_up: whether there is a login node. It is not there either after an `up` that failed.
is_up() { on login true 2>/dev/null; }

# Runs a command on the login node as the person who typed it: with sudo, that is not root.
as_user() {
  local user=${SUDO_USER:-root}
  # shellcheck source=/dev/null
  . "$PRETEND_HOSTS_DIR/settings"
  on login runuser -u "$user" -- env HOME="$(getent passwd "$user" | cut -d: -f6)" USER="$user" LOGNAME="$user" "$@"
}

open_shell() {
  cat >"$DIR/bashrc" <<'END'
[ -r ~/.bashrc ] && . ~/.bashrc
PS1='[practice cluster] \u@\h:\w\$ '
END
  cat <<END
The login node of a practice cluster. Try: sinfo; squeue --me; sbatch scripts/slurm/level1.sbatch
It has no connection to the outside: build and download in another terminal. 'exit' leaves it.
END
  as_user bash --rcfile "$DIR/bashrc" -i
}

status() {
  echo "daemons:"
  on login ps -C munged,slurmctld,slurmd -o pid,etime,args
  echo
  on login sinfo
  echo
  on login squeue
}

down() {
  [ -e "$DIR" ] || { echo "down: it was not up"; return; }
  [ -e "$DIR/$MARK" ] || die "$DIR exists and is not from this script: it stays as it is"
  "$HOSTS" down >/dev/null
  rm -rf "$DIR"
  echo "down: nothing is left"
}

case ${1:-} in
  -h | --help) usage; exit ;;
  up | down) ;;
  status | shell | run) [ "$(id -u)" != 0 ] || is_up || die "not up: $0 up" ;;
  *) die "a command is missing, or '${1:-}' is none; try --help" ;;
esac
[ "$(id -u)" = 0 ] || die "needs root: sudo $0 $*"
command=$1
shift
case $command in
  up) up "$@" ;;
  status) status ;;
  shell) open_shell ;;
  run) [ $# -gt 0 ] || die "run takes a command"; as_user "$@" ;;
  down) down ;;
esac
