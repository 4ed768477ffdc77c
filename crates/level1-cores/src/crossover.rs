//! The search for the task size at which several workers start to beat one.

use std::fmt;
use std::time::Duration;

use cli::{Guess, Record};
use common::human;
use serde_json::{Value, json};

use crate::chart::chart;
use crate::{Pairs, Winner};

/// The search begins between these task sizes.
const SMALLEST: Duration = Duration::from_nanos(20);
const LARGEST: Duration = Duration::from_millis(10);
/// Neighbouring sizes closer than this cannot be told apart in a reasonable time.
const FINEST_RATIO: f64 = 1.25;

/// One task size, raced.
#[derive(Debug)]
struct Point {
    /// What one task computes for.
    task: Duration,
    /// The times of both loops over all tasks.
    pairs: Pairs,
}

/// Every size that was raced, and what the races say.
#[derive(Debug, Default)]
pub struct Search {
    points: Vec<Point>,
}

impl Search {
    /// Halves the interval between a size where sequential wins and one where parallel wins, on
    /// a logarithmic scale. Once a race in between is too close to call, it looks for both edges
    /// of that grey zone instead. It stops at sizes that cannot be told apart.
    ///
    /// `race` measures pairs of both loops for tasks that take so long.
    pub fn bisect(race: impl Fn(Duration) -> Pairs) -> Self {
        let mut search = Self::default();
        let mut measure = |task| {
            let pairs = race(task);
            let winner = pairs.winner();
            search.points.push(Point { task, pairs });
            winner
        };
        let (mut low, mut high) = (SMALLEST, LARGEST);
        if measure(low) == Winner::Sequential && measure(high) == Winner::Parallel {
            let mut grey: Option<(Duration, Duration)> = None;
            // The next size to race: between the last clear win and what is grey, on either side.
            while let Some(middle) = match grey {
                None => between(low, high),
                Some((first, last)) => between(low, first).or_else(|| between(last, high)),
            } {
                match (measure(middle), grey) {
                    (Winner::TooClose, None) => grey = Some((middle, middle)),
                    (Winner::TooClose, Some((first, last))) => {
                        grey = Some((first.min(middle), last.max(middle)));
                    }
                    (Winner::Sequential, Some((_, last))) if middle > last => break,
                    (Winner::Parallel, Some((first, _))) if middle < first => break,
                    (Winner::Sequential, _) => low = middle,
                    (Winner::Parallel, _) => high = middle,
                }
            }
        }
        search.points.sort_by_key(|point| point.task);
        search
    }

    /// The largest size at which sequential still won and the smallest at which parallel did.
    ///
    /// None if one of them never won: then there is no crossover in the range that was searched.
    /// Where the noise made the two overlap, the bracket holds the whole overlap.
    pub fn bracket(&self) -> Option<(Duration, Duration)> {
        let won = |winner| move |point: &&Point| point.pairs.winner() == winner;
        let low = self.points.iter().rfind(won(Winner::Sequential))?.task;
        let high = self.points.iter().find(won(Winner::Parallel))?.task;
        Some((low.min(high), low.max(high)))
    }

    /// How far a guess in microseconds is from the middle of the bracket, and why it lies there.
    /// None without a guess or without a bracket.
    pub fn score(&self, guess: Guess) -> Option<String> {
        let (low, high) = self.bracket()?;
        let middle = 1e6 * (low.as_secs_f64() * high.as_secs_f64()).sqrt();
        let why =
            "handing out the loop costs microseconds; what all tasks together save must be more";
        guess.score(middle, "us", why)
    }
}

/// The geometric middle of two sizes, unless they are neighbours.
fn between(low: Duration, high: Duration) -> Option<Duration> {
    let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
    (high / low > FINEST_RATIO).then(|| Duration::from_secs_f64((low * high).sqrt()))
}

