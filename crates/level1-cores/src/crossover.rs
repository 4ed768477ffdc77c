//! The two task sizes at which several workers start to beat one: how they are measured and found.

mod report;

use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Disturbance, Samples, Watch, Workers, plural, time, usable_cpus};

use crate::Spin;

/// The smallest task, in seconds; each size is twice the one before.
const SMALLEST: f64 = 20e-9;
const SIZES: i32 = 20;
/// A loop that takes longer, in seconds, has been worth sharing for long.
const LONGEST: f64 = 0.11;

/// How long is measured, in how many rounds over all sizes in both states.
const BUDGET: Duration = Duration::from_secs(4);
const ROUNDS: std::ops::Range<usize> = 3..200;

/// Workers that found no work for so long are asleep (rayon's look for some microseconds), and workers
/// that had small loops to share for so long are awake (to wake one takes a tenth of a millisecond).
const PAUSE: Duration = Duration::from_micros(300);

/// Where parallel wins with so many sizes in a row, larger ones are left out.
const ENOUGH_WINS: usize = 3;

/// A burst counts if no thread waited longer for a core than this share of it.
const UNDISTURBED: f64 = 0.02;

/// What the workers did before the loop began: they have just worked, and still look for more; or
/// they found nothing to do and sleep, so they must be woken.
const STATES: [&str; 2] = ["awake", "asleep"];

/// The times of both loops for one task size, in undisturbed bursts.
#[derive(Debug, Default)]
struct Point {
    task_s: f64,
    sequential: Samples,
    parallel: Samples,
}

impl Point {
    /// Parallel time / sequential time as a logarithm: below zero, parallel wins.
    fn loss(&self) -> f64 {
        self.parallel.quartile().div_duration_f64(self.sequential.quartile()).ln()
    }
}

/// Both loops, raced with tasks of many sizes and with workers in both states.
#[derive(Debug)]
pub struct Crossover {
    workers: Workers,
    /// Why nothing was measured, if so.
    pointless: Option<String>,
    /// Of workers in each of the [`STATES`].
    points: [Vec<Point>; 2],
    /// The size in seconds from which parallel wins in each of the states, if it was found.
    found: [Option<f64>; 2],
    disturbance: Disturbance,
}

impl Crossover {
    /// Races both loops, with workers that are awake and with workers that are asleep. All sizes are
    /// visited in turn, so that a disturbance spoils none of them, and a burst of races counts only if
    /// the threads hardly waited for a core meanwhile.
    ///
    /// # Panics
    /// If the two loops do not give the same values in the same order.
    pub fn measure(
        tasks: usize,
        workers: Workers,
        sequential: impl Fn(Spin) -> Vec<u64>,
        parallel: impl Fn(Spin) -> Vec<u64>,
    ) -> Self {
        let watch = Watch::start();
        let pointless = pointless(tasks, workers, usable_cpus());
        let step_ns = Spin::step_ns();
        let race = |state, task_s| {
            let task = Spin::lasting(Duration::from_secs_f64(task_s), step_ns);
            let (one, sequential_time) = time(|| sequential(task));
            let start = Instant::now();
            while state == "awake" && start.elapsed() < PAUSE {
                parallel(Spin { steps: 100 });
            }
            sleep(PAUSE.saturating_sub(start.elapsed()));
            let (many, parallel_time) = time(|| parallel(task));
            assert_eq!(one, many, "both loops must give the same values in the same order");
            (sequential_time, parallel_time)
        };
        let rounds = if pointless.is_some() { 0..0 } else { 0..ROUNDS.end };
        let mut points = STATES.map(|_| sizes(tasks));
        let start = Instant::now();
        for _ in rounds.take_while(|&round| round < ROUNDS.start || start.elapsed() < BUDGET) {
            for (state, points) in STATES.into_iter().zip(&mut points) {
                visit(points, |task_s| race(state, task_s));
            }
        }
        let disturbance = watch.end();
        let found =
            points.each_ref().map(|points| find(points).filter(|_| !disturbance.is_heavy()));
        Self { workers, pointless, points, found, disturbance }
    }
}

/// Why these workers cannot win with any size, if so.
pub(crate) fn pointless(tasks: usize, workers: Workers, cpus: usize) -> Option<String> {
    let why = match (tasks, workers.count) {
        (1, _) => "one task cannot be shared; take more: --tasks 10".to_string(),
        (_, 1) => "one worker has nobody to share with; take more: --workers, or in Slurm \
                   --cpus-per-task"
            .to_string(),
        (_, many) if many > cpus => {
            let (many, cpus) = (plural(many, "worker"), plural(cpus, "usable CPU"));
            format!("{many} share {cpus} and wait for each other")
        }
        _ => return None,
    };
    Some(format!("There is no crossover to measure: {why}."))
}

