//! Asks for a number, prints that many lines, and leaves one record of each run.

use std::io::{Read, stdin};
use std::process::ExitCode;

use cli::{Guess, Record, RunFlags, ask, count, parse_seconds};

/// The smallest program with every part of the contract
#[derive(clap::Parser)]
#[command(version)]
struct Args {
    /// How many lines to print (asked; 1)
    #[arg(long, value_parser = count(0..=u64::MAX))]
    lines: Option<u64>,

    /// How many runs to record
    #[arg(long, default_value = "1", value_parser = count(1..=9))]
    runs: u64,

    /// How long the run takes: until standard input ends
    #[arg(long)]
    wait: bool,

    /// A number as large as you like
    #[arg(long, value_parser = parse_seconds)]
    weight: Option<f64>,

    /// Where it runs
    #[arg(long, default_value = "cpu")]
    device: Device,

    #[command(flatten)]
    run: RunFlags,
}

#[derive(Clone, clap::ValueEnum)]
enum Device {
    Cpu,
    Cuda,
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
    if args.wait {
        stdin().read_to_end(&mut Vec::new())?;
        println!("stopped meanwhile: {}", cli::was_stopped());
    }
    for run in 0..args.runs {
        record.setting("run", run).result("lines", lines);
        record.append()?;
    }
    if let Some(seconds) = args.weight {
        return Err(cli::misuse(format!("{seconds} s is too long")));
    }
    print!("done"); // without an end of line: only the last flush writes it
    Ok(())
}
