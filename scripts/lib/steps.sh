# The demonstration: every step once, in the order of the slides. scripts/demo.sh, scripts/present.sh and
# slides/record.sh read it. To change the demonstration, change it here.
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the scripts that read this file

# What a reader of the list may change: how long a task waits (in seconds), and flags for the others.
weight=0.5 workers=(--workers 2) pi=() heat=() mnist=(--batch-size 512)

# steps_of LEVEL: calls `play NAME SECONDS WORDS COMMAND...` for each step of a level.
#   NAME      its recording is slides/runs/NAME.txt
#   SECONDS   how long it may take in a demonstration of five minutes
#   WORDS     what it shows
#   COMMAND   PROGRAM ARGUMENTS..., or -n RANKS PROGRAM ARGUMENTS... for level 2, or a script
steps_of() {
  case $1 in
    1)
      play level1-race-half 30 "Tasks that wait. Ten tasks, four workers: how many waves?" \
        level1_cores --weight "$weight" --tasks 10 --workers 4 --guess --timeline
      play slurm-level1 36 "As a job: Slurm says how many workers there are." \
        scripts/slurm/submit.sh level1 --wait
      play level1-race-0 30 "Tasks that weigh nothing. Who wins?" \
        level1_cores --weight 0 --tasks 10 "${workers[@]}" --guess
      play level1-race-computing 30 "Tasks that compute. Now each worker needs a core." \
        level1_cores --weight 0 --tasks 100 "${workers[@]}" --factorial 5000
      play level1-crossover 36 "From which task size on does parallel win?" \
        level1_crossover --tasks 10 "${workers[@]}"
      ;;
    2)
      play level2-hello 6 "One program, four copies." \
        -n 4 level2_hello
      play level2-hello-again 6 "The same again. Is the order the same?" \
        -n 4 level2_hello
      play level2-pi-1 12 "Pi. Always start with one rank: it saves the baseline." \
        -n 1 level2_pi "${pi[@]}"
      play level2-pi-2 12 "Pi with two ranks: who does what?" \
        -n 2 level2_pi "${pi[@]}"
      play level2-pi-4 12 "Pi with four ranks: are there as many cores?" \
        -n 4 level2_pi "${pi[@]}"
      play level2-heat-blocking-1 12 "Heat, with one rank first." \
        -n 1 level2_heat "${heat[@]}"
      play level2-heat-blocking-2 12 "Heat with two ranks. Now they talk in every step." \
        -n 2 level2_heat "${heat[@]}"
      play level2-heat-overlap-2 12 "The same, with the messages behind the arithmetic." \
        -n 2 level2_heat --exchange overlap "${heat[@]}"
      ;;
    3)
      play level3-cpu 27 "Train on the CPU." \
        level3_mnist --device cpu "${mnist[@]}"
      play level3-cuda 27 "The same on the GPU. First look who uses it." \
        level3_mnist --device cuda "${mnist[@]}"
      ;;
  esac
}

# as_typed COMMAND...: sets `command` to a step's command as the slides show it.
as_typed() {
  local programs=${target#"$repo/"}/release/examples
  case $1 in
    -n) command=(scripts/mpirun.sh -n "$2" "$programs/$3" "${@:4}") ;;
    */*) command=("$@") ;;
    level1_cores) command=(cargo level1 "${@:2}") ;;
    level1_crossover) command=(cargo crossover "${@:2}") ;;
    *) command=("$programs/$1" "${@:2}") ;;
  esac
}
# build LEVEL: builds a level's programs; cargo shows its progress.
build() {
  local flags=()
  case $1 in
    1) flags=(level1-cores) ;;
    2) flags=(level2-mpi) ;;
    3)
      flags=(level3-gpu)
      if gpu_likely; then flags+=(--features cuda); fi
      ;;
  esac
  show cargo build --release -p "${flags[@]}" --examples
}

# levels_asked WORD: adds what stands after --level to `levels`.
levels_asked() {
  [[ $1 =~ ^[123]$ ]] || die "--level takes 1, 2 or 3, not '$1'"
  levels+=("$1")
}
