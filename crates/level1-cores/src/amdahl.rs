//! Amdahl's law on a real computation: the product tree of a large factorial.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use cli::Record;
use common::{Disturbance, Samples, Scaling, Watch, human, time, usable_cpus};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::{Value, json};

use crate::factorial::{factorial, factorial_parallel, last_factors};

const ROUNDS: usize = 7;

/// A factorial, computed by a growing number of workers.
#[derive(Debug)]
pub struct Amdahl {
    /// n! was computed.
    pub n: u64,
    /// The time of one worker without any pool.
    pub sequential: Duration,
    /// The share of that time that the last multiplication takes: it runs on one worker.
    pub last_multiplication: f64,
    /// The time with each number of workers, and what that number gained.
    pub rows: Vec<(Duration, Scaling)>,
    /// What kept the workers from running meanwhile.
    pub disturbance: Disturbance,
}

impl Amdahl {
    /// Computes n! with 1, 2, 4, ... and `most` workers, all in turn, several times; the best times
    /// count, as the law is about what the machine can do.
    ///
    /// # Errors
    /// If a pool cannot be started.
    ///
    /// # Panics
    /// If any number of workers gives another value than one worker does.
    pub fn race(n: u64, most: usize) -> anyhow::Result<Self> {
        let pools = worker_counts(most)
            .into_iter()
            .map(|workers| ThreadPoolBuilder::new().num_threads(workers).build())
            .collect::<Result<Vec<ThreadPool>, _>>()?;
        let truth = factorial(n);
        let (left, right) = last_factors(n);
        let mut sequential = Samples::default();
        let mut last = Samples::default();
        let mut parallel = vec![Samples::default(); pools.len()];
        let watch = Watch::start();
        for _ in 0..ROUNDS {
            sequential.push(time(|| black_box(factorial(black_box(n)))).1);
            last.push(time(|| black_box(black_box(&left) * black_box(&right))).1);
            for (pool, samples) in pools.iter().zip(&mut parallel) {
                let (value, elapsed) = time(|| pool.install(|| factorial_parallel(black_box(n))));
                assert_eq!(value, truth, "{n}! on {} workers", pool.current_num_threads());
                samples.push(elapsed);
            }
        }
        let baseline = sequential.best();
        let row = |(pool, samples): (&ThreadPool, &Samples)| {
            let (workers, cpus, time) = (pool.current_num_threads(), usable_cpus(), samples.best());
            let speedup = baseline.div_duration_f64(time);
            (time, Scaling { workers, cpus, speedup, noise: 0.0 })
        };
        Ok(Self {
            n,
            sequential: baseline,
            last_multiplication: last.best().as_secs_f64() / baseline.as_secs_f64(),
            rows: pools.iter().zip(&parallel).map(row).collect(),
            disturbance: watch.end(),
        })
    }

    /// The best speedup that the last multiplication alone would allow `workers` workers.
    pub fn bound(&self, workers: usize) -> f64 {
        let serial = self.last_multiplication;
        1.0 / (serial + (1.0 - serial) / workers as f64)
    }

    /// Notes every row in the record of the run.
    pub fn note(&self, record: &mut Record) {
        let row = |(time, scaling): &(Duration, Scaling)| {
            json!({
                "workers": scaling.workers,
                "time_s": time.as_secs_f64(),
                "speedup": scaling.speedup,
                "serial_fraction": scaling.serial_fraction(),
            })
        };
        record
            .setting("large_factorial", self.n)
            .result("last_multiplication", self.last_multiplication)
            .result("amdahl", self.rows.iter().map(row).collect::<Value>());
    }
}

impl fmt::Display for Amdahl {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let workers = self.rows.last().map_or(1, |(_, most)| most.workers);
        let disturbed = self.disturbance.sentence(workers).as_deref().map(cli::wrapped);
        if let Some(line) = disturbed.as_ref().filter(|_| self.disturbance.is_heavy()) {
            return write!(f, "Amdahl's law: too busy to tell.\n{line}");
        }
        let (n, time, percent) = (self.n, human(self.sequential), 100.0 * self.last_multiplication);
        writeln!(
            f,
            "Amdahl's law: one worker computes {n}! in {time}, and {percent:.0} % of that\n\
             is the last multiplication, which no second worker can share."
        )?;
        write!(f, "workers       time   speedup   at most   efficiency   Karp-Flatt serial share")?;
        for (time, scaling) in &self.rows {
            let &Scaling { workers, speedup, .. } = scaling;
            let (time, most) = (human(*time), self.bound(workers.min(usable_cpus())));
            write!(f, "\n{workers:>7}  {time:>9}  {speedup:>6.2} x  {most:>6.2} x")?;
            write!(f, "  {:>9.0} %", 100.0 * scaling.efficiency())?;
            if let Some(share) = scaling.serial_fraction() {
                write!(f, "  {:>9.0} %", 100.0 * share)?;
            }
        }
        disturbed.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// 1, 2, 4, ... and the largest itself; beyond 32, so that a table fits a screen, 1, 4, 16, ...
pub(crate) fn worker_counts(most: usize) -> Vec<usize> {
    let factor = if most > 32 { 4 } else { 2 };
    let powers = std::iter::successors(Some(1), |count| Some(count * factor));
    let mut counts: Vec<usize> = powers.take_while(|&count| count < most).collect();
    counts.push(most);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worker_counts_double_up_to_the_largest() {
        assert_eq!(worker_counts(1), [1]);
        assert_eq!(worker_counts(2), [1, 2]);
        assert_eq!(worker_counts(6), [1, 2, 4, 6]);
        assert_eq!(worker_counts(128), [1, 4, 16, 64, 128]);
    }

    #[test]
    fn the_race_has_a_row_for_every_worker_count() {
        let race = Amdahl::race(3000, 2).unwrap();
        assert_eq!(race.rows.len(), 2);
        assert!(race.last_multiplication > 0.0 && race.last_multiplication < 1.0);
        assert!(race.bound(2) < 2.0 && (race.bound(1) - 1.0).abs() < 1e-12);
    }
}
