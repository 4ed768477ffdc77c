//! Draws recorded runs as SVG: every chart for which there are records. One file may hold runs of all
//! levels.

mod compare;
mod level1;
mod level2;
mod level3;
mod memory;
mod page;
mod plot;

use std::path::{Path, PathBuf};

use crate::records::{self, Run};
use cli::misuse;
use page::Chart;

/// Draw recorded runs as SVG: every chart for which there are records
#[derive(clap::Args, Debug)]
pub struct ChartArgs {
    /// Files with one JSON record per line, as the lessons write them with --json
    #[arg(required = true, value_name = "RECORDS")]
    records: Vec<PathBuf>,

    /// The folder that the charts are written to; it is made if it is missing
    #[arg(long, value_name = "FOLDER", default_value = "charts")]
    out: PathBuf,
}

impl ChartArgs {
    /// Draws what was asked for, and prints the name of each picture.
    ///
    /// # Errors
    /// [`cli::Misuse`] for records that cannot be read or drawn, and for a folder that takes no files.
    pub fn run(&self) -> anyhow::Result<()> {
        draw(&self.records, &self.out)
    }
}

/// Draws the records of these files into the folder `out`, and prints the name of each picture.
///
/// # Errors
/// As [`ChartArgs::run`].
pub fn draw(records: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for file in records {
        runs.extend(records::read(file)?);
    }
    let charts = charts(&runs)?;
    charts.iter().try_for_each(|chart| check(&out.join(&chart.name)))?;
    let cannot = |e| misuse(format!("cannot write {}: {e}", out.display()));
    std::fs::create_dir_all(out).map_err(cannot)?;
    for chart in charts {
        let path = out.join(&chart.name);
        cli::replace_file(&path, chart.svg.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Whether a chart may be written to this file: it is not there yet, or was drawn here.
///
/// # Errors
/// [`cli::Misuse`] for a file of somebody else.
pub fn check(chart: &Path) -> anyhow::Result<()> {
    let ours = |begin: &[u8]| begin.starts_with(b"<svg width='"); // a page's begin
    cli::check_kind(("--out", Some(chart)), "a chart that was drawn here", ours)
}

/// Every chart for which these runs hold the records.
fn charts(runs: &[Run]) -> anyhow::Result<Vec<Chart>> {
    let drawn = [
        level1::timeline(runs)?,
        level1::crossover(runs)?,
        level1::amdahl(runs)?,
        level1::array(runs)?,
        memory::staircase(runs)?,
        memory::roofline(runs)?,
        level2::scaling(runs)?,
        level2::forecast(runs)?,
        level3::throughput(runs)?,
        level3::accuracy(runs)?,
        level3::digits(runs)?,
    ];
    let mut charts: Vec<Chart> = drawn.into_iter().flatten().collect();
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
