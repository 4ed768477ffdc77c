//! What more ranks gain: measured, and beside it the forecast.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;
use cli::{misuse, parse_count};
use common::plural;

use crate::chart;
use crate::programs::Programs;
use crate::records::{self, Run, seconds_exact};
use crate::run::{self, Keep};

/// Measure what more ranks gain, and show the forecast beside it
///
/// It works on one machine, inside salloc, and as a job: sbatch scripts/slurm/scaling.sbatch. Where
/// ranks share CPUs, or the machine was busy, it shows the time and calls it no speedup.
#[derive(clap::Args, Debug)]
pub struct ScalingArgs {
    /// Which program
    program: Program,

    /// Numbers of ranks, beginning with 1
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4")]
    ranks: Vec<u32>,

    /// Let the problem grow with the ranks (weak scaling)
    #[arg(long)]
    weak: bool,

    /// How often each number of ranks runs; the middle one counts
    #[arg(long, value_name = "N", default_value = "3", value_parser = cli::count(1..=99))]
    repeat: u64,

    /// The plate's side, or the rectangles, of one rank [default: 500; 10_000_000]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    size: Option<u64>,

    /// Append the records to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// The folder that the charts are written to
    #[arg(long, value_name = "FOLDER", default_value = "charts")]
    out: PathBuf,

    /// How ranks are started; -n N follows
    #[arg(long, value_name = "COMMAND", default_value = "scripts/mpirun.sh")]
    launch: String,

    /// The folder of the built lessons, for a node without cargo [default: ask cargo]
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Heat,
    Pi,
}

impl ScalingArgs {
    /// Measures, prints a row for each number of ranks, then the forecast, and draws both.
    ///
    /// # Errors
    /// If a run fails; [`cli::Misuse`] for a list of ranks that does not begin with 1.
    pub fn run(&self) -> anyhow::Result<()> {
        if self.ranks.first() != Some(&1) || self.ranks.contains(&0) {
            return Err(misuse("--ranks: the list begins with 1, such as 1,2,4"));
        }
        let program = self.find_program()?;
        let folder = tempfile::tempdir().context("making a folder for the records")?;
        let records = self.json.clone().unwrap_or(folder.path().join("records.jsonl"));
        let baseline = folder.path().join("baseline");
        // One run: its record, and what it printed.
        let once = |ranks: u32, weak: bool, forecast: bool| -> anyhow::Result<(Run, String)> {
            let mut words: Vec<OsString> = self.launch.split_whitespace().map(Into::into).collect();
            words.extend(["-n".into(), ranks.to_string().into(), program.clone().into()]);
            words.extend(self.problem(ranks, weak).map(Into::into));
            words.extend(["--baseline".into(), baseline.clone().into()]);
            words.extend(["--json".into(), std::path::absolute(&records)?.into()]);
            words.extend(forecast.then(|| "--forecast".into()));
            let ended = run::run(run::command(&words), Keep::Output, Duration::MAX);
            if let Some(line) = ended.fault {
                bail!("the run with {} failed: {line}", plural(ranks, "rank"));
            }
            let run = records::read(std::slice::from_ref(&records))?.pop();
            Ok((run.context("it left no record")?, ended.words))
        };

        let kind = if self.weak { "weak" } else { "strong" };
        println!("{} scaling: the middle of {}\n", kind, plural(self.repeat, "run"));
        println!("ranks        time   speedup  efficiency");
        let mut one = None;
        let mut most_apart = 1; // the most ranks that have a CPU each
        let mut reasons = Vec::new();
        for &ranks in &self.ranks {
            let mut runs = Vec::new();
            for _ in 0..self.repeat {
                runs.push(once(ranks, self.weak, false)?.0);
            }
            let row = Row::of(ranks, &runs, one, self.weak)?;
            println!("{}", row.text);
            if ranks == 1 {
                one = row.doubt.is_none().then_some(row.seconds);
            }
            reasons.extend(row.doubt.map(|doubt| format!("{}: {doubt}", plural(ranks, "rank"))));
            if runs[0].setting_number("cpus")? >= f64::from(ranks) {
                most_apart = ranks;
            }
        }
        for reason in reasons {
            println!("{}", cli::wrapped(&reason));
        }
        if most_apart > 1 {
            // It knows both kinds of scaling, from the plate of one rank.
            let words = once(most_apart, false, true)?.1;
            let from = words.find("Forecast").unwrap_or(words.len());
            println!("\n{}", &words[from..]);
        }
        chart::draw(&[records], &self.out)
    }

    fn find_program(&self) -> anyhow::Result<PathBuf> {
        let mut programs = Programs::default();
        match &self.programs {
            Some(folder) => {
                let cannot = |e| misuse(format!("--programs {}: {e}", folder.display()));
                programs = Programs::in_folder(folder).map_err(cannot)?;
            }
            None => programs.build(2).map_err(anyhow::Error::msg)?,
        }
        let name = if self.program == Program::Heat { "level2_heat" } else { "level2_pi" };
        let path = programs.path(name).map(Path::to_path_buf);
        path.ok_or_else(|| {
            misuse(format!(
                "{name} is not there; build first: cargo build --release -p level2-mpi --examples"
            ))
        })
    }

    /// The flags of a problem: in weak scaling each rank has as many cells or rectangles.
    fn problem(&self, ranks: u32, weak: bool) -> [String; 4] {
        let growth = if weak { f64::from(ranks) } else { 1.0 };
        let size = |default: u64| self.size.unwrap_or(default) as f64;
        let whole = |size: f64| format!("{size:.0}");
        match self.program {
            Program::Heat => {
                ["--size".into(), whole(size(500) * growth.sqrt()), "--steps".into(), "500".into()]
            }
            Program::Pi => [
                "--rectangles".into(),
                whole(size(10_000_000) * growth),
                "--passes".into(),
                "100".into(),
            ],
        }
    }
}

/// A row of the table.
struct Row {
    seconds: f64,
    /// Why the time is no measurement of these ranks.
    doubt: Option<String>,
    text: String,
}

impl Row {
    /// From all runs with so many ranks, and the time of one rank.
    fn of(ranks: u32, runs: &[Run], one: Option<f64>, weak: bool) -> anyhow::Result<Self> {
        let mut times = Vec::new();
        for run in runs {
            times.push(run.number(if run.example == "level2_heat" {
                "step_median_s"
            } else {
                "median_s"
            })?);
        }
        times.sort_by(f64::total_cmp);
        let seconds = times[times.len() / 2];
        let doubt = runs.iter().find_map(|run| run.text("doubt")).map(String::from);
        let one = if ranks == 1 { Some(seconds) } else { one };
        let gain = match (&doubt, one) {
            (Some(_), _) => "   no speedup, see below".to_string(),
            (None, None) => "   no speedup: one rank was disturbed".to_string(),
            (None, Some(one)) => {
                let efficiency =
                    if weak { one / seconds } else { one / seconds / f64::from(ranks) };
                let cache = if efficiency > 1.1 { "   a part fits a cache" } else { "" };
                format!(
                    "  {:6.2} x  {:8.0} %{cache}",
                    efficiency * f64::from(ranks),
                    100.0 * efficiency
                )
            }
        };
        let text = format!("{ranks:>5}{:>12}{gain}", seconds_exact(seconds));
        Ok(Self { seconds, doubt, text })
    }
}
