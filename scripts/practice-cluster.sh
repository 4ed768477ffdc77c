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
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"
self=$(quoted "$0") # for commands that are printed

DIR=${PRACTICE_CLUSTER_DIR:-/var/lib/practice-cluster}
MARK=made-by-practice-cluster
[[ $DIR =~ ^/[[:alnum:]_./-]+$ ]] ||
  die "PRACTICE_CLUSTER_DIR is '$DIR': Slurm takes a full path of letters, digits and ._- only"
export PRETEND_HOSTS_DIR=$DIR/hosts
HOSTS=$repo/scripts/pretend-hosts.sh

on() { "$HOSTS" exec "$@"; } # HOST CMD...

# --- is this machine ours to practise on? ------------------------------------------------------

refuse_real_cluster() {
  local daemon pid file
  for daemon in munged slurmctld slurmd slurmdbd; do
    # Only what lives in our own PID namespace: another practice cluster is no real one.
    for pid in $(pids_of "$daemon"); do
      [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue
      die "$daemon runs here (process $pid): a real cluster? If not: systemctl disable --now $daemon"
    done
  done
  for file in /etc/slurm/slurm.conf /etc/slurm-llnl/slurm.conf "${SLURM_CONF:-}"; do
    [ -e "$file" ] && die "$file configures a real Slurm on this machine: practise on another one"
  done
  [ -z "${SLURM_JOB_ID:-}" ] || die "this is inside Slurm job $SLURM_JOB_ID: leave it first"
}

pids_of() { # NAME: without pgrep, which a small container may lack
  local process
  for process in /proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" = "$1" ] || continue
    [ -n "$(tr -d '\0' <"$process/cmdline" 2>/dev/null)" ] && basename "$process" # else a zombie
  done
  true
}

require_packages() {
  local tool
  for tool in munged slurmctld slurmd sinfo; do
    have "$tool" || die "no '$tool' here: scripts/setup.sh --practice-cluster"
  done
  getent passwd munge >/dev/null || die "no user 'munge' here: scripts/setup.sh --practice-cluster"
}

# --- up ----------------------------------------------------------------------------------------

up() { # [NODES] [--latency TIME] [--bandwidth RATE]
  local nodes=4 i
  if [[ ${1:-} != -* ]]; then nodes=${1:-4} && shift $(($# > 0)); fi
  [[ $nodes =~ ^[1-9][0-9]?$ ]] || die "'$nodes' is not a number of nodes from 1 to 99"
  [ ! -e "$DIR" ] || [ -e "$DIR/$MARK" ] ||
    die "$DIR exists and is not from this script: set PRACTICE_CLUSTER_DIR"
  refuse_real_cluster
  require_packages
  is_up || down >/dev/null # what a crash or a restart left
  mkdir -p "$DIR"
  chmod 755 "$DIR"
  touch "$DIR/$MARK"
  "$HOSTS" up "$nodes" "$@"
  [ -e "$DIR/etc/slurm.conf" ] || configure "$nodes"
  start_daemons "$nodes"
  for ((i = 0; i < 300; i++)); do
    # A node that is up is idle, or has jobs.
    [ "$(on login sinfo -h -p free -t idle,alloc,mix -o %D 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')" \
      = "$nodes" ] && break
    sleep 0.2
  done
  if ((i == 300)); then
    tail -n 3 "$DIR"/log/*.log >&2
    die "the nodes did not report within a minute; $self down, then try again"
  fi
  chmod 666 "$DIR/log/jobs.txt" # sacct -c opens it, as any user, the way slurmctld does
  on login sinfo
  echo "up. Next: $self shell"
}

configure() { # NODES
  local nodes=$1 node gpu
  mkdir -p "$DIR"/{etc,log,munge,run,state,spool}
  for node in $(seq --format 'node%.0f' "$nodes"); do mkdir -p "$DIR/spool/$node"; done
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

  cat >"$DIR/etc/slurm.conf.new" <<END
ClusterName=practice
SlurmctldHost=login
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket
MpiDefault=none
ReturnToService=2
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd-%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd-%n.log
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
TmpFS=$DIR/hosts/tmp/%n

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

# A task's TMPDIR is its node's, which no other node sees.
TaskProlog=$DIR/etc/task-prolog

# No database: finished jobs are lines in a file, which sacct -c reads.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobs.txt

# A node that does not answer for 20 seconds is down; its jobs end and are not started again.
SlurmdTimeout=20
JobRequeue=0
KillWait=5
MinJobAge=3600

# salloc opens a shell on the node, not on the login node.
LaunchParameters=use_interactive_step

# More CPUs than the machine has.
SlurmdParameters=config_overrides
NodeName=node[1-$nodes] CPUs=64 Boards=1 SocketsPerBoard=2 CoresPerSocket=32 ThreadsPerCore=1 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
PartitionName=free  Nodes=ALL Default=YES DefaultTime=00:10:00 MaxTime=04:00:00 PriorityTier=2
PartitionName=short Nodes=ALL DefaultTime=00:05:00 MaxTime=02:00:00 PriorityTier=1
END
  cat >"$DIR/etc/task-prolog" <<END
#!/bin/sh
echo "export TMPDIR=$DIR/hosts/tmp/\$SLURMD_NODENAME"
END
  chmod 755 "$DIR/etc/task-prolog"
  mv "$DIR/etc/slurm.conf.new" "$DIR/etc/slurm.conf"
}

start_daemons() { # NODES
  local node
  running munged "$DIR/munge/pid" || on login runuser -u munge -- munged --force \
    --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" --pid-file="$DIR/munge/pid" \
    --log-file="$DIR/munge/log" --seed-file="$DIR/munge/seed"
  # Inside the hosts, and only there, this is the machine's Slurm configuration.
  on login sh -c "mountpoint -q /etc/slurm || mount --bind '$DIR/etc' /etc/slurm"
  running slurmctld "$DIR/run/slurmctld.pid" || on login slurmctld
  for node in $(seq --format 'node%.0f' "$1"); do
    running slurmd "$DIR/run/slurmd-$node.pid" || on "$node" slurmd
  done
}

running() { # DAEMON PIDFILE: the number in the file counts inside the hosts
  # shellcheck disable=SC2016 # the inner shell expands it
  [ -s "$2" ] && on login sh -c '[ "$(cat "/proc/$(cat "$2")/comm" 2>/dev/null)" = "$1" ]' sh "$1" "$2"
}

# --- use ---------------------------------------------------------------------------------------

# is_up: whether there is a login node. It is not there either after an `up` that failed.
is_up() { "$HOSTS" exec login true 2>/dev/null; }

# Runs a command on the login node as the person who typed it: with sudo, that is not root.
as_user() {
  # shellcheck source=/dev/null
  source "$PRETEND_HOSTS_DIR/settings"
  if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
    on login runuser -u "$SUDO_USER" -- env HOME="$(getent passwd "$SUDO_USER" | cut -d: -f6)" "$@"
  else
    on login "$@"
  fi
}

open_shell() {
  cat >"$DIR/bashrc" <<'END'
[ -r ~/.bashrc ] && . ~/.bashrc
PS1='[practice cluster] \u@\h:\w\$ '
END
  cat <<END
The login node of a practice cluster. Try: sinfo; squeue --me; scripts/slurm/submit.sh level1
It has no connection to the outside: build and download in another terminal. 'exit' leaves it.
END
  as_user bash --rcfile "$DIR/bashrc" -i
}

status() {
  is_up || die "not up: $self up" 1
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
  -h | --help | help) usage; exit ;;
  up | status | shell | run | down) ;;
  *) die "a command is missing, or '${1:-}' is none; try --help" ;;
esac
[ "$(id -u)" = 0 ] || die "needs root: $(quoted sudo "$0" "$@")"
case $1 in
  up) shift; up "$@" ;;
  status) status ;;
  shell) is_up || die "not up: $self up"; open_shell ;;
  run) [ $# -ge 2 ] || die "run takes a command"; shift
    is_up || die "not up: $self up"; as_user "$@" ;;
  down) down ;;
esac
