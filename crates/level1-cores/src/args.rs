//! The command lines of level 1: what is not given is asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use cli::{Guess, RunFlags, WorkersFlag, ask, count, misuse, parse_seconds};
use common::Workers;

use crate::factorial::LARGEST_FACTORIAL;
use crate::{Marks, Task};

const MOST_TASKS: u64 = 1_000_000;
/// Nobody waits longer than this for a demonstration, in seconds.
const LONGEST_RACE: f64 = 3600.0;

/// Race one loop against itself: one worker, then several
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct RaceArgs {
    /// Time that each task waits, in seconds (asked; 0)
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    weight: Option<f64>,

    /// How many tasks the loop has (asked; 10)
    #[arg(long, value_name = "N", value_parser = count(1..=MOST_TASKS))]
    tasks: Option<u64>,

    #[command(flatten)]
    workers: WorkersFlag,

    /// After waiting, each task computes the factorial of N: the part that needs a core
    #[arg(long, value_name = "N", default_value = "20", value_parser = count(0..=LARGEST_FACTORIAL))]
    factorial: u64,

    /// Draw which worker ran which task when (runs the parallel loop once more)
    #[arg(long)]
    timeline: bool,

    #[command(flatten)]
    run: RunFlags,
}

/// The settings of a race, complete and sensible.
#[derive(Debug)]
pub struct Race {
    /// How long each task waits.
    pub weight: Duration,
    /// How many tasks there are.
    pub tasks: usize,
    /// How many workers share them, and who decided that.
    pub workers: Workers,
    /// Each task computes the factorial of this number.
    pub factorial: u64,
    /// Whether to draw who ran what when.
    pub timeline: bool,
    /// The speedup that the reader expects.
    pub guess: Guess,
    /// Where the record of the run goes.
    pub json: Option<PathBuf>,
}

impl Race {
    /// Reads the command line and asks for the weight and the number of tasks if need be.
    ///
    /// # Errors
    /// [`cli::Misuse`] for any value that makes no race, and for one that would sleep longer
    /// than an hour.
    pub fn from_command_line() -> anyhow::Result<Self> {
        let args: RaceArgs = cli::parse()?;
        let workers = args.workers.decide()?;
        let weight = match args.weight {
            Some(weight) => weight,
            None => ask("Weight of a task in seconds", 0.0, parse_seconds)?,
        };
        let tasks = match args.tasks {
            Some(tasks) => tasks,
            None => ask("Number of tasks", 10, count(1..=MOST_TASKS))?,
        };
        let sleep = weight * tasks as f64;
        if sleep > LONGEST_RACE {
            let longest = LONGEST_RACE / tasks as f64;
            return Err(misuse(format!(
                "{tasks} tasks of {weight} s would sleep for {sleep} s one after the other; \
                 up to {LONGEST_RACE} s is fine: --weight {longest}"
            )));
        }
        let question =
            format!("Your guess: {} workers are how many times as fast as one?", workers.count);
        Ok(Self {
            guess: Guess::ask(args.run.guess, &question)?,
            weight: Duration::from_secs_f64(weight),
            tasks: tasks as usize,
            workers,
            factorial: args.factorial,
            timeline: args.timeline,
            json: args.run.json,
        })
    }

    /// The task of this race, and how long one computes here, without its wait.
    ///
    /// # Errors
    /// [`cli::Misuse`] if all of them would compute for more than an hour, with the number of
    /// tasks that is fine.
    pub fn task(&self) -> anyhow::Result<(Task, Duration)> {
        let mut task = Task::new(self.weight, self.factorial);
        let computing = task.computing_time();
        let (one, n, tasks) = (computing.as_secs_f64(), self.factorial, self.tasks);
        let all = one * tasks as f64;
        if all > LONGEST_RACE {
            return Err(misuse(format!(
                "{tasks} tasks of {n}! would compute for {all:.0} s one after the other, as one \
                 takes {one:.3} s here; up to {LONGEST_RACE} s is fine: --tasks {:.0} or a smaller \
                 --factorial",
                (LONGEST_RACE / one).floor(),
            )));
        }
        task.marks = Marks::of(tasks, self.workers.count, (self.weight + computing) * tasks as u32);
        Ok((task, computing))
    }
}

/// Find the task size at which several workers start to beat one
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct CrossoverArgs {
    /// How many tasks the loop has
    #[arg(long, value_name = "N", default_value = "10", value_parser = count(1..=10_000))]
    tasks: u64,

    #[command(flatten)]
    workers: WorkersFlag,

    #[command(flatten)]
    run: RunFlags,
}

/// The settings of a search for the crossover.
#[derive(Debug)]
pub struct Crossover {
    /// How many tasks there are.
    pub tasks: usize,
    /// How many workers share them, and who decided that.
    pub workers: Workers,
    /// The task size that the reader expects, in microseconds.
    pub guess: Guess,
    /// Where the record of the run goes.
    pub json: Option<PathBuf>,
}

impl Crossover {
    /// Reads the command line.
    ///
    /// # Errors
    /// [`cli::Misuse`] for any value that is refused.
    pub fn from_command_line() -> anyhow::Result<Self> {
        let args: CrossoverArgs = cli::parse()?;
        let workers = args.workers.decide()?;
        let question = format!(
            "Your guess: at how many us per task do {} workers begin to win?",
            workers.count
        );
        let guess = Guess::ask(args.run.guess, &question)?;
        Ok(Self { tasks: args.tasks as usize, workers, guess, json: args.run.json })
    }
}
