//! What more ranks gain: measured, and beside it the forecast.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use cli::{Record, misuse, parse_count};
use common::plural;

use crate::chart;
use crate::programs::Programs;
use crate::records::{Run, middle, seconds_exact};
use crate::run::Keep;

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

    /// How often each number of ranks runs; the middle one that nobody disturbed counts
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

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Program {
    Heat,
    Pi,
}

impl ScalingArgs {
    /// Measures, prints a row for each number of ranks, then the forecast, and draws both.
    ///
    /// # Errors
    /// If a run fails; [`cli::Misuse`] for a list of ranks that does not begin with 1 and go on.
    pub fn run(&self) -> anyhow::Result<()> {
        if self.ranks.first() != Some(&1) || self.ranks.len() < 2 || self.ranks.contains(&0) {
            return Err(misuse("--ranks: the list begins with 1 and goes on, such as 1,2,4"));
        }
        Record::open(self.json.as_deref(), 2, "scaling")?; // before minutes of building
        for name in ["level2_scaling.svg", "level2_forecast.svg"] {
            chart::check(&self.out.join(name))?;
        }
        let mut programs = Programs::default();
        match &self.programs {
            Some(folder) => programs = Programs::in_folder(folder)?,
            None => programs.build(2)?,
        }
        programs.launcher = Some(self.launch.clone());
        let folder = tempfile::tempdir().context("making a folder for the records")?;
        let folder = folder.path();
        let records = self.json.clone().unwrap_or(folder.join("records.jsonl"));
        let records = std::path::absolute(records)?;
        // One run: its record, and what it printed.
        let once = |ranks: u32, weak: bool, more: &str| -> anyhow::Result<(Run, String)> {
            let problem = self.problem(ranks, weak);
            let command = programs.command(&format!("-n {ranks} {problem} {more}"))?;
            let (ended, run) = command.measure(&records, folder, Keep::Output);
            if let Some(line) = ended.fault {
                bail!("the run with {} failed: {line}", plural(ranks, "rank"));
            }
            Ok((run.context("it left no record")?, ended.words))
        };

        let kind = if self.weak { "weak" } else { "strong" };
        println!("{} scaling: the middle of {}\n", kind, plural(self.repeat, "run"));
        println!("ranks        time   speedup  efficiency");
        let mut one = None; // the time of one rank
        let mut most_apart = 1; // the most ranks that have a CPU each
        let mut reasons = Vec::new();
        for &ranks in &self.ranks {
            let runs = (0..self.repeat).map(|_| Ok(once(ranks, self.weak, "")?.0));
            let mut runs = runs.collect::<anyhow::Result<Vec<Run>>>()?;
            let is_quiet = |run: &Run| run.get("doubt").is_null();
            if runs.iter().any(is_quiet) {
                runs.retain(is_quiet);
            }
            let time = middle(runs.iter().map(Run::time).collect::<anyhow::Result<_>>()?);
            let doubt = runs[0].get("doubt").as_str();
            if ranks == 1 && doubt.is_none() {
                one = Some(time);
            }
            let gain = match (doubt, one) {
                (Some(_), _) => "   no speedup, see below".to_string(),
                (None, None) => "   no speedup: one rank was disturbed".to_string(),
                (None, Some(one)) => self.gain(ranks, one / time),
            };
            println!("{ranks:>5}{:>12}{gain}", seconds_exact(time));
            reasons.extend(doubt.map(|doubt| format!("{}: {doubt}", plural(ranks, "rank"))));
            if runs[0].number("cpus")? >= f64::from(ranks) {
                most_apart = ranks;
            }
        }
        reasons.iter().for_each(|reason| println!("{}", cli::wrapped(reason)));
        if most_apart > 1 {
            // It knows both kinds of scaling, from the plate of one rank.
            let words = once(most_apart, false, "--forecast")?.1;
            let from = words.find("Forecast").unwrap_or(words.len());
            println!("\n{}", &words[from..]);
        } else if self.weak {
            return Ok(()); // problems that grow are drawn beside a forecast alone
        }
        chart::draw(&[records], &self.out)
    }

    /// Speedup and efficiency of ranks that need the time of one rank divided by `ratio`.
    fn gain(&self, ranks: u32, ratio: f64) -> String {
        let ranks = f64::from(ranks);
        let efficiency = if self.weak { ratio } else { ratio / ranks };
        let cache = if efficiency > 1.1 { "   a part fits a cache" } else { "" };
        format!("  {:6.2} x  {:8.0} %{cache}", efficiency * ranks, 100.0 * efficiency)
    }

    /// The lesson with its flags: in weak scaling each rank has as many cells or rectangles.
    fn problem(&self, ranks: u32, weak: bool) -> String {
        let growth = if weak { f64::from(ranks) } else { 1.0 };
        let size = |default: u64| self.size.unwrap_or(default) as f64;
        match self.program {
            Program::Heat => {
                format!("level2_heat --size {:.0} --steps 500", size(500) * growth.sqrt())
            }
            Program::Pi => {
                format!("level2_pi --rectangles {:.0} --passes 100", size(10_000_000) * growth)
            }
        }
    }
}
