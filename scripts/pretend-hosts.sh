#!/usr/bin/env bash
# pretend-hosts.sh COMMAND    Several "machines" with a network between them, on one. Needs root and Linux.
#
#   scripts/pretend-hosts.sh up [N]          make hosts login and node1 to nodeN (4); with
#                                            --latency 200us and --bandwidth 1gbit, on a slow network
#   scripts/pretend-hosts.sh exec HOST CMD   run a command on a host
#   scripts/pretend-hosts.sh mpirun ARGS     run mpirun on login; its ranks go to node1 to nodeN
#   scripts/pretend-hosts.sh cut HOST        unplug a host from the network
#   scripts/pretend-hosts.sh heal HOST       plug it in again
#   scripts/pretend-hosts.sh down            stop everything on the hosts and remove them
#
# For example, 8 ranks on 4 hosts, then tidy up:
#
#   scripts/pretend-hosts.sh up 4
#   scripts/pretend-hosts.sh mpirun -n 8 --map-by node target/release/examples/level2_hello
#   scripts/pretend-hosts.sh down
#
# PRETEND_HOSTS_DIR: the one folder that is written to (/var/lib/pretend-hosts). Another folder is
# another, independent set of hosts. PRETEND_HOSTS_SLOTS: how many ranks a host takes before the
# next one is used (4). MPIRUN: the launcher, such as mpirun.mpich (mpirun).
#
# How: a host is a network namespace (its own eth0 and address) and a UTS namespace (its own name). A
# virtual switch joins the hosts, the kernel's or a slow one (scripts/practice/slow-network.c). All of
# it lives inside a PID, a mount and a network namespace of its own, so the real machine gets no new
# interface, address or mount, and killing one process (`down`) makes the kernel remove everything.
# The hosts share files and process list.

. "$(dirname "$0")/setup/begin.sh"

DIR=${PRETEND_HOSTS_DIR:-/var/lib/pretend-hosts}
SLOTS=${PRETEND_HOSTS_SLOTS:-4}
NET=10.77.0 # inside the namespaces only: it cannot clash with an address of the real machine
MARK=made-by-pretend-hosts
[[ $DIR =~ ^/[[:alnum:]_./-]+$ ]] ||
  die "PRETEND_HOSTS_DIR is '$DIR': it takes a full path of letters, digits and ._- only"

# --- the one process that holds everything -----------------------------------------------------

# Whether the process that we started is alive. A process id is used again one day; a process id
# with its start time is not.
is_up() {
  local pid started
  read -r pid started 2>/dev/null <"$DIR/holder" || return 1
  [ "$(start_time "$pid")" = "$started" ] && [ -s "$DIR/ready" ]
}

