//! What the race says when it is over: first who won and why, then the numbers that carry it.

use std::time::Duration;

use cli::Record;
use common::{Scaling, human, plural, usable_cpus};

use crate::hyperthreads::hyperthreads;
use crate::{Pairs, Race, Winner};

/// Prints the winner, the times and the speedup of a race, and notes them in its record.
///
/// `pool_start` is what starting the workers took.
pub fn report(race: &Race, pool_start: Duration, pairs: &Pairs, record: &mut Record) {
    let workers = race.workers.count;
    let (winner, expected) = (pairs.winner(), race.expected(usable_cpus()));
    let (sequential, parallel) = (pairs.sequential.median(), pairs.parallel.median());
    let (computes, notable) = (race.weight.is_zero(), pairs.disturbance.is_notable());
    let disturbed = pairs.disturbance.sentence(workers);
    // Where tasks wait, what is lost is a last wave that is not full; where others run here too, it is
    // their time. Neither is a serial share.
    let cpus = if computes && !notable { usable_cpus() } else { 0 };
    let scaling =
        Scaling { workers, cpus, speedup: pairs.speedup(), noise: pairs.parallel.noise() };

    let (answer, lesson) = told(race, winner, scaling.speedup);
    record.answer(&answer);
    match &disturbed {
        Some(line) if notable && computes => println!("{}\n", cli::wrapped(line)),
        None if computes && race.lost_to_cores(scaling.speedup, cpus) => println!("{SLOWER}\n"),
        _ => println!("{lesson}\n"),
    }
    println!("sequential    {:>9}   one worker", human(sequential));
    print!("parallel      {:>9}   {}", human(parallel), plural(workers, "worker"));
    match race.weight.as_secs_f64() {
        0.0 => println!(),
        weight => {
            let waves = plural(race.waves(), "wave");
            println!("; {waves} of {weight} s should take {}", human(expected));
        }
    }
    println!("{scaling}");
    println!("{}start of the workers {}", repeats(pairs), human(pool_start));
    let unknown = disturbed.filter(|_| !notable);
    let warnings = [hyperthreads(), unknown];
    warnings.iter().flatten().for_each(|line| println!("{}", cli::wrapped(line)));
    if let Some(score) = race.guess.score(scaling.speedup, "x", &reason(race, winner)) {
        println!("\n{}", cli::wrapped(&score));
    }

    record
        .setting("weight_s", race.weight.as_secs_f64())
        .setting("tasks", race.tasks)
        .setting("workers", workers)
        .setting("factorial", race.factorial)
        .result("pool_start_s", pool_start.as_secs_f64())
        .result("sequential_s", sequential.as_secs_f64())
        .result("parallel_s", parallel.as_secs_f64())
        .result("expected_s", expected.as_secs_f64())
        .result("pairs", pairs.sequential.len())
        .result("speedup", scaling.speedup)
        .result("efficiency", scaling.efficiency())
        .result("waited_share", pairs.disturbance.waited);
}

const SLOWER: &str = "\
Part of the gain is lost, and no thread waited: the cores were slower.
Cores share a clock and caches, in a virtual machine even with strangers.";

fn repeats(pairs: &Pairs) -> String {
    match pairs.sequential.len() {
        1 => "each loop was run once; ".to_string(),
        runs => format!(
            "medians of {runs} pairs of runs; the speedup is the median of their ratios\n\
             best {} and {}; ",
            human(pairs.sequential.best()),
            human(pairs.parallel.best())
        ),
    }
}

/// Who won, in a line that is read first; then why, and what to try next.
fn told(race: &Race, winner: Winner, speedup: f64) -> (String, &'static str) {
    let workers = race.workers.count;
    match winner {
        _ if workers == 1 => (
            "One worker runs both loops: there is nothing to win.".to_string(),
            "Give it some help: --workers 4",
        ),
        _ if race.tasks == 1 => (
            "One task cannot be shared: there is nothing to win.".to_string(),
            "Take more of them: --tasks 10",
        ),
        Winner::Sequential => (
            format!(
                "Sequential wins: one worker is {:.1} times as fast as {workers}.",
                1.0 / speedup
            ),
            "Handing out a task and collecting its result costs the same for every task,\n\
             and these tasks are too small to be worth it. Make them larger: --weight 0.5",
        ),
        Winner::TooClose => (
            "Too close to call: the difference is within the noise.".to_string(),
            "Handing out the tasks cost about as much time as the workers saved.\n\
             Change --weight, --factorial or --tasks and race again.",
        ),
        Winner::Parallel => (
            format!("Parallel wins: {workers} workers are {speedup:.2} times as fast as one."),
            match race.weight.is_zero() {
                true => "These tasks compute, so every worker needs a core of its own.",
                false => {
                    "The waits overlap. Waiting needs no core, so this works on any machine.\n\
                     Computing needs cores: try --weight 0 --factorial 20000"
                }
            },
        ),
    }
}

/// What decided the speedup, for whoever guessed it.
fn reason(race: &Race, winner: Winner) -> String {
    let (tasks, workers) = (race.tasks, race.workers.count);
    match winner {
        _ if !race.weight.is_zero() => {
            let waves = race.waves();
            let ideal = tasks as f64 / waves as f64;
            format!(
                "{tasks} tasks on {workers} workers are {waves} waves, and {tasks} / {waves} is {ideal:.2}"
            )
        }
        Winner::Parallel => {
            let busy = workers.min(usable_cpus());
            format!("computing is shared by the workers that have a core, {busy} of {workers}")
        }
        _ => "handing out a task costs about as much as such a task, or more".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::tests::race;

    #[test]
    fn each_lesson_says_what_to_try_next() {
        let (sequential, lesson) = told(&race(0.0, 10, 2), Winner::Sequential, 0.1);
        assert!(sequential.contains("one worker is 10.0 times as fast as 2"), "{sequential}");
        assert!(lesson.contains("--weight 0.5"));
        assert!(told(&race(0.5, 10, 4), Winner::Parallel, 3.3).1.contains("needs no core"));
    }

    #[test]
    fn where_there_is_nothing_to_win_nobody_has_won() {
        for (tasks, workers, cure) in [(10, 1, "--workers 4"), (1, 2, "--tasks 10")] {
            let (answer, lesson) = told(&race(0.0, tasks, workers), Winner::Sequential, 0.7);
            assert!(answer.ends_with("there is nothing to win.") && lesson.contains(cure));
        }
    }

    #[test]
    fn every_line_fits_a_terminal_of_80_columns() {
        for winner in [Winner::Sequential, Winner::Parallel, Winner::TooClose] {
            let (answer, lesson) = told(&race(0.5, 10, 1024), winner, 1023.0);
            assert!(
                [&answer, lesson, SLOWER]
                    .into_iter()
                    .flat_map(str::lines)
                    .all(|line| line.len() <= 80)
            );
        }
    }
}
