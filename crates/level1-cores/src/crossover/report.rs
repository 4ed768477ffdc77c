//! What the crossover says: the answer, the chart, the record.

use std::fmt;
use std::time::Duration;

use cli::{Guess, Record};
use common::{Samples, human};
use serde_json::{Value, json};

use super::{Crossover, Point, SMALLEST, measured};
use crate::chart::chart;

impl Crossover {
    /// How far a guess in microseconds is from the crossover of workers that are awake, and why it
    /// lies there. None without a guess.
    pub fn score(&self, guess: Guess) -> Option<String> {
        let why = "handing out the loop costs time; what all tasks together save must be more";
        guess.score(1e6 * self.found[0].unwrap_or(f64::NAN), "us", why)
    }

    /// The answer in two lines, or why there is none.
    fn answer(&self) -> String {
        let found = || answer(self.found, self.disturbance.is_notable());
        self.pointless.clone().unwrap_or_else(found)
    }

    /// Notes both crossovers and every point in the record of the run.
    pub fn note(&self, record: &mut Record) {
        let point = |point: &Point| {
            json!({
                "task_s": point.task_s,
                "sequential_s": point.sequential.quartile().as_secs_f64(),
                "parallel_s": point.parallel.quartile().as_secs_f64(),
            })
        };
        let [awake, asleep] = &self.points;
        record
            .result("answer", self.answer().replace('\n', " "))
            .result("awake_s", self.found[0])
            .result("asleep_s", self.found[1])
            .result("waited_share", self.disturbance.waited)
            .result("points", measured(awake).map(point).collect::<Value>())
            .result("points_asleep", measured(asleep).map(point).collect::<Value>());
    }
}

/// A size in microseconds, with two digits.
fn about(seconds: f64) -> String {
    let us = 1e6 * seconds;
    let unit = 10_f64.powf(us.log10().floor() - 1.0);
    let rounded = ((us / unit).round() * unit * 1e6).round() / 1e6;
    format!("{} {rounded} us", if seconds <= SMALLEST { "less than" } else { "about" })
}

/// The answer in two lines.
fn answer(found: [Option<f64>; 2], busy: bool) -> String {
    let unknown = match busy {
        true => "this machine is too busy to tell",
        false => "parallel wins with no size that was tried",
    };
    let win = |size| format!("parallel starts to win at {} per task", about(size));
    let alone = |found: Option<f64>| found.map_or(unknown.to_string(), win);
    match found {
        [Some(awake), Some(asleep)] => format!(
            "Parallel starts to win at {} per task if the workers are awake,\n\
             and at {} if they must be woken.",
            about(awake),
            about(asleep)
        ),
        [awake, asleep] => format!(
            "If the workers are awake, {};\nif they must be woken, {}.",
            alone(awake),
            alone(asleep)
        ),
    }
}

/// The answer, then the chart of all points.
impl fmt::Display for Crossover {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}", cli::verdict(&cli::wrapped(&self.answer())))?;
        if self.pointless.is_some() {
            return Ok(());
        }
        let disturbed = self.disturbance.sentence(self.workers.count);
        disturbed.iter().try_for_each(|line| writeln!(f, "{}", cli::wrapped(line)))?;
        if self.found == [None; 2] {
            return Ok(());
        }
        let curve = |points: &[Point], times: fn(&Point) -> &Samples| -> Vec<(f64, f64)> {
            let point = |point: &Point| (point.task_s, times(point).quartile().as_secs_f64());
            measured(points).map(point).collect()
        };
        let [awake, asleep] = &self.points;
        let curves = [
            ('s', &curve(awake, |point| &point.sequential)[..]),
            ('a', &curve(awake, |point| &point.parallel)),
            ('w', &curve(asleep, |point| &point.parallel)),
        ];
        let label = |seconds| human(Duration::from_secs_f64(seconds));
        writeln!(f, "\nTime of the loop, by the size of a task: s sequential, a awake, w woken")?;
        f.write_str(&chart(&curves, label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_too_busy_is_not_said_to_have_no_crossover() {
        let said = answer([Some(3.41e-6), None], true);
        assert!(said.contains("about 3.4 us per task") && said.contains("too busy"), "{said}");
    }

    #[test]
    fn every_answer_is_two_lines_of_a_terminal() {
        let all = [Some(1.234_567e-3), Some(SMALLEST), None];
        for text in all.iter().flat_map(|awake| all.map(|asleep| answer([*awake, asleep], false))) {
            assert!(text.lines().count() == 2 && text.lines().all(|l| l.len() <= 80), "{text}");
        }
        assert_eq!(about(2.864e-7), "about 0.29 us");
        assert_eq!(about(SMALLEST), "less than 0.02 us");
    }
}
