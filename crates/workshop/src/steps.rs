//! The demonstration: every step once, in the order of the slides. `demo`, `present` and `record` read
//! this list. To change the demonstration, change it here.

use std::iter;

use crate::programs::{answers, has_gpu};

/// Two lines for each step: its name and what it shows; then its command, where `$weight` and so on stand for
/// [`SIZES`]. A step that shows nothing is in no demonstration: the charts need its record.
const STEPS: &str = "\
level1-race-half Tasks that wait. Ten tasks, four workers: how many waves?
    level1_cores --weight $weight --tasks 10 --workers 4 $guess --timeline
level1-job As a job: Slurm says how many workers there are.
    sbatch --wait --output=level1.out scripts/slurm/level1.sbatch && head -n 18 level1.out
level1-race-0 Tasks that weigh nothing. Who wins?
    level1_cores --weight 0 --tasks 10 $workers $guess
level1-race-computing Tasks that compute. Now each worker needs a core.
    level1_cores --weight 0 --tasks 100 $workers --factorial 5000
level1-crossover At which size of a task does parallel start to win?
    level1_crossover --tasks 10 $workers
level1-memory Arrays in the caches, then in memory. What do more workers add?
    level1_memory $workers $guess
level2-hello One program, four copies.
    -n 4 level2_hello
level2-hello-again The same again. Is the order the same?
    -n 4 level2_hello
level2-pi-1 Pi. Always start with one rank: it saves the baseline.
    -n 1 level2_pi $pi
level2-pi-2 Pi with two ranks: who does what?
    -n 2 level2_pi $pi
level2-pi-4 Pi with four ranks: are there as many cores?
    -n 4 level2_pi $pi
level2-heat-1 Heat, with one rank first.
    -n 1 level2_heat $heat
level2-heat-2 Heat with two ranks. Now they talk in every step.
    -n 2 level2_heat $heat
level2-killed Killed, and back: two ranks until we end them, then three go on.
    rm -f target/plate; timeout --signal=KILL 2 scripts/mpirun.sh -n 2 target/release/examples/level2_heat --steps 100_000 --checkpoint target/plate --every 1 || echo killed; scripts/mpirun.sh -n 3 target/release/examples/level2_heat --steps 100_000 --checkpoint target/plate
level2-heat-4
    -n 4 level2_heat
level2-heat-forecast
    -n 2 level2_heat --forecast --steps 500
level2-overlap-1 Overlap, with one rank first. What could it hide?
    -n 1 level2_overlap $heat
level2-overlap-2 The same, with the messages behind the arithmetic.
    -n 2 level2_overlap $heat
level2-overlap-4
    -n 4 level2_overlap
level3-cpu Train on the CPU.
    level3_mnist --device cpu $mnist $workers
level3-cpu-sweep
    level3_mnist --device cpu --sweep $workers
level3-gpu The same on the GPU. First look who uses it.
    level3_mnist --device gpu $mnist $workers
level3-gpu-kernel What does a GPU run? A kernel of your own.
    level3_kernel --size 4000 $workers
level3-gpu-sweep
    level3_mnist --device gpu --sweep $workers
";

/// The job of level 1: it belongs to `present` and to a recording of its own, on a cluster.
pub const JOB: &str = "level1-job";

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Its recording is `slides/runs/NAME.txt`.
    pub name: &'static str,
    /// What it shows; empty if it is in no demonstration.
    pub words: &'static str,
    /// As [`crate::programs::Programs::command`] reads it.
    pub command: String,
}

impl Step {
    /// What this machine lacks for it.
    pub fn missing(&self) -> Option<&'static str> {
        match self.name {
            JOB if !answers("sinfo") => Some("queue"),
            name if name.contains("gpu") && !has_gpu() => Some("GPU"),
            _ => None,
        }
    }
}

/// What a demonstration may change.
const SIZES: [(&str, &str); 6] = [
    ("$guess", "--guess"),
    ("$weight", "0.5"),          // how long a task waits, in seconds
    ("$workers", "--workers 2"), // where the step does not say four
    ("$pi", ""),
    ("$heat", ""),
    ("$mnist", "--batch-size 512"),
];

/// The steps of a level, 1 to 3. What stands for `$pi` and so on is looked up in `changed`, then in ours.
pub fn steps(level: u8, changed: &[(&str, String)]) -> Vec<Step> {
    let mut lines = STEPS.lines();
    let all = iter::from_fn(|| {
        let line = lines.next()?;
        let (name, words) = line.split_once(' ').unwrap_or((line, ""));
        let sizes = changed.iter().map(|(size, flags)| (*size, flags.as_str())).chain(SIZES);
        let command = lines.next()?.trim().to_string();
        let command = sizes.fold(command, |command, (size, flags)| command.replace(size, flags));
        Some(Step { name, words, command })
    });
    all.filter(|step| step.name.starts_with(&format!("level{level}-"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::repository;

    #[test]
    fn every_step_of_this_machine_has_a_recording() {
        let steps: Vec<Step> = (1..=3).flat_map(|level| steps(level, &[])).collect();
        assert_eq!(2 * steps.len(), STEPS.lines().count(), "a line of the list cannot be read");
        for step in steps.iter().filter(|step| step.name == JOB || step.missing().is_none()) {
            let recording = repository().join("slides/runs").join(step.name).with_extension("txt");
            assert!(recording.exists(), "{}", recording.display());
        }
    }
}