start_time() { # of a living process: field 22 of /proc/PID/stat; the name in field 2 may hold blanks
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  read -ra fields <<<"${stat##*) }"
  [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

# Runs inside the new namespaces as their first process.
become_first() { # N LATENCY BANDWIDTH
  local n=$1 pid i
  read -r pid _ </proc/self/stat # /proc is still the real machine's: our number out there
  echo "$pid" >"$DIR/first"
  mount -t proc proc /proc
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm # where MPI ranks of one host share memory
  mount --bind "$DIR/hosts" /etc/hosts
  ip link set lo up
  ip link add switch type bridge
  ip link set switch up
  add_host login 254
  for ((i = 1; i <= n; i++)); do add_host "node$i" "$i"; done
  # shellcheck disable=SC2046 # several numbers
  if slow; then "$DIR/bin/slow-network" "$2" "$3" $(cat "$DIR"/pids/*) & fi
  echo "$n" >"$DIR/ready"
  # Ignoring CHLD makes the kernel bury the processes that others orphan here.
  exec env --ignore-signal=CHLD sleep infinity
}

slow() { [ "$(cat "$DIR/network")" != "0 0" ]; } # whether the network is slow on purpose

add_host() { # NAME NUMBER
  local pid
  # The namespaces of a host live as long as this sleep does.
  # shellcheck disable=SC2016 # the inner shell expands it
  unshare --net --uts -- sh -c 'hostname "$1"; echo $$ >"$2"; exec sleep infinity' \
    sh "$1" "$DIR/pids/$1" &
  until [ -s "$DIR/pids/$1" ]; do sleep 0.02; done
  pid=$(cat "$DIR/pids/$1")
  if slow; then
    nsenter --target "$pid" --net -- ip tuntap add dev eth0 mode tap
  else
    ip link add "$1" type veth peer name eth0 netns "$pid"
    ip link set "$1" master switch up
  fi
  nsenter --target "$pid" --net -- ip link set lo up
  nsenter --target "$pid" --net -- ip address add "$NET.$2/24" dev eth0
  nsenter --target "$pid" --net -- ip link set eth0 up
}

# --- the commands ------------------------------------------------------------------------------

up() { # [N] [--latency TIME] [--bandwidth RATE]
  local n=4 latency=0 bandwidth=0 i
  while [ $# -gt 0 ]; do
    case $1 in
      --latency) latency=$(in_units "${2:-}" ns=1 us=1000 ms=1000000) ;;
      --bandwidth) bandwidth=$(in_units "${2:-}" kbit=125 mbit=125000 gbit=125000000) ;;
      *) n=$1; shift; continue ;;
    esac
    shift 2
  done
  [[ $n =~ ^[1-9][0-9]?$ ]] || die "'$n' is not a number of hosts from 1 to 99"
  have ip || die "no 'ip' here: apt-get install iproute2"
  if is_up; then
    [ "$(cat "$DIR/ready")" = "$n" ] || die "$(cat "$DIR/ready") hosts are up, not $n: down first"
    [ "$(cat "$DIR/network")" = "$latency $bandwidth" ] || die "they are up with another network: down first"
    echo "already up: login, node1 to node$n"
    return
  fi
  remove # what a crash left
  mkdir -p "$DIR"/{bin,pids,tmp}
  chmod 755 "$DIR" "$DIR"/{bin,pids,tmp}
  touch "$DIR/$MARK"
  echo "$latency $bandwidth" >"$DIR/network"
  mkdir -m 1777 "$DIR/tmp/login"
  printf '127.0.0.1 localhost\n%s login\n' "$NET.254" >"$DIR/hosts"
  for ((i = 1; i <= n; i++)); do
    echo "$NET.$i node$i" >>"$DIR/hosts"
    echo "node$i slots=$SLOTS" >>"$DIR/hosts.openmpi"
    echo "node$i:$SLOTS" >>"$DIR/hosts.mpich"
    mkdir -m 1777 "$DIR/tmp/node$i"
  done
  write_commands
  write_settings
  if slow; then
    [ -c /dev/net/tun ] || die "a slow network needs /dev/net/tun, and it is not here"
    cc -O2 -o "$DIR/bin/slow-network" "$repo/scripts/practice/slow-network.c"
  fi

  setsid unshare --pid --fork --kill-child --mount --net --uts -- "$0" become-first "$n" "$latency" "$bandwidth" \
    </dev/null >"$DIR/log" 2>&1 9>&- &
  echo "$! $(start_time $!)" >"$DIR/holder"
  for ((i = 0; i < 300; i++)); do
    if [ -s "$DIR/ready" ] || ! kill -0 $! 2>/dev/null; then break; fi
    sleep 0.1
  done
  if [ ! -s "$DIR/ready" ]; then
    cat "$DIR/log" >&2
    remove
    die "cannot make namespaces here; in a container, start it with --privileged"
  fi
  echo "up: login, node1 to node$n ($SLOTS MPI slots each)"
}

# in_units TEXT UNIT=FACTOR...: 200us as 200000, where us=1000.
in_units() {
  local text=$1 unit
  shift
  for unit; do
    if [[ $text =~ ^([1-9][0-9]*)"${unit%=*}"$ ]]; then
      echo $((BASH_REMATCH[1] * ${unit#*=}))
      return
    fi
  done
  die "'$text' is not a whole number with one of the units: ${*%=*}"
}

# Two small commands for use inside: `on HOST CMD...`, and an `ssh` that needs no server, so that
# any MPI launcher finds its way from host to host.
write_commands() {
  cat >"$DIR/bin/on" <<END
#!/bin/sh
# on HOST CMD...: run a command on a pretend host, in this folder and environment
host=\$1
shift
[ -s "$DIR/pids/\$host" ] || { echo "error: no host '\$host'" >&2; exit 2; }
TMPDIR=$DIR/tmp/\$host
case \$PATH in $DIR/bin:*) ;; *) PATH=$DIR/bin:\$PATH ;; esac
export TMPDIR PATH
exec nsenter --target "\$(cat "$DIR/pids/\$host")" --net --uts -- "\$@"
END
  cat >"$DIR/bin/ssh" <<END
#!/bin/bash
# ssh [OPTIONS] HOST [CMD...]: for pretend hosts; like ssh, it joins the words for a shell
while [[ \${1:-} == -* ]]; do
  case \$1 in -[olpiF]) shift 2 ;; *) shift ;; esac
done
host=\$1
shift
[ \$# -gt 0 ] || exec "$DIR/bin/on" "\$host" bash
exec "$DIR/bin/on" "\$host" bash -c "\$*"
END
  chmod 755 "$DIR/bin/on" "$DIR/bin/ssh"
}

# What any MPI needs to know here, for Open MPI 4 and Open MPI 5 (PRTE).
write_settings() {
  cat >"$DIR/settings" <<END
# The user is root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
# The hosts share the cores of one machine: ranks cannot be bound to them, and must let others run.
export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1
# UCX (in MPICH) would notice that all hosts share a kernel, and its memory: over the network.
export UCX_TLS=tcp,self
# A rank behind a cut link would be waited for during minutes: ask after 4 silent seconds, then
# every 2 seconds, and give up after 3 questions without an answer.
export OMPI_MCA_oob_tcp_keepalive_time=4 PRTE_MCA_oob_tcp_keepalive_time=4
export OMPI_MCA_oob_tcp_keepalive_intvl=2 PRTE_MCA_oob_tcp_keepalive_intvl=2
export OMPI_MCA_oob_tcp_keepalive_probes=3 PRTE_MCA_oob_tcp_keepalive_probes=3
END
}

# Ends this script unless there is such a host.
needs_host() {
  is_up || die "no hosts are up: $0 up"
  [ -s "$DIR/pids/$1" ] || die "no host '$1' among $(cd "$DIR/pids" && echo *)"
}

# Runs a command on a host: first into the common namespaces, then into the host's own. A PID
# namespace is entered by a child process; when we end, so must the command.
on_host() { # HOST CMD...
  needs_host "$1"
  exec nsenter --target "$(cat "$DIR/first")" --pid --mount -- \
    setpriv --pdeathsig TERM -- env --chdir="$PWD" "$DIR/bin/on" "$@"
}

run_mpi() {
  needs_host login
  # shellcheck source=/dev/null
  . "$DIR/settings"
  # Where the ranks may go, for Open MPI 4, Open MPI 5 and MPICH.
  export OMPI_MCA_orte_default_hostfile=$DIR/hosts.openmpi
  export PRTE_MCA_prte_default_hostfile=$DIR/hosts.openmpi
  export HYDRA_HOST_FILE=$DIR/hosts.mpich
  on_host login "${MPIRUN:-mpirun}" "$@"
}

link() { # HOST up|down
  needs_host "$1"
  if slow; then # the plug at the host's end
    "$0" exec "$1" ip link set eth0 "$2"
  else
    nsenter --target "$(cat "$DIR/first")" --net -- ip link set "$1" "$2"
  fi
  echo "$1: link $2"
}

# Ends the first process, and with it everything on the hosts; then removes the folder.
remove() {
  local holder started i
  [ -e "$DIR" ] || return 0
  [ -e "$DIR/$MARK" ] || die "$DIR exists and is not from this script: set PRETEND_HOSTS_DIR"
  if read -r holder started 2>/dev/null <"$DIR/holder" && [ "$(start_time "$holder")" = "$started" ]; then
    # The holder buries the first process, then ends. If it cannot, it takes it along.
    kill -KILL "$(cat "$DIR/first" 2>/dev/null || echo "$holder")"
    for ((i = 0; i < 50; i++)); do
      [ -n "$(start_time "$holder")" ] || break
      sleep 0.1
    done
    kill -KILL "$holder" 2>/dev/null || true
  fi
  rm -rf "$DIR"
}

one_at_a_time() { exec 9<"$0" && flock 9; }

case ${1:-} in
  -h | --help) usage; exit ;;
  up | down | exec | mpirun | cut | heal | become-first) ;;
  *) die "a command is missing, or '${1:-}' is none; try --help" ;;
esac
[ "$(id -u)" = 0 ] || die "needs root: sudo $0 $*"
command=$1
shift
case $command in
  up) one_at_a_time; up "$@" ;;
  down) one_at_a_time; remove; echo "down: nothing is left" ;;
  exec) [ $# -ge 2 ] || die "exec takes a host and a command"; on_host "$@" ;;
  mpirun) run_mpi "$@" ;;
  cut) link "${1:?which host?}" down ;;
  heal) link "${1:?which host?}" up ;;
  become-first) become_first "$@" ;; # for this script itself
esac
