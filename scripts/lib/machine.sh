# What there is on this machine: CPUs, a GPU, the settings of the site, the folder of the build.
# Part of prologue.sh.
# shellcheck shell=bash

# --- CPUs -------------------------------------------------------------------------------------

# cores: how many CPUs this process may use: the smaller of its affinity mask and its control group's
# quota, rounded as Rust's `std::thread::available_parallelism` does, which the programs ask. (Not
# `nproc`, which obeys OMP_NUM_THREADS.)
cores() {
  local mask quota
  mask=$(cpus_of_mask | wc -l)
  quota=$(quota_of_group)
  if [ "$mask" -eq 0 ]; then mask=1; fi
  if [ "$quota" -gt 0 ] && [ "$quota" -lt "$mask" ]; then echo "$quota"; else echo "$mask"; fi
}

# cpus_of_mask: the numbers of the CPUs on which this process may run, one a line.
cpus_of_mask() { sed -n 's/^Cpus_allowed_list:[[:blank:]]*//p' /proc/self/status | cpus_in_list; }

# cpus_of_machine: the numbers of all CPUs, one a line.
cpus_of_machine() { cpus_in_list </sys/devices/system/cpu/online; }

# cpus_in_list: the numbers in a list such as 0-3,8, one a line.
cpus_in_list() {
  local range
  for range in $(tr ',' ' '); do seq "${range%-*}" "${range#*-}"; done
}

# quota_of_group: how many whole CPUs the control group grants, at least 1; 0 if it sets no limit.
# The group and all groups above it count. A "cpu" controller of version 1 goes before version 2.
quota_of_group() {
  local group mount folder least=0 limit period here
  if group=$(grep -E '^[0-9]+:([^:]*,)?cpu(,[^:]*)?:' /proc/self/cgroup 2>/dev/null | tail -n 1); then
    group=${group#*:*:}
    # Where it is mounted, as seen from here: a container sees its own group as the root.
    while read -r mount folder; do
      folder=${folder%/}
      if [[ $group/ = "$folder/"* ]]; then group=${group#"$folder"}; break; fi
    done < <(awk '/ - cgroup / && ("," $NF ",") ~ /,cpu,/ { print $5, $4 }' /proc/self/mountinfo)
  elif group=$(grep '^0::' /proc/self/cgroup 2>/dev/null); then
    group=${group#0::} mount=/sys/fs/cgroup
  fi
  here=${mount:-}${group%/}
  while [ -n "${mount:-}" ] && [[ $here/ = "$mount"/* ]]; do
    limit='' period=''
    if [ -r "$here/cpu.max" ]; then
      read -r limit period <"$here/cpu.max"
    elif [ -r "$here/cpu.cfs_quota_us" ]; then
      limit=$(<"$here/cpu.cfs_quota_us") period=$(<"$here/cpu.cfs_period_us")
    fi
    if [[ $limit =~ ^[0-9]+$ && $period =~ ^[1-9][0-9]*$ ]]; then
      limit=$((limit / period))
      [ "$limit" -ge 1 ] || limit=1
      if [ "$least" -eq 0 ] || [ "$limit" -lt "$least" ]; then least=$limit; fi
    fi
    here=${here%/*}
  done
  echo "$least"
}

# --- the site ---------------------------------------------------------------------------------

# read_site: the settings of the site, from scripts/slurm/site.env or the file that SITE_ENV names.
# It is the one file that users edit, perhaps on Windows: carriage returns and a byte order mark go.
# shellcheck disable=SC2034  # used by the scripts that call it
read_site() {
  local file=${SITE_ENV:-$repo/scripts/slurm/site.env}
  ACCOUNT='' PARTITION='' GPU_PARTITION='' MODULES='' MPI_LAUNCHER='srun --mpi=pmix' SCRATCH=''
  if [ ! -f "$file" ] || [ ! -r "$file" ]; then
    die "cannot read the settings of the site, $file${SITE_ENV:+ (SITE_ENV names it)}"
  fi
  # shellcheck source=scripts/slurm/site.env
  source <(sed -e $'1s/^\xef\xbb\xbf//' -e 's/\r$//' -- "$file")
}

# gpu_likely: whether to build level 3 with its GPU backend: there is a driver here, or the settings of
# the site name a partition with GPUs. It costs minutes and a gigabyte, so nobody else builds it.
gpu_likely() {
  have nvidia-smi || [ -e /proc/driver/nvidia/version ] ||
    { have ldconfig && ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; } ||
    (read_site && [ -n "$GPU_PARTITION" ])
}

# gpu_answers: whether there is a GPU here that can be used now; prints nvidia-smi's table.
gpu_answers() { have nvidia-smi && timeout 20 nvidia-smi; }

# --- the build --------------------------------------------------------------------------------

# needs_cargo: ends a script that builds, on a machine without Rust.
needs_cargo() { have cargo || die "there is no cargo here; $(typed scripts/setup.sh) --check says what to type"; }

# find_target: sets `target`, the folder where cargo puts what it builds. Cargo is asked, as it knows
# its variables and files; then SCRATCH of the site; a node without cargo knows the variables alone.
find_target() {
  target=''
  if have cargo; then
    target=$( (cd "$repo" && timeout 60 cargo metadata --format-version 1 --no-deps --offline 2>/dev/null) |
      json target_directory) || target=''
  fi
  [ -n "$target" ] || target=${CARGO_TARGET_DIR:-${CARGO_BUILD_TARGET_DIR:-$repo/target}}
  if [ "$target" = "$repo/target" ] && [ -z "${CARGO_TARGET_DIR:-${CARGO_BUILD_TARGET_DIR:-}}" ]; then
    read_site
    if [ -n "$SCRATCH" ]; then
      target=$SCRATCH/target
      export CARGO_TARGET_DIR=$target # what a script builds, the jobs find
    fi
  fi
  case $target in /*) ;; *) target=$PWD/$target ;; esac
}

# --- records ----------------------------------------------------------------------------------

# json NAME: the last value of that name in each line of JSON read, a text without its quotes.
json() {
  sed -nE -e 's/.*[{,] *"'"$1"'": *("(([^"\\]|\\.)*)"|[^]},"]*).*/\1/' -e 't found' -e d -e ': found' \
    -e 's/^"(.*)"$/\1/' -e 's/\\(["\\/])/\1/g' -e p
}
