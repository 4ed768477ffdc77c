//! What the race says when it is over.

use std::fmt;
use std::time::Duration;

use cli::Record;
use common::{Scaling, human, usable_cpus};

use crate::{Pairs, Race, Winner};

/// The race in two lines, before it starts.
impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let plural = if self.tasks == 1 { "" } else { "s" };
        write!(f, "Race: {} task{plural}, each ", self.tasks)?;
        if !self.weight.is_zero() {
            write!(f, "waits {} s and then ", self.weight.as_secs_f64())?;
        }
        writeln!(f, "computes {}!", self.factorial)?;
        write!(f, "{}", self.workers)?;
        match self.workers.warning() {
            Some(warning) => write!(f, "\n{warning}"),
            None => Ok(()),
        }
    }
}

/// Prints times, the expected time, speedup and winner of a race, and notes them in its record.
///
/// `one` is what one task computes for, `pool_start` what starting the workers took.
pub fn report(
    race: &Race,
    one: Duration,
    pool_start: Duration,
    pairs: &Pairs,
    record: &mut Record,
) {
    let workers = race.workers.count;
    let expected = expected_time(race, one, usable_cpus());
    let (sequential, parallel) = (pairs.sequential.median(), pairs.parallel.median());
    let scaling = Scaling { workers, speedup: pairs.speedup() };
    let repeats = pairs.sequential.len();

    println!("pool start    {:>9}   paid once, before the race", human(pool_start));
    println!(
        "sequential    {:>9}   {}",
        human(sequential),
        best_of(repeats, pairs.sequential.best())
    );
    println!("parallel      {:>9}   {}", human(parallel), best_of(repeats, pairs.parallel.best()));
    println!("expected     {:>9}   {}", human(expected), explain_expected(race));
    println!("speedup       {:>7.2} x   ideal: {workers} x", scaling.speedup);
    println!("efficiency    {:>7.0} %   speedup / workers", 100.0 * scaling.efficiency());
    println!("\n{}", verdict(race, pairs.winner(), scaling.speedup));
    if let Some(score) = score(race, pairs.winner(), scaling.speedup) {
        println!("\n{score}");
    }

    let verdict = match pairs.winner() {
        Winner::Sequential => "sequential",
        Winner::Parallel => "parallel",
        Winner::TooClose => "too close to call",
    };
    record
        .setting("weight_s", race.weight.as_secs_f64())
        .setting("tasks", race.tasks)
        .setting("workers", workers)
        .setting("workers_source", format!("{:?}", race.workers.source).to_lowercase())
        .setting("factorial", race.factorial)
        .result("pool_start_s", pool_start.as_secs_f64())
        .result("sequential_s", sequential.as_secs_f64())
        .result("parallel_s", parallel.as_secs_f64())
        .result("expected_s", expected.as_secs_f64())
        .result("pairs", repeats)
        .result("speedup", scaling.speedup)
        .result("efficiency", scaling.efficiency())
        .result("verdict", verdict);
}

/// Waiting overlaps on as many workers as there are, computing only on as many as have a core.
fn expected_time(race: &Race, one: Duration, cpus: usize) -> Duration {
    let computing_waves = race.tasks.div_ceil(race.workers.count.min(cpus));
    race.weight * waves(race) + one * computing_waves as u32
}

/// How many rounds the workers need until every task had its turn.
fn waves(race: &Race) -> u32 {
    race.tasks.div_ceil(race.workers.count) as u32
}

fn explain_expected(race: &Race) -> String {
    if race.weight.is_zero() {
        return "the computing, shared among the workers that have a core".to_string();
    }
    let plural = if waves(race) == 1 { "" } else { "s" };
    format!(
        "{} wave{plural} of {} s: ceil({} tasks / {} workers) x weight",
        waves(race),
        race.weight.as_secs_f64(),
        race.tasks,
        race.workers.count
    )
}

