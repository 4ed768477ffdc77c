//! How long something took, and how sure we are.

use std::time::{Duration, Instant};

/// Runs `work` once and returns its value with the time that it took.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// The times of one thing, measured several times.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Adds one measurement.
    pub fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// How many measurements there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was measured yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The shortest time: what the machine can do when nothing disturbs it.
    pub fn best(&self) -> Duration {
        self.0.iter().min().copied().unwrap_or_default()
    }

    /// The middle time: what to expect. Zero if nothing was measured.
    pub fn median(&self) -> Duration {
        let sorted = self.sorted();
        match sorted.len() {
            0 => Duration::ZERO,
            n if n % 2 == 1 => sorted[n / 2],
            n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2,
        }
    }

    /// How far the median may be from the true one, as a share of it: the standard error, from the
    /// distance of the quartiles (exact for normal noise). One measurement does not know: zero.
    pub fn noise(&self) -> f64 {
        let sorted = self.sorted();
        if sorted.is_empty() {
            return 0.0;
        }
        let quartiles = sorted[3 * sorted.len() / 4] - sorted[sorted.len() / 4];
        0.93 * quartiles.div_duration_f64(self.median()) / (sorted.len() as f64).sqrt()
    }

    /// The time that a quarter of the measurements stay below: that of a run which little disturbed and
    /// no luck favoured. Zero if nothing was measured.
    pub fn quartile(&self) -> Duration {
        self.sorted().get(self.len() / 4).copied().unwrap_or_default()
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

/// A time with three digits and the unit that suits it: `4.20 us`, `1.50 s`.
pub fn human(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        s if s < 999.5e-9 => (s * 1e9, "ns"),
        s if s < 999.5e-6 => (s * 1e6, "us"),
        s if s < 999.5e-3 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(micros: &[u64]) -> Samples {
        micros.iter().map(|&us| Duration::from_micros(us)).collect()
    }

    #[test]
    fn one_slow_run_moves_neither_best_nor_median() {
        let times = samples(&[5, 4, 6, 900, 5]);
        assert_eq!(times.best(), Duration::from_micros(4));
        assert_eq!(times.median(), Duration::from_micros(5));
    }

    #[test]
    fn an_even_number_of_runs_has_its_median_between_the_middle_two() {
        assert_eq!(samples(&[4, 1, 2, 9]).median(), Duration::from_micros(3));
        assert_eq!(samples(&[]).median(), Duration::ZERO);
        assert_eq!(samples(&[]).quartile(), Duration::ZERO);
    }

    #[test]
    fn more_measurements_make_a_median_more_certain() {
        let few: Vec<u64> = (90..=110).collect();
        let many = [&few[..]; 16].concat();
        assert!((samples(&few).noise() / samples(&many).noise() - 4.0).abs() < 0.4);
        assert_eq!(samples(&[5]).noise(), 0.0);
    }

    #[test]
    fn times_carry_three_digits_and_a_unit() {
        let text = |nanos| human(Duration::from_nanos(nanos));
        assert_eq!(text(0), "0.00 ns");
        assert_eq!(text(4_200), "4.20 us");
        assert_eq!(text(9_996), "10.0 us");
        assert_eq!(text(999_700), "1.00 ms");
        assert_eq!(text(43_500_000), "43.5 ms");
        assert_eq!(text(1_500_000_000), "1.50 s");
        assert_eq!(text(250_000_000_000), "250 s");
    }
}
