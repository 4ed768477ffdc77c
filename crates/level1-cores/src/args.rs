//! The command lines of level 1. A doc comment here is what `--help` prints.

use cli::{Guess, RunFlags, WorkersFlag, count, parse_seconds};
use common::{Workers, usable_cpus};

use crate::crossover::pointless;
use crate::factorial::LARGEST_FACTORIAL;

pub(crate) const MOST_TASKS: u64 = 1_000_000;

/// Race one loop against itself: one worker, then several
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct CoresArgs {
    /// Time that each task waits, in seconds (asked; 0)
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub weight: Option<f64>,

    /// How many tasks the loop has (asked; 10)
    #[arg(long, value_name = "N", value_parser = count(1..=MOST_TASKS))]
    pub tasks: Option<u64>,

    /// `--workers`.
    #[command(flatten)]
    pub workers: WorkersFlag,

    /// After waiting, each task computes the factorial of N: the part that needs a core
    #[arg(long, value_name = "N", default_value = "20", value_parser = count(0..=LARGEST_FACTORIAL))]
    pub factorial: u64,

    /// Draw which worker ran which task when (runs the parallel loop once more)
    #[arg(long)]
    pub timeline: bool,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Find the memory wall: when a core waits for memory, and when more cores add nothing
#[derive(Debug, clap::Parser)]
#[command(version, allow_negative_numbers = true)]
pub struct MemoryArgs {
    /// `--workers`.
    #[command(flatten)]
    pub workers: WorkersFlag,

    /// Bytes of the largest arrays, all three together [default: four times the last cache]
    #[arg(long, value_name = "BYTES", value_parser = count(4096..=1 << 44))]
    pub size: Option<u64>,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

impl MemoryArgs {
    /// The speedup that the reader expects of the triad, if a guess is wanted and there are workers.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub fn guess(&self, Workers { count, .. }: Workers) -> anyhow::Result<Guess> {
        let question = format!("Your guess: {count} workers are how many times as fast in memory?");
        Guess::ask(self.run.guess && count > 1, &question)
    }
}

/// Find the task size at which several workers start to beat one
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct CrossoverArgs {
    /// How many tasks the loop has
    #[arg(long, value_name = "N", default_value = "10", value_parser = count(1..=10_000))]
    pub tasks: u64,

    /// `--workers`.
    #[command(flatten)]
    pub workers: WorkersFlag,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

impl CrossoverArgs {
    /// The task size that the reader expects, in microseconds, if a guess is wanted and there is
    /// something to guess.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub fn guess(&self, workers: Workers) -> anyhow::Result<Guess> {
        let question = format!(
            "Your guess: at how many us per task do {} workers begin to win, if they are awake?",
            workers.count
        );
        let pointless = pointless(self.tasks as usize, workers, usable_cpus()).is_some();
        Guess::ask(self.run.guess && !pointless, &question)
    }
}
