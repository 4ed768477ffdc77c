//! `cargo exercise`: lists the exercises, checks one, or proves that all checks do their work.

mod cargo;
mod prove;
mod state;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use cli::{count, misuse};
use exercises::{EXERCISES, Exercise};

use crate::state::State;

/// Exercises that check themselves: without a number, all of them with their state
#[derive(Parser)]
#[command(version, name = "cargo exercise")]
struct Args {
    /// The exercise to check, from 1 to 9
    #[arg(value_parser = count(1..=EXERCISES.len() as u64))]
    number: Option<u64>,

    /// Check again whenever its file is saved, until it is solved
    #[arg(long, requires = "number")]
    watch: bool,

    /// Check the answer in examples/solutions/ instead of your file
    #[arg(long, requires = "number", conflicts_with = "watch")]
    solution: bool,

    /// Prove that every untouched exercise fails its check and every solution passes
    #[arg(long, conflicts_with_all = ["number"])]
    prove: bool,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    if args.prove {
        return prove::prove();
    }
    let Some(number) = args.number else { return list() };
    let exercise = &EXERCISES[number as usize - 1];
    if let Err(missing) = cargo::needs(exercise) {
        return Err(misuse(format!("exercise {number} needs {missing}")));
    }
    if args.watch {
        return watch::watch(exercise);
    }
    match show(exercise, args.solution)? {
        State::Solved => Ok(()),
        _ => anyhow::bail!("exercise {number} is not solved yet"),
    }
}

/// Checks one exercise and says what to do next.
fn show(exercise: &Exercise, solution: bool) -> anyhow::Result<State> {
    let Exercise { number, title, .. } = exercise;
    println!("exercise {number}: {title}\n");
    let state = state::of(exercise, solution)?;
    match &state {
        State::Solved => {
            println!("solved");
            if usize::from(*number) < EXERCISES.len() && !solution {
                println!("next       cargo exercise {}", number + 1);
            }
            println!("compare    {}", exercise.solution().display());
        }
        State::NotYet(fault) => {
            println!("expected   {}", fault.expected);
            println!("found      {}", fault.found);
            println!("hint       {}", exercise.hint().display());
            println!("change     {}", exercise.file().display());
        }
        State::Untouched | State::Unknown(_) => println!("{state}"),
    }
    Ok(state)
}

/// All exercises. The untouched ones are known to fail, so only the others are built and checked.
fn list() -> anyhow::Result<()> {
    for exercise in &EXERCISES {
        let Exercise { number, title, .. } = exercise;
        if number % 3 == 1 {
            println!("level {}", exercise.level());
        }
        let state = match (state::is_untouched(exercise)?, cargo::needs(exercise)) {
            (_, Err(missing)) => State::Unknown(format!("needs {missing}")),
            (true, _) => State::Untouched,
            (false, _) => state::of(exercise, false)?,
        };
        println!("  {number}  {title:<46} {state}");
    }
    println!("\ncargo exercise 4 checks one; its program is in examples/exercises/");
    Ok(())
}