impl Search {
    /// Notes the bracket and every point in the record of the run.
    pub fn note(&self, record: &mut Record) {
        let seconds = |time: Duration| time.as_secs_f64();
        let point = |point: &Point| {
            json!({
                "task_s": seconds(point.task),
                "sequential_s": seconds(point.pairs.sequential.median()),
                "parallel_s": seconds(point.pairs.parallel.median()),
            })
        };
        let bracket = self.bracket();
        record
            .result("bracket_low_s", bracket.map(|(low, _)| seconds(low)))
            .result("bracket_high_s", bracket.map(|(_, high)| seconds(high)))
            .result("points", self.points.iter().map(point).collect::<Value>());
    }

    fn curve(&self, time: impl Fn(&Pairs) -> Duration) -> Vec<(f64, f64)> {
        let point = |point: &Point| (point.task.as_secs_f64(), time(&point.pairs).as_secs_f64());
        self.points.iter().map(point).collect()
    }
}

/// The chart of all points, then the answer.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sequential = self.curve(|pairs| pairs.sequential.median());
        let parallel = self.curve(|pairs| pairs.parallel.median());
        let label = |seconds| human(Duration::from_secs_f64(seconds));
        writeln!(f, "Time of the whole loop over the time of one task: s sequential, p parallel")?;
        writeln!(f, "{}", chart(&[('s', &sequential), ('p', &parallel)], label))?;
        let (answer, why) = match self.bracket() {
            Some((low, high)) => (
                format!(
                    "Parallel starts to win between {} and {} per task.",
                    human(low),
                    human(high)
                ),
                "A smaller task costs more to hand out than the workers save.".to_string(),
            ),
            None => (
                "There is no crossover here: parallel never wins, or it always does.".to_string(),
                format!(
                    "Tasks from {} to {} were raced.\nSeveral workers need several cores: --workers 2",
                    human(SMALLEST),
                    human(LARGEST)
                ),
            ),
        };
        writeln!(f, "{}\n{why}", cli::verdict(&answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine where handing out the tasks costs `overhead` and work is then halved.
    fn machine(overhead: Duration) -> impl Fn(Duration) -> Pairs {
        move |task| {
            let mut pairs = Pairs::default();
            pairs.push(10 * task, overhead + 5 * task);
            pairs
        }
    }

    #[test]
    fn the_bracket_holds_the_true_crossover() {
        for micros in [1, 7, 50, 900] {
            let search = Search::bisect(machine(Duration::from_micros(micros)));
            let truth = Duration::from_micros(micros) / 5;
            let (low, high) = search.bracket().unwrap();
            assert!(low <= truth && truth <= high, "{low:?} <= {truth:?} <= {high:?}");
            assert!(high < low * 3, "{low:?} to {high:?} is too wide to help");
        }
    }

    #[test]
    fn a_grey_zone_is_narrowed_from_both_sides() {
        let (first, last) = (Duration::from_micros(3), Duration::from_micros(40));
        let search = Search::bisect(|task| {
            let mut pairs = Pairs::default();
            let time = |us| Duration::from_micros(us);
            pairs.push(
                time(100),
                time(if task < first {
                    200
                } else if task < last {
                    100
                } else {
                    50
                }),
            );
            pairs
        });
        let (low, high) = search.bracket().unwrap();
        assert!(low < first && low * 2 > first, "{low:?}");
        assert!(high > last && high < last * 2, "{high:?}");
    }

    #[test]
    fn a_guess_is_scored_against_the_middle_of_the_bracket() {
        let search = Search::bisect(machine(Duration::from_micros(50)));
        assert_eq!(search.score(Guess::default()), None);
        let score = search.score(Guess(Some(1000.0))).unwrap();
        assert!(score.contains("you said 1000 us") && score.contains("times too high"), "{score}");
    }

    #[test]
    fn where_parallel_never_wins_there_is_no_crossover() {
        let search = Search::bisect(machine(Duration::from_secs(1)));
        assert_eq!(search.bracket(), None);
        assert_eq!(search.points.len(), 2);
    }
}
