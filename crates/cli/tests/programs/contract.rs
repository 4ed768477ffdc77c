//! Asks for a number, prints that many lines, and leaves one record of each run.

use std::process::ExitCode;

use cli::{Guess, Record, RunFlags, ask, count};

/// The smallest program with every part of the contract
#[derive(clap::Parser)]
struct Args {
    /// How many lines to print (asked; 1)
    #[arg(long, value_parser = count(0..=u64::MAX))]
    lines: Option<u64>,

    /// How many runs to record
    #[arg(long, default_value = "1", value_parser = count(1..=9))]
    runs: u64,

    /// Where it runs
    #[arg(long, default_value = "cpu", value_parser = ["cpu", "gpu"])]
    device: String,

    #[command(flatten)]
    run: RunFlags,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    let mut record = Record::open(args.run.json.as_deref(), 1, "contract")?;
    let lines = match args.lines {
        Some(lines) => lines,
        None => ask("Number of lines", 1, count(0..=u64::MAX))?,
    };
    let guess = Guess::ask(args.run.guess, "Your guess")?;
    for line in 0..lines {
        println!("line {line}, {guess}");
    }
    for run in 0..args.runs {
        record.setting("run", run).setting("device", args.device.as_str()).append()?;
    }
    print!("done"); // without an end of line: only the last flush writes it
    Ok(())
}
