//! What more workers gained, under the field's own names.

use std::fmt;

/// One time with `workers` workers (threads or ranks) against the time with one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// How many threads or ranks shared the work.
    pub workers: usize,
    /// How many CPUs they may use, all together.
    pub cpus: usize,
    /// The time with one worker divided by this time.
    pub speedup: f64,
    /// How far the speedup may be off, as a share of it: what the times spread.
    pub noise: f64,
}

impl Scaling {
    /// The share of the workers that was put to use: speedup / workers.
    pub fn efficiency(&self) -> f64 {
        self.speedup / self.workers as f64
    }

    /// The serial fraction that Amdahl's law needs to explain this speedup.
    ///
    /// Karp and Flatt, Measuring parallel processor performance, CACM 33(5), 1990:
    /// `(1/speedup - 1/workers) / (1 - 1/workers)`.
    ///
    /// None where it would explain something else: for one worker, for workers that take turns on
    /// fewer CPUs, for a run that is slower than one worker or faster than ideal, and for a value
    /// within the noise.
    pub fn serial_fraction(&self) -> Option<f64> {
        let share = 1.0 / self.workers as f64;
        let fraction = |speedup: f64| (1.0 / speedup - share) / (1.0 - share);
        let meant = (2..=self.cpus).contains(&self.workers) && self.speedup >= 1.0;
        let found = meant.then(|| fraction(self.speedup))?;
        let off = fraction(self.speedup * (1.0 - self.noise)) - found;
        (found > 0.0 && off <= found).then_some(found)
    }
}

/// Two or three rows, the same in every level.
impl fmt::Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "speedup       {:>7.2} x   ideal: {} x", self.speedup, self.workers)?;
        write!(f, "efficiency    {:>7.0} %   speedup / ideal", 100.0 * self.efficiency())?;
        match self.serial_fraction() {
            Some(fraction) => write!(
                f,
                "\nserial share  {:>7.1} %   what Amdahl's law needs to explain it (Karp-Flatt)",
                100.0 * fraction
            ),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaling(workers: usize, baseline_s: f64, time_s: f64) -> Scaling {
        Scaling { workers, cpus: workers, speedup: baseline_s / time_s, noise: 0.0 }
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
    fn a_serial_share_is_only_told_where_it_means_something() {
        let two = scaling(2, 1.9, 1.0);
        assert!(two.serial_fraction().is_some());
        assert_eq!(scaling(1, 1.0, 1.0).serial_fraction(), None, "one worker");
        assert_eq!(scaling(2, 0.5, 1.0).serial_fraction(), None, "slower than one worker");
        assert_eq!(scaling(2, 2.2, 1.0).serial_fraction(), None, "faster than ideal");
        assert_eq!(Scaling { cpus: 1, ..two }.serial_fraction(), None, "two workers on one CPU");
        assert_eq!(Scaling { noise: 0.1, ..two }.serial_fraction(), None, "within the noise");
        assert!(Scaling { noise: 0.01, ..two }.serial_fraction().is_some());
    }

    #[test]
    fn every_level_prints_the_same_rows() {
        let text = scaling(2, 1.9, 1.0).to_string();
        let names: Vec<&str> = text.lines().map(|line| line[..12].trim_end()).collect();
        assert_eq!(names, ["speedup", "efficiency", "serial share"]);
        assert!(text.contains("1.90 x   ideal: 2 x") && text.contains("95 %"), "{text}");
    }
}
