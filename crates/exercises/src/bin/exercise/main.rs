//! `cargo exercise`: lists the exercises, checks one, or proves that the checks do their work.
//!
//! How far the reader is, is found out from the copies and from the checks, and noted nowhere.

mod copies;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

use anyhow::{bail, ensure};
use clap::Parser;
use cli::{Misuse, count, misuse};
use copies::{is_untouched, make};
use exercises::{CHECK, EXERCISES, Exercise, SOLUTIONS, STARTERS, around_gap, repository};

/// Exercises that check themselves: without a number, all of them with their state
#[derive(Parser)]
#[command(version, name = "cargo exercise")]
struct Args {
    /// The exercise to check, from 1 to 14; the first time, your copy of it is made
    #[arg(value_parser = count(1..=EXERCISES.len() as u64))]
    number: Option<u64>,

    /// Run your program instead of checking it; what stands behind `--` goes to the program
    #[arg(long, requires = "number", group = "what")]
    run: bool,

    /// Check again whenever your copy is saved, until it is solved
    #[arg(long, requires = "number", group = "what")]
    watch: bool,

    /// Show the hint
    #[arg(long, requires = "number", group = "what")]
    hint: bool,

    /// Show the answer and check it instead of your copy
    #[arg(long, requires = "number", group = "what")]
    solution: bool,

    /// Prove that the starter fails its check and the solution passes; without a number, of all
    #[arg(long, group = "what")]
    prove: bool,

    /// The folder of your copies; git ignores `my`
    #[arg(long, value_name = "DIR", default_value = "my")]
    folder: PathBuf,

    /// Words for your program
    #[arg(last = true, requires = "run")]
    words: Vec<String>,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    env::set_current_dir(repository())?; // every path from here on is one to type there
    let is_chosen = |exercise: &&Exercise| args.number.is_none_or(|n| n == exercise.number);
    let chosen: Vec<&Exercise> = EXERCISES.iter().filter(is_chosen).collect();
    if args.prove {
        return prove(&chosen);
    }
    let [exercise] = chosen[..] else { return list(&args.folder) };
    if args.hint {
        print!("{}", fs::read_to_string(exercise.hint())?);
        return Ok(());
    }
    ready(exercise)?;
    println!("exercise {}: {}\n", exercise.number, exercise.title);
    if args.solution {
        let text = fs::read_to_string(exercise.program(SOLUTIONS))?;
        println!("{}\n", around_gap(&text).map_or("", |[_, inside, _]| inside.trim_end()));
        return check(exercise, Path::new(SOLUTIONS));
    }
    let copy = exercise.program(&args.folder);
    if !copy.exists() {
        make(exercise, &copy)?;
        println!("made {}: this copy is yours to change\n", copy.display());
    }
    if args.run {
        return start(exercise, &args.folder, &args.words);
    }
    if args.watch {
        return watch(exercise, &args.folder);
    }
    check(exercise, &args.folder)
}

/// Whether this machine can build the check.
///
/// # Errors
/// [`Misuse`] with what is missing and how to install it.
fn ready(exercise: &Exercise) -> anyhow::Result<()> {
    let wanted = env::var("MPICC").unwrap_or_else(|_| "mpicc".to_string());
    if exercise.features.contains(&"level2") && Command::new(&wanted).arg("-v").output().is_err() {
        let number = exercise.number;
        return Err(misuse(format!(
            "exercise {number} needs an MPI, and there is no {wanted}: scripts/setup.sh"
        )));
    }
    Ok(())
}

/// `cargo build` or `cargo run` for the checks of these exercises, with the programs in this folder.
fn cargo(verb: &str, exercises: &[&Exercise], folder: &Path) -> anyhow::Result<Command> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([verb, "--release", "--package", "exercises"]);
    for exercise in exercises {
        cargo.args(["--bin", exercise.name, "--features", &exercise.features.join(",")]);
    }
    cargo.env("EXERCISES", std::path::absolute(folder)?);
    Ok(cargo)
}

/// Runs the reader's program, with four ranks if it has ranks.
fn start(exercise: &Exercise, folder: &Path, words: &[String]) -> anyhow::Result<()> {
    let mut program = cargo("run", &[exercise], folder)?;
    if exercise.features.contains(&"level2") {
        program.args(["--config", "target.'cfg(all())'.runner = 'scripts/mpirun.sh -n 4'"]);
    }
    let status = program.arg("--").args(words).status()?;
    ensure!(status.success(), "the program failed");
    Ok(())
}