/// The sizes that are raced, the smallest first.
fn sizes(tasks: usize) -> Vec<Point> {
    let sizes = (0..SIZES).map(|doubling| SMALLEST * 2_f64.powi(doubling));
    let sizes = sizes.take_while(|task_s| tasks as f64 * task_s <= LONGEST);
    sizes.map(|task_s| Point { task_s, ..Point::default() }).collect()
}

/// Races tasks of all sizes once, until parallel wins clearly.
fn visit(points: &mut [Point], race: impl Fn(f64) -> (Duration, Duration)) {
    let mut wins = 0;
    for point in points {
        let watch = Watch::start();
        let burst = if point.task_s < 20e-6 { 5 } else { 1 };
        let times: Vec<_> = (0..burst).map(|_| race(point.task_s)).collect();
        if watch.end().waited.is_none_or(|share| share < UNDISTURBED) {
            for (sequential, parallel) in times {
                point.sequential.push(sequential);
                point.parallel.push(parallel);
            }
        }
        // Far above the crossover there is nothing to learn, and the loops take long.
        wins = if point.loss() < 0.0 { wins + 1 } else { 0 };
        if wins == ENOUGH_WINS {
            break;
        }
    }
}

/// The sizes with enough undisturbed races.
fn measured(points: &[Point]) -> impl Iterator<Item = &Point> {
    points.iter().filter(|point| point.parallel.len() >= ROUNDS.start)
}

/// The size that parts the points best: parallel loses with smaller tasks and wins with larger ones, with
/// as few exceptions as can be. Between its two neighbours, where both loops take as long.
fn find(points: &[Point]) -> Option<f64> {
    let points: Vec<&Point> = measured(points).collect();
    let exceptions = |place: &usize| {
        let (smaller, larger) = points.split_at(*place);
        let wins = smaller.iter().filter(|point| point.loss() < 0.0);
        wins.count() + larger.iter().filter(|point| point.loss() >= 0.0).count()
    };
    let place = (0..=points.len()).min_by_key(exceptions)?;
    let high = points.get(place)?;
    let Some(low) = place.checked_sub(1).map(|before| points[before]) else {
        return Some(high.task_s).filter(|&task_s| task_s == SMALLEST);
    };
    let ratio = high.task_s / low.task_s; // more than 2 where no race of a size was undisturbed
    let way = low.loss() / (low.loss() - high.loss());
    (ratio < 5.0).then(|| low.task_s * ratio.powf(way))
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::Source;

    /// A machine where handing out the tasks costs `overhead` and work is then halved.
    fn machine(overhead_s: impl Fn(f64) -> f64) -> Option<f64> {
        let (time, mut points) = (Duration::from_secs_f64, sizes(10));
        for _ in ROUNDS.take(5) {
            let race = |task_s| (time(10.0 * task_s), time(overhead_s(task_s) + 5.0 * task_s));
            visit(&mut points, race);
        }
        find(&points)
    }

    #[test]
    fn the_crossover_is_where_both_loops_take_as_long() {
        for overhead_s in [1e-6, 7e-6, 50e-6, 900e-6] {
            let (found_s, truth_s) = (machine(|_| overhead_s).unwrap(), overhead_s / 5.0);
            assert!((found_s / truth_s - 1.0).abs() < 0.1, "{found_s} is not {truth_s}");
        }
        let found = (machine(|_| 0.0), machine(|_| 10.0), find(&[]));
        assert_eq!(found, (Some(SMALLEST), None, None));
        // A size at which something held both loops up does not count.
        let held_up = |task_s| if (4e-6..6e-6).contains(&task_s) { 50e-6 } else { 1e-6 };
        assert!(machine(held_up).is_some_and(|found_s| (found_s / 2e-7 - 1.0).abs() < 0.1));
    }

    #[test]
    fn where_nobody_can_share_the_reason_is_told_and_nothing_that_was_done_is_advised() {
        let told = |tasks, count, cpus| {
            pointless(tasks, Workers { count, source: Source::Flag }, cpus).unwrap_or_default()
        };
        assert!(told(1, 2, 2).contains("one task cannot be shared"));
        assert!(told(10, 1, 2).contains("one worker has nobody to share with"));
        assert!(told(10, 4, 1).contains("4 workers share 1 usable CPU"));
        assert_eq!(told(2, 2, 2), "");
    }
}
