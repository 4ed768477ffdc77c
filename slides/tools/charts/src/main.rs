//! Draws recorded runs as SVG. The examples write such records with `--json FILE`:
//!
//! ```text
//! cargo run --release -p charts -- runs.jsonl --out charts
//! ```
//!
//! One file may hold runs of all levels; every chart is drawn for which there are records.

mod compare;
mod level1;
mod level2;
mod level3;
mod plot;
mod records;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cli::misuse;
use records::Run;

/// Draws recorded runs as SVG: every chart for which there are records
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Files with one JSON record per line, as the examples write them with --json
    #[arg(required = true, value_name = "RECORDS")]
    records: Vec<PathBuf>,
    /// The folder that the charts are written to; it is made if it is missing
    #[arg(long, value_name = "FOLDER", default_value = "charts")]
    out: PathBuf,
}

/// A finished picture and the name of its file.
struct Chart {
    name: String,
    svg: String,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    let runs = records::read(&args.records)?;
    let charts = draw(&runs)?;
    std::fs::create_dir_all(&args.out)
        .map_err(|e| misuse(format!("cannot make the folder {}: {e}", args.out.display())))?;
    for chart in charts {
        let path = args.out.join(&chart.name);
        std::fs::write(&path, chart.svg)
            .map_err(|e| misuse(format!("cannot write {}: {e}", path.display())))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Every chart for which these runs hold the records.
fn draw(runs: &[Run]) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    charts.extend(level1::timeline(runs)?);
    charts.extend(level1::crossover(runs)?);
    charts.extend(level1::amdahl(runs)?);
    charts.extend(level1::array(runs)?);
    let (forecast, scaling) = (level2::forecast(runs)?, level2::scaling(runs));
    // A forecast may stand beside runs of other sizes: its chart knows which belong together.
    charts.extend(if forecast.is_some() { scaling.unwrap_or_default() } else { scaling? });
    charts.extend(forecast);
    charts.extend(level3::throughput(runs)?);
    charts.extend(level3::accuracy(runs)?);
    charts.extend(level3::digits(runs)?);
    charts.extend(compare::languages(runs)?);
    if charts.is_empty() {
        let first = &runs[0]; // `read` refuses files without records
        return Err(misuse(format!(
            "{}: no chart is drawn from this {} record alone: level1_cores needs --timeline, \
             level2 programs need runs with several numbers of ranks",
            first.place, first.example
        )));
    }
    Ok(charts)
}
