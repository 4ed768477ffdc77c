//! `cargo exercise`: lists the exercises, checks one, or proves that all checks do their work.

mod cargo;
mod copies;
mod prove;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use cli::{count, misuse};
use exercises::{EXERCISES, Exercise, Fault, SOLUTIONS, around_gap, repository};

use crate::copies::{Copies, shown};

/// Exercises that check themselves: without a number, all of them with their state
#[derive(Parser)]
#[command(version, name = "cargo exercise")]
struct Args {
    /// The exercise to check, from 1 to 12; the first time, your copy of it is made
    #[arg(value_parser = count(1..=EXERCISES.len() as u64))]
    number: Option<u64>,

    /// Run your program instead of checking it; what stands behind `--` goes to the program
    #[arg(long, requires = "number", group = "what")]
    run: bool,

    /// Check again whenever your copy is saved, until it is solved
    #[arg(long, requires = "number", group = "what")]
    watch: bool,

    /// Show the answer and check it instead of your copy
    #[arg(long, requires = "number", group = "what")]
    solution: bool,

    /// Bring the starter back: what you wrote is lost, so this asks first
    #[arg(long, requires = "number", group = "what")]
    reset: bool,

    /// Do not ask before --reset
    #[arg(long, requires = "reset")]
    yes: bool,

    /// The folder of your copies; git ignores `my`
    #[arg(long, value_name = "DIR", default_value = "my")]
    folder: PathBuf,

    /// Prove that every starter fails its check and every solution passes
    #[arg(long, conflicts_with_all = ["number", "folder"])]
    prove: bool,

    /// Words for your program
    #[arg(last = true, requires = "run")]
    words: Vec<String>,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    if args.prove {
        return prove::prove();
    }
    let copies = Copies::new(&args.folder);
    let Some(number) = args.number else { return list(&copies) };
    let exercise = &EXERCISES[number as usize - 1];
    if args.reset {
        return copies.reset(exercise, args.yes);
    }
    if let Err(missing) = cargo::needs(exercise) {
        return Err(misuse(format!("exercise {number} needs {missing}")));
    }
    println!("exercise {number}: {}\n", exercise.title);
    if args.solution {
        return solution(exercise);
    }
    copies.prepare(exercise)?;
    if args.run {
        let program = build(exercise, copies.folder())?;
        return cargo::run(&program, exercise, &args.words);
    }
    if args.watch {
        return watch::watch(exercise, &copies);
    }
    check(exercise, copies.folder())
}

fn build(exercise: &Exercise, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = shown(&folder.join(exercise.file()));
    let mut programs = cargo::build(&[exercise], folder).context(file)?;
    programs.pop().context("cargo built nothing")
}

/// Checks the program in this folder, and says what to do next.
fn check(exercise: &Exercise, folder: &Path) -> anyhow::Result<()> {
    let number = exercise.number;
    match cargo::check(&build(exercise, folder)?)? {
        Ok(measured) => {
            println!("solved");
            measured.iter().for_each(|measured| println!("measured   {measured}"));
            println!("compare    {}", exercise.solution().display());
            if number < EXERCISES.len() {
                println!("next       cargo exercise {}", number + 1);
            }
            Ok(())
        }
        Err(Fault::NotYet { expected, found }) => {
            println!("expected   {expected}");
            println!("found      {found}");
            println!("hint       {}", exercise.hint().display());
            println!("change     {}", shown(&folder.join(exercise.file())));
            bail!("exercise {number} is not solved yet")
        }
        // Where an exercise is checked must not decide whether its answer is right.
        Err(Fault::CannotCheck(why)) => {
            Err(misuse(format!("exercise {number} cannot be checked here: {why}")))
        }
    }
}

/// Shows what fills the gap, and that it passes the check.
fn solution(exercise: &Exercise) -> anyhow::Result<()> {
    let path = repository().join(exercise.solution());
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    println!("{}", around_gap(&text).map_or("", |[_, inside, _]| inside));
    check(exercise, &repository().join(SOLUTIONS))
}

/// All exercises with their state.
fn list(copies: &Copies) -> anyhow::Result<()> {
    let (mut level, mut next) = (0, None);
    for exercise in &EXERCISES {
        if exercise.level() > level {
            level = exercise.level();
            println!("level {level}");
        }
        let state = copies.state(exercise)?;
        println!(" {:>2}  {:<46} {state}", exercise.number, exercise.title);
        next = next.or((state != "solved").then_some(exercise.number));
    }
    match next {
        Some(n) => {
            println!("\n`cargo exercise {n}` makes your copy, the first time, and checks it.")
        }
        None => println!("\nAll are solved. Compare yours with examples/solutions/."),
    }
    Ok(())
}
