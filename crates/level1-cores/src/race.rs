//! What is raced, and how long it should take.

use std::fmt;
use std::time::Duration;

use cli::{Guess, ask, count, parse_seconds};
use common::{Workers, plural};

use crate::args::MOST_TASKS;
use crate::{CoresArgs, Marks, Task};

/// The settings of a race, complete.
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
    /// How long a task computes on this machine, its wait left out.
    pub computing: Duration,
    /// The speedup that the reader expects.
    pub guess: Guess,
}

impl Race {
    /// Asks for what the command line leaves open, and for a guess if one is wanted.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub fn ask(args: &CoresArgs, workers: Workers) -> anyhow::Result<Self> {
        let ask_weight = || ask("Weight of a task in seconds", 0.0, parse_seconds);
        let ask_tasks = || ask("Number of tasks", 10, count(1..=MOST_TASKS));
        let question =
            format!("Your guess: {} workers are how many times as fast as one?", workers.count);
        Ok(Self {
            weight: Duration::from_secs_f64(args.weight.map_or_else(ask_weight, Ok)?),
            tasks: args.tasks.map_or_else(ask_tasks, Ok)? as usize,
            workers,
            factorial: args.factorial,
            computing: Task::new(Duration::ZERO, args.factorial).duration(),
            guess: Guess::ask(args.run.guess && workers.count > 1, &question)?,
        })
    }

    /// The task of this race. It draws a mark when it is done, if the race is slow enough to be watched.
    pub fn task(&self) -> Task {
        let sequential = (self.weight + self.computing) * self.tasks as u32;
        let marks = Marks::of(self.tasks, self.workers.count, sequential);
        Task { marks, ..Task::new(self.weight, self.factorial) }
    }

    /// How many rounds the workers need until every task had its turn.
    pub(crate) fn waves(&self) -> usize {
        self.tasks.div_ceil(self.workers.count)
    }

    /// What the parallel loop should take: waiting overlaps on as many workers as there are, computing
    /// only on as many as have one of the `cpus`.
    pub(crate) fn expected(&self, cpus: usize) -> Duration {
        let computing_waves = self.tasks.div_ceil(self.workers.count.min(cpus));
        self.weight * self.waves() as u32 + self.computing * computing_waves as u32
    }

    /// Whether such a speedup tells that several cores were slower than one alone: the tasks, and each
    /// worker's share of them, are so long that handing out and waking cost little, and there are so many
    /// that no worker is idle for long.
    pub(crate) fn lost_to_cores(&self, speedup: f64, cpus: usize) -> bool {
        let (workers, busy) = (self.workers.count, self.workers.count.min(cpus));
        let share = self.computing * (self.tasks / workers) as u32;
        let long = self.computing >= Duration::from_micros(20) && share >= Duration::from_millis(4);
        busy > 1 && long && self.tasks >= 20 * workers && speedup < 0.9 * busy as f64
    }
}

/// The race in two lines, before it starts.
impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Race: {}, each ", plural(self.tasks, "task"))?;
        if !self.weight.is_zero() {
            write!(f, "waits {} s and then ", self.weight.as_secs_f64())?;
        }
        write!(f, "computes {}!\n{}", self.factorial, self.workers)?;
        let warning = self.workers.warning();
        warning.iter().try_for_each(|line| write!(f, "\n{}", cli::wrapped(line)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use common::Source;

    pub(crate) fn race(weight_s: f64, tasks: usize, workers: usize) -> Race {
        Race {
            weight: Duration::from_secs_f64(weight_s),
            tasks,
            workers: Workers { count: workers, source: Source::Flag },
            factorial: 20,
            computing: Duration::ZERO,
            guess: Guess::default(),
        }
    }

    #[test]
    fn ten_sleeping_tasks_on_four_workers_are_three_waves() {
        let race = race(0.5, 10, 4);
        assert_eq!(race.waves(), 3);
        assert_eq!(race.expected(2), Duration::from_millis(1500));
    }

    #[test]
    fn computing_is_shared_by_cores_not_by_workers() {
        let one = Duration::from_millis(10);
        let race = Race { computing: one, ..race(0.0, 10, 4) };
        assert_eq!(race.expected(2), 5 * one);
        assert_eq!(race.expected(8), 3 * one);
    }

    #[test]
    fn what_many_long_tasks_lose_is_lost_to_slower_cores() {
        let lost = |tasks, us, speedup, cpus| {
            let computing = Duration::from_micros(us);
            Race { computing, ..race(0.0, tasks, 2) }.lost_to_cores(speedup, cpus)
        };
        assert!(lost(100, 200, 1.6, 2));
        assert!(!lost(100, 200, 1.9, 2) && !lost(100, 200, 0.8, 1));
        assert!(!lost(100_000, 1, 1.3, 2), "handing out costs as much as a task");
        assert!(!lost(100, 50, 1.6, 2), "waking costs as much as a share");
        assert!(!lost(10, 200, 1.6, 2), "a worker may be idle for one task of ten");
    }
}
