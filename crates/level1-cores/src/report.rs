//! What the race says when it is over: first who won and why, then the numbers that carry it.

use std::fmt;
use std::time::Duration;

use cli::Record;
use common::{Scaling, human, plural, usable_cpus};

use crate::hyperthreads::hyperthreads;
use crate::{Pairs, Race, Winner};

/// The race in two lines, before it starts.
impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Race: {}, each ", plural(self.tasks, "task"))?;
        if !self.weight.is_zero() {
            write!(f, "waits {} s and then ", self.weight.as_secs_f64())?;
        }
        writeln!(f, "computes {}!", self.factorial)?;
        write!(f, "{}", self.workers)?;
        match self.workers.warning() {
            Some(warning) => write!(f, "\n{}", cli::wrapped(&warning)),
            None => Ok(()),
        }
    }
}

/// Prints the winner, the times and the speedup of a race, and notes them in its record.
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
    let (winner, expected) = (pairs.winner(), expected_time(race, one, usable_cpus()));
    let (sequential, parallel) = (pairs.sequential.median(), pairs.parallel.median());
    let scaling = Scaling {
        workers,
        // Where tasks wait, what is lost is a last wave that is not full, and no serial share.
        cpus: if race.weight.is_zero() { usable_cpus() } else { 0 },
        speedup: pairs.speedup(),
        noise: pairs.parallel.noise(),
    };

    let stopped = cli::was_stopped();
    if stopped {
        println!("{}\n", cli::verdict("No winner: the run was stopped on its way. Run it again."));
    } else {
        println!("{}", cli::verdict(&headline(winner, workers, scaling.speedup)));
        println!("{}\n", lesson(race, winner));
    }
    println!("sequential    {:>9}   one worker", human(sequential));
    print!("parallel      {:>9}   {}", human(parallel), plural(workers, "worker"));
    match race.weight.is_zero() {
        true => println!(),
        false => println!("; {} should take {}", waves_in_words(race), human(expected)),
    }
    if !stopped {
        println!("{scaling}");
    }
    println!("{}; start of the workers {}", repeats(pairs), human(pool_start));
    let warnings = [hyperthreads(), pairs.sequential.busy_warning()];
    warnings.iter().flatten().for_each(|line| println!("{}", cli::wrapped(line)));
    if let Some(score) = score(race, winner, scaling.speedup).filter(|_| !stopped) {
        println!("\n{}", cli::wrapped(&score));
    }

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
        .result("pairs", pairs.sequential.len());
    if !stopped {
        record
            .result("speedup", scaling.speedup)
            .result("efficiency", scaling.efficiency())
            .result("verdict", winner.to_string());
    }
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

fn waves_in_words(race: &Race) -> String {
    format!("{} of {} s", plural(waves(race) as usize, "wave"), race.weight.as_secs_f64())
}

fn repeats(pairs: &Pairs) -> String {
    match pairs.sequential.len() {
        1 => "each loop was run once".to_string(),
        runs => format!(
            "medians of {runs} runs, best {} and {}",
            human(pairs.sequential.best()),
            human(pairs.parallel.best())
        ),
    }
}

/// Who won, in a line that is read first.
fn headline(winner: Winner, workers: usize, speedup: f64) -> String {
    match winner {
        Winner::Sequential => {
            format!(
                "Sequential wins: one worker is {:.1} times as fast as {workers}.",
                1.0 / speedup
            )
        }
        Winner::Parallel => {
            format!("Parallel wins: {workers} workers are {speedup:.2} times as fast as one.")
        }
        Winner::TooClose => "Too close to call: the difference is within the noise.".to_string(),
    }
}

/// Why, and what to try next.
fn lesson(race: &Race, winner: Winner) -> &'static str {
    match winner {
        _ if race.workers.count == 1 => {
            "One worker runs both loops in the same way. Give it company: --workers 4"
        }
        Winner::Sequential => {
            "Handing out a task and collecting its result costs the same for every task,\n\
             and these tasks are too small to be worth it. Make them larger: --weight 0.5"
        }
        Winner::TooClose => {
            "What the workers gained, handing out the tasks cost again.\n\
             Change --weight, --factorial or --tasks and race again."
        }
        Winner::Parallel if race.weight.is_zero() => {
            "These tasks compute, so every worker needs a core of its own."
        }
        Winner::Parallel => {
            "The waits overlap. Waiting needs no core, so this works on any machine.\n\
             Computing needs cores: try --weight 0 --factorial 20000"
        }
    }
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
        assert_eq!(waves_in_words(&race(0.5, 10, 4)), "3 waves of 0.5 s");
    }

    #[test]
    fn computing_is_shared_by_cores_not_by_workers() {
        let one = Duration::from_millis(10);
        assert_eq!(expected_time(&race(0.0, 10, 4), one, 2), 5 * one);
        assert_eq!(expected_time(&race(0.0, 10, 4), one, 8), 3 * one);
    }

    #[test]
    fn each_lesson_says_what_to_try_next() {
        let sequential = headline(Winner::Sequential, 2, 0.1);
        assert!(sequential.contains("one worker is 10.0 times as fast as 2"), "{sequential}");
        assert!(lesson(&race(0.0, 10, 2), Winner::Sequential).contains("--weight 0.5"));
        assert!(lesson(&race(0.0, 10, 1), Winner::TooClose).contains("--workers 4"));
        assert!(lesson(&race(0.5, 10, 4), Winner::Parallel).contains("needs no core"));
    }

    #[test]
    fn every_line_fits_a_terminal_of_80_columns() {
        for winner in [Winner::Sequential, Winner::Parallel, Winner::TooClose] {
            let lines = [headline(winner, 1024, 1023.0), lesson(&race(0.5, 10, 4), winner).into()];
            assert!(lines.iter().flat_map(|text| text.lines()).all(|line| line.len() <= 80));
        }
    }
}
