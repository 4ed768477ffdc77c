# Part of setup.sh: looks at the cluster, and says what is ready to run.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # commands as they are typed, and variables shared with the other parts

look_around() {
  echo "--- the cluster"
  check_slurm
  check_launcher
  check_room
}

check_slurm() {
  local partitions
  if [ -n "${SLURM_JOB_ID:-}" ] && { ! have squeue || [ -z "$(timeout 20 squeue -h -j "$SLURM_JOB_ID" 2>/dev/null)" ]; }; then
    row note "Slurm job" "SLURM_JOB_ID is $(quoted "$SLURM_JOB_ID"), but there is no such job: it is over; type: unset \${!SLURM_*}"
  elif [ -n "${SLURM_JOB_ID:-}" ]; then
    check_job
  elif ! have sinfo; then
    row note Slurm "none here; to practise: $(typed scripts/practice-cluster.sh) up"
  elif ! partitions=$(timeout 20 sinfo -h -o %P 2>/dev/null | xargs); then
    row note Slurm "installed, but no cluster answers; to practise: $(typed scripts/practice-cluster.sh) up"
  else
    row ok Slurm "$(sinfo --version), partitions $partitions (* is the default)"
  fi
}

# Inside a job: what Slurm says against what the system lets this process use.
check_job() {
  local asked=${SLURM_CPUS_PER_TASK:-} cpus physical
  cpus=$(cores)
  physical=$(physical_cores)
  if [ -z "$asked" ]; then
    row note "Slurm job" "$SLURM_JOB_ID has no SLURM_CPUS_PER_TASK: level 1 takes 1 worker; ask with --cpus-per-task=4"
  elif ! [[ $asked =~ ^[1-9][0-9]*$ ]]; then
    row MISSING "Slurm job" "SLURM_CPUS_PER_TASK is '$asked', no number of CPUs; type: unset SLURM_CPUS_PER_TASK"
  elif [ "$asked" -gt "$cpus" ]; then
    row note "Slurm job" "$SLURM_JOB_ID: $asked CPUs per task, but only $cpus usable here; start it by: srun -c $asked"
  else
    row ok "Slurm job" "$SLURM_JOB_ID: $asked CPUs per task, $cpus usable here"
  fi
  if [ "$physical" -gt 0 ] && [ "$physical" -lt "$cpus" ]; then
    row note hyperthreads "the $cpus CPUs are $(some "$physical" core): computing gains up to $physical times; or add --hint=nomultithread"
  fi
}

# physical_cores: how many cores stand behind the CPUs that this process may use; 0 if the system does not tell.
physical_cores() {
  local cpu file
  for cpu in $(cpus_of_mask); do
    file=/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list
    [ ! -r "$file" ] || cat "$file"
  done | sort -u | wc -l
}

# The launcher of site.env in a job, mpirun elsewhere: does it start as many ranks as it says?
check_launcher() {
  local hello=$target/release/examples/level2_hello launcher=("$repo/scripts/mpirun.sh") ranks=2 words
  [ -z "${SLURM_JOB_ID:-}" ] || read -ra launcher <<<"$MPI_LAUNCHER"
  [ "${SLURM_NTASKS:-2}" != 1 ] || ranks=1
  if [ ! -x "$hello" ]; then
    row note "MPI launcher" "not tried; build level 2 first: cargo build --release -p level2-mpi --examples"
    return
  fi
  words=$(timeout 60 "${launcher[@]}" -n "$ranks" "$hello" 2>&1) || :
  if [ "$(grep -c "^rank [0-9]* of $ranks on " <<<"$words")" = "$ranks" ]; then
    row ok "MPI launcher" "${launcher[*]##*/} starts $(some "$ranks" rank)"
  elif grep -q '^rank 0 of 1 on ' <<<"$words"; then
    row note "MPI launcher" "${launcher[*]##*/} starts single programs, not ranks: it belongs to another MPI; \
see MPI_LAUNCHER in scripts/slurm/site.env"
  else
    row note "MPI launcher" "${launcher[*]##*/} -n $ranks fails: $(grep -v '^[[:space:]-]*$' <<<"$words" | head -n 1)"
  fi
}

# Room for target/: about 2.5 GB for all levels, half of it for level 3; with CUDA 4 GB.
check_room() {
  local folder=$target needed=4 free quota
  until [ -d "$folder" ]; do folder=$(dirname -- "$folder"); done
  free=$(stat -f -c '%a %S' -- "$folder" | awk '{ print int($1 * $2 / 1024 ^ 3) }')
  # blocks, soft limit, hard limit in KB, of each file system on which we have a quota
  if have quota; then
    quota=$(timeout 10 quota -wp 2>/dev/null | awk '$1 ~ "/" || $1 ~ ":" {
      limit = $4 > 0 ? $4 : $3; if (limit > 0) { left = int((limit - $2) / 1048576); if (least == "" || left < least) least = left } }
      END { print least }') || :
    if [ -n "$quota" ] && [ "$quota" -lt "$free" ]; then free=$quota; fi
  fi
  if [ "$free" -lt "$needed" ]; then
    row note room "$free GB left for $folder, target/ needs up to $needed GB; $(elsewhere)"
  else
    row ok room "$free GB left for $folder (target/ needs up to $needed GB)"
  fi
  case $(stat -f -c %T -- "$folder") in
    nfs* | lustre | gpfs | beegfs* | ceph* | smb* | cifs* | afs | fuseblk | panfs | fhgfs)
      row note target/ "is on a network file system ($(stat -f -c %T -- "$folder")): slow, and two builds collide; $(elsewhere)"
      ;;
    *) row ok target/ "is on a local file system ($(stat -f -c %T -- "$folder"))" ;;
  esac
}

# elsewhere: what to type to build in another place.
elsewhere() {
  echo "type: export CARGO_TARGET_DIR=$(if [ -n "$SCRATCH" ]; then quoted "$SCRATCH"; else printf '/scratch/$USER'; fi)/target \
(and set SCRATCH in scripts/slurm/site.env)"
}

# ready: one command for each level that can be built, as it is typed here.
ready() {
  local levels=(1) level
  if lacks rust "C compiler" "Slurm job"; then return; fi
  if ! lacks MPI libclang; then levels+=(2); fi
  levels+=(3)
  step "Ready to run"
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    ready_in_job
  elif have sinfo && timeout 20 sinfo -h >/dev/null 2>&1; then
    for level in "${levels[@]}"; do echo "$(typed scripts/slurm/submit.sh) level$level"; done
  else
    for level in "${levels[@]}"; do echo "$(typed scripts/demo.sh) --level $level"; done
  fi
}

# Inside a job: the programs that have been built.
ready_in_job() {
  local programs=$target/release/examples level=0 command program
  for command in 'srun -n 1 -c "${SLURM_CPUS_PER_TASK:-1}" level1_cores --weight 0.5' \
    "$MPI_LAUNCHER -n ${SLURM_NTASKS:-1} level2_pi" \
    'srun -n 1 -c "${SLURM_CPUS_PER_TASK:-1}" level3_mnist'; do
    level=$((level + 1))
    program=$(grep -o 'level[123]_[a-z]*' <<<"$command")
    if [ -x "$programs/$program" ]; then
      echo "${command/"$program"/$(quoted "$programs/$program")}"
    else
      echo "level $level has not been built yet; type: $(typed scripts/demo.sh) --level $level"
    fi
  done
}
