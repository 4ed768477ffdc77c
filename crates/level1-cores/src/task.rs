//! The work that the two loops share out.

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Samples, time};

use crate::factorial::factorial;
use crate::{Marks, Timeline};

/// The workshop's task: it waits, then it computes.
#[derive(Debug, Clone)]
pub struct Task {
    /// How long it sleeps; stands for waiting on a disk, a database, a network.
    pub weight: Duration,
    /// Then it computes the factorial of this number; stands for work that needs a core.
    pub factorial: u64,
    /// Where it notes which worker ran it and when, if anyone wants to know.
    pub timeline: Option<Timeline>,
    /// Where its end is marked, if the race is slow enough to be watched.
    pub marks: Option<Marks>,
}

impl Task {
    /// A task that leaves no traces; its fields say more.
    pub fn new(weight: Duration, factorial: u64) -> Self {
        Self { weight, factorial, timeline: None, marks: None }
    }

    /// How long it takes here: the best of three runs.
    pub(crate) fn duration(&self) -> Duration {
        (0..3).map(|number| time(|| self.run(number)).1).collect::<Samples>().best()
    }

    /// Runs task `number` and returns a fingerprint of its result.
    ///
    /// The number is part of the fingerprint, so that a swapped order would show.
    pub fn run(&self, number: usize) -> u64 {
        let start = Instant::now();
        sleep(self.weight);
        // `black_box` hides a value from the optimiser: it can neither compute the factorial at
        // compile time nor keep one result for all tasks.
        let product = black_box(factorial(black_box(self.factorial)));
        if let Some(timeline) = &self.timeline {
            timeline.note(number, start);
        }
        if let Some(marks) = &self.marks {
            marks.one_more();
        }
        product.iter_u64_digits().fold(number as u64, u64::wrapping_add)
    }
}

/// A task of any size: it keeps a core busy for a chosen number of steps.
#[derive(Debug, Clone, Copy)]
pub struct Spin {
    /// Steps of a random number generator, each about a nanosecond; see [`Spin::lasting`].
    pub steps: u64,
}

impl Spin {
    /// The spin that lasts about `time` on this machine, given the measured `step` time in ns.
    pub fn lasting(time: Duration, step_ns: f64) -> Self {
        Self { steps: (time.as_nanos() as f64 / step_ns).round().max(1.0) as u64 }
    }

    /// Measures one step, in nanoseconds: the best of several runs of a millisecond or so.
    pub fn step_ns() -> f64 {
        let spin = Self { steps: 1_000_000 };
        let runs: Samples = (0..7).map(|seed| time(|| spin.run(seed)).1).collect();
        runs.best().as_nanos() as f64 / spin.steps as f64
    }

    /// Keeps a core busy: every step needs the one before, so nothing can be skipped.
    ///
    /// The generator is Knuth's linear congruential one (The Art of Computer Programming,
    /// volume 2, MMIX).
    pub fn run(&self, number: usize) -> u64 {
        black_box((0..black_box(self.steps)).fold(number as u64, |state, _| {
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_sleeps_for_its_weight() {
        let weight = Duration::from_millis(20);
        let task = Task::new(weight, 20);
        assert!(time(|| task.run(0)).1 >= weight);
    }

    #[test]
    fn tasks_differ_by_their_number_and_by_nothing_else() {
        let task = Task { weight: Duration::ZERO, factorial: 30, timeline: None, marks: None };
        assert_eq!(task.run(7), task.run(7));
        assert_eq!(task.run(8), task.run(7) + 1);
    }

    #[test]
    fn a_spin_has_at_least_one_step() {
        assert_eq!(Spin::lasting(Duration::ZERO, 1.0).steps, 1);
        assert_eq!(Spin::lasting(Duration::from_micros(3), 1.5).steps, 2000);
    }
}