/// Checks now and whenever the reader's copy is saved, until it is solved.
fn watch(exercise: &Exercise, folder: &Path) -> anyhow::Result<()> {
    let copy = exercise.program(folder);
    let saved = || fs::metadata(&copy).and_then(|file| file.modified()).ok();
    loop {
        let before = saved();
        match check(exercise, folder) {
            Err(error) if !error.is::<Misuse>() => println!("{error}"),
            done => return done,
        }
        println!("\nwaiting until {} is saved; Ctrl-C ends\n", copy.display());
        while saved() == before {
            sleep(Duration::from_millis(200));
        }
        sleep(Duration::from_millis(200)); // some editors write in two steps
    }
}

/// Checks the program in this folder, and says what to do next.
fn check(exercise: &Exercise, folder: &Path) -> anyhow::Result<()> {
    let number = exercise.number;
    match cargo("run", &[exercise], folder)?.args(["--", CHECK]).status()?.code() {
        Some(0) => {
            println!("compare: {}", exercise.program(SOLUTIONS).display());
            let mut from_here = EXERCISES.iter().skip_while(|other| other.number != number);
            if let Some(next) = from_here.nth(1) {
                println!("next: cargo exercise {}", next.number);
            }
            Ok(())
        }
        Some(2) => Err(misuse(format!("exercise {number} cannot be checked here, see above"))),
        _ => {
            println!("hint: cargo exercise {number} --hint");
            println!("change: {}", exercise.program(folder).display());
            bail!("exercise {number} is not solved yet")
        }
    }
}

/// All exercises with their state. Only what was touched is built and checked.
fn list(folder: &Path) -> anyhow::Result<()> {
    let mut next = None;
    for (place, exercise) in EXERCISES.iter().enumerate() {
        if let Some(level) = [0, 5, 9].iter().position(|first| *first == place) {
            println!("level {}", level + 1);
        }
        print!(" {:>2}  {:<46} ", exercise.number, exercise.title);
        io::stdout().flush()?; // building its check may take minutes
        let state = if ready(exercise).is_err() {
            "needs MPI: scripts/setup.sh"
        } else if is_untouched(exercise, &exercise.program(folder)) {
            "untouched"
        } else {
            let mut check = cargo("run", &[exercise], folder)?;
            check.args(["--", CHECK]).stdout(Stdio::null()).stderr(Stdio::null());
            match check.status()?.code() {
                Some(0) => "solved",
                Some(1) => "not yet",
                Some(2) => "cannot be checked here",
                _ => "does not compile, or panics",
            }
        };
        println!("{state}");
        next = next.or((state != "solved").then_some(exercise.number));
    }
    match next {
        Some(n) => {
            println!("\n`cargo exercise {n}` makes your copy, the first time, and checks it.")
        }
        None => println!("\nAll are solved. Compare yours with {SOLUTIONS}/."),
    }
    Ok(())
}

/// The proof that checks do their work: they fail on the starter and pass on the solution. Where all are
/// proven, and nothing here runs a kernel, that of exercise 14 is left out.
fn prove(chosen: &[&Exercise]) -> anyhow::Result<()> {
    chosen.iter().try_for_each(|exercise| ready(exercise))?;
    let (mut faults, mut all) = (0, "the checks");
    for (folder, expected) in [(STARTERS, 1), (SOLUTIONS, 0)] {
        // Many at once are built faster; but with a kernel among them, Burn would be built anew.
        for exercises in chosen.chunk_by(|_, next| next.features != ["kernel"]) {
            let build = cargo("build", exercises, Path::new(folder))?.status()?;
            ensure!(build.success(), "the checks of {folder} cannot be built, see above");
            for exercise in exercises {
                println!("{}", exercise.program(folder).display());
                let check = env::current_exe()?.with_file_name(exercise.name); // with --release, as this
                let status = Command::new(check).arg(CHECK).status()?;
                if status.code() == Some(2) && exercise.features == ["kernel"] && chosen.len() > 1 {
                    all = "all checks but that of exercise 14, see above,";
                } else if status.code() != Some(expected) {
                    println!("FAULT: {status}, and not {expected}");
                    faults += 1;
                }
            }
        }
    }
    ensure!(faults == 0, "{faults} of the proofs failed");
    println!("{all} fail on their starters and pass on their solutions");
    Ok(())
}
