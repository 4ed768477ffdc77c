//! What more workers gained, under the field's own names.

use std::time::Duration;

/// One time with `workers` workers (threads or ranks) against the time with one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// How many threads or ranks shared the work.
    pub workers: usize,
    /// The time with one worker divided by this time.
    pub speedup: f64,
}

impl Scaling {
    /// Compares `time` with `workers` workers to the `baseline` with one.
    pub fn new(workers: usize, baseline: Duration, time: Duration) -> Self {
        Self { workers, speedup: baseline.as_secs_f64() / time.as_secs_f64() }
    }

    /// The share of the workers that was put to use: speedup / workers.
    pub fn efficiency(&self) -> f64 {
        self.speedup / self.workers as f64
    }

    /// The serial fraction that Amdahl's law needs to explain this speedup; none for one worker.
    ///
    /// Karp and Flatt, Measuring parallel processor performance, CACM 33(5), 1990:
    /// `(1/speedup - 1/workers) / (1 - 1/workers)`. Below zero means faster than ideal.
    pub fn serial_fraction(&self) -> Option<f64> {
        let share = 1.0 / self.workers as f64;
        (self.workers > 1).then(|| (1.0 / self.speedup - share) / (1.0 - share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaling(workers: usize, baseline_s: f64, time_s: f64) -> Scaling {
        let time = Duration::from_secs_f64;
        Scaling::new(workers, time(baseline_s), time(time_s))
    }

    #[test]
    fn the_workshops_nine_on_sixteen_is_56_percent() {
        let sixteen = scaling(16, 9.0, 1.0);
        assert!((sixteen.efficiency() - 0.5625).abs() < 1e-12);
        assert!(sixteen.serial_fraction().is_some_and(|f| (f - 0.0519).abs() < 1e-4));
    }

    #[test]
    fn karp_flatt_gives_back_the_fraction_that_amdahl_was_given() {
        let serial = 0.2;
        for workers in [2, 3, 16] {
            let time = serial + (1.0 - serial) / workers as f64;
            let found = scaling(workers, 1.0, time).serial_fraction();
            assert!(found.is_some_and(|f| (f - serial).abs() < 1e-9), "{workers}: {found:?}");
        }
    }

    #[test]
    fn one_worker_has_no_serial_fraction() {
        assert_eq!(scaling(1, 1.0, 1.0).serial_fraction(), None);
    }
}
