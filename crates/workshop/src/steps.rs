//! The demonstration: every step once, in the order of the slides. `demo`, `present` and `record` read
//! this list. To change the demonstration, change it here.

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Its recording is `slides/runs/NAME.txt`.
    pub name: &'static str,
    /// How many seconds it may take in a demonstration of five minutes.
    pub seconds: u64,
    /// What it shows.
    pub words: &'static str,
    /// As [`crate::programs::Programs::command`] reads it.
    pub command: String,
}

/// What a demonstration may change: flags, each with a blank before it.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// How long a task waits, in seconds.
    pub weight: f64,
    /// Workers of level 1 where the step does not say four; without, all cores.
    pub workers: String,
    /// Of pi.
    pub pi: String,
    /// Of heat.
    pub heat: String,
    /// Of the training.
    pub mnist: String,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            weight: 0.5,
            workers: " --workers 2".to_string(),
            pi: String::new(),
            heat: String::new(),
            mnist: " --batch-size 512".to_string(),
        }
    }
}

/// The job of level 1: it belongs to `present` and to a recording of its own, on a cluster.
pub const JOB: &str = "slurm-level1";

/// The steps of a level, 1 to 3.
pub fn steps(level: u8, sizes: &Sizes) -> Vec<Step> {
    let Sizes { weight, workers, pi, heat, mnist } = sizes;
    let step = |name, seconds, words, command| Step { name, seconds, words, command };
    match level {
        1 => vec![
            step(
                "level1-race-half",
                30,
                "Tasks that wait. Ten tasks, four workers: how many waves?",
                format!("level1_cores --weight {weight} --tasks 10 --workers 4 --guess --timeline"),
            ),
            step(
                JOB,
                36,
                "As a job: Slurm says how many workers there are.",
                "sbatch --wait --output=level1.out scripts/slurm/level1.sbatch && head -n 18 level1.out"
                    .to_string(),
            ),
            step(
                "level1-race-0",
                30,
                "Tasks that weigh nothing. Who wins?",
                format!("level1_cores --weight 0 --tasks 10{workers} --guess"),
            ),
            step(
                "level1-race-computing",
                30,
                "Tasks that compute. Now each worker needs a core.",
                format!("level1_cores --weight 0 --tasks 100{workers} --factorial 5000"),
            ),
            step(
                "level1-crossover",
                36,
                "From which task size on does parallel win?",
                format!("level1_crossover --tasks 10{workers}"),
            ),
        ],
        2 => vec![
            step("level2-hello", 6, "One program, four copies.", "-n 4 level2_hello".to_string()),
            step(
                "level2-hello-again",
                6,
                "The same again. Is the order the same?",
                "-n 4 level2_hello".to_string(),
            ),
            step(
                "level2-pi-1",
                12,
                "Pi. Always start with one rank: it saves the baseline.",
                format!("-n 1 level2_pi{pi}"),
            ),
            step("level2-pi-2", 12, "Pi with two ranks: who does what?", format!("-n 2 level2_pi{pi}")),
            step(
                "level2-pi-4",
                12,
                "Pi with four ranks: are there as many cores?",
                format!("-n 4 level2_pi{pi}"),
            ),
            step("level2-heat-blocking-1", 12, "Heat, with one rank first.", format!("-n 1 level2_heat{heat}")),
            step(
                "level2-heat-blocking-2",
                12,
                "Heat with two ranks. Now they talk in every step.",
                format!("-n 2 level2_heat{heat}"),
            ),
            step(
                "level2-heat-overlap-2",
                12,
                "The same, with the messages behind the arithmetic.",
                format!("-n 2 level2_heat --exchange overlap{heat}"),
            ),
        ],
        _ => vec![
            step("level3-cpu", 27, "Train on the CPU.", format!("level3_mnist --device cpu{mnist}")),
            step(
                "level3-cuda",
                27,
                "The same on the GPU. First look who uses it.",
                format!("level3_mnist --device cuda{mnist}"),
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::repository;

    #[test]
    fn every_step_of_this_machine_has_a_recording() {
        for step in (1..=3).flat_map(|level| steps(level, &Sizes::default())) {
            let recording = repository().join("slides/runs").join(step.name).with_extension("txt");
            assert!(recording.exists() || step.name == "level3-cuda", "{}", recording.display());
        }
    }
}