/// How good the reader's guess was; none if there was no guess.
fn score(race: &Race, winner: Winner, speedup: f64) -> Option<String> {
    let Race { tasks, workers, .. } = race;
    let why = match winner {
        _ if !race.weight.is_zero() => format!(
            "{tasks} tasks on {} workers are {} waves, and {tasks} / {} is {:.2}",
            workers.count,
            waves(race),
            waves(race),
            f64::from(*tasks as u32) / f64::from(waves(race))
        ),
        Winner::Parallel => format!(
            "computing is shared by the workers that have a core, {} of {}",
            workers.count.min(usable_cpus()),
            workers.count
        ),
        _ => "handing out a task costs about as much as such a task, or more".to_string(),
    };
    let score = race.guess.score(speedup, "x", &why)?;
    Some(match race.guess.right_winner(speedup) {
        Some(false) if winner != Winner::TooClose => format!("{score}; the other one wins"),
        _ => score,
    })
}

fn best_of(repeats: usize, best: Duration) -> String {
    match repeats {
        1 => "run once".to_string(),
        _ => format!("median of {repeats}, best {}", human(best)),
    }
}

/// The lesson of this race: who won, and why.
fn verdict(race: &Race, winner: Winner, speedup: f64) -> String {
    let workers = race.workers.count;
    match winner {
        Winner::Sequential => format!(
            "Winner: sequential, {:.1} times as fast. Handing out tasks and collecting results \
             costs the same\nfor small tasks and large ones, and these are too small to pay for \
             it. Make them larger: --weight 0.5",
            1.0 / speedup
        ),
        Winner::TooClose if workers == 1 => "Too close to call: one worker runs the same tasks \
             one after the other. Give it company: --workers 4"
            .to_string(),
        Winner::TooClose => "Too close to call: the difference is inside the noise. What the \
             workers gained, handing out\nthe tasks cost. Change --weight, --factorial or --tasks \
             and race again."
            .to_string(),
        Winner::Parallel if race.weight.is_zero() => format!(
            "Winner: parallel, {speedup:.2} times as fast. These tasks compute, so each worker \
             needs a core of its own."
        ),
        Winner::Parallel => format!(
            "Winner: parallel, {speedup:.2} times as fast, as the waits overlap. Sleeping needs no \
             cores, so this works on\nany machine; computing does need them: try --weight 0 \
             --factorial 20000"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::Guess;
    use common::{Source, Workers};

    fn race(weight_s: f64, tasks: usize, workers: usize) -> Race {
        Race {
            weight: Duration::from_secs_f64(weight_s),
            tasks,
            workers: Workers { count: workers, source: Source::Flag },
            factorial: 20,
            timeline: false,
            guess: Guess::default(),
            json: None,
        }
    }

    #[test]
    fn ten_sleeping_tasks_on_four_workers_are_three_waves() {
        let expected = expected_time(&race(0.5, 10, 4), Duration::ZERO, 2);
        assert_eq!(expected, Duration::from_millis(1500));
        assert!(explain_expected(&race(0.5, 10, 4)).starts_with("3 waves of 0.5 s"));
    }

    #[test]
    fn computing_is_shared_by_cores_not_by_workers() {
        let one = Duration::from_millis(10);
        assert_eq!(expected_time(&race(0.0, 10, 4), one, 2), 5 * one);
        assert_eq!(expected_time(&race(0.0, 10, 4), one, 8), 3 * one);
    }

    #[test]
    fn each_verdict_says_what_to_try_next() {
        let text = verdict(&race(0.0, 10, 2), Winner::Sequential, 0.1);
        assert!(text.contains("10.0 times") && text.contains("--weight 0.5"));
        assert!(verdict(&race(0.0, 10, 1), Winner::TooClose, 1.0).contains("--workers 4"));
        assert!(verdict(&race(0.5, 10, 4), Winner::Parallel, 3.3).contains("needs no cores"));
    }
}
