//! Every level once, on the cores of this machine, and a summary.

use anyhow::{Context, bail};
use cli::wrapped;
use common::{Disturbance, plural, usable_cpus};

use crate::programs::Programs;
use crate::records::Run;
use crate::run::Keep;
use crate::steps::{JOB, Step, steps};

/// Build and run every level on this machine's cores, and end with a summary
#[derive(clap::Args, Debug)]
pub struct DemoArgs {
    #[command(flatten)]
    levels: Levels,

    /// Smaller problems: a first impression of every level
    #[arg(long)]
    quick: bool,
}

/// `--level`
#[derive(clap::Args, Debug)]
pub struct Levels {
    /// Only this level; may be given several times
    #[arg(long, value_name = "N", default_values_t = [1, 2, 3])]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
    pub level: Vec<u8>,
}

/// What stands in the commands of --quick.
const CHANGED: [(&str, &str); 4] = [
    ("$weight", "0.1"),
    ("$pi", "--passes 20"),
    ("$heat", "--steps 500"),
    ("$mnist", "--batch-size 64 --images 6000"),
];

/// Says what happens next, so that nobody looks at a silent screen.
pub fn headline(words: &str) {
    println!("\n== {words}");
}

impl DemoArgs {
    /// Runs the steps. One that fails does not end the others: the summary names it.
    ///
    /// # Errors
    /// If a step failed.
    pub fn run(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("making a folder for the records")?;
        let mut programs = Programs::default();
        let (mut rows, mut failed) = (Vec::new(), Vec::new());
        // Level 1 runs while later levels still have to be built.
        'levels: for &level in &self.levels.level {
            headline(&format!("Building level {level} (the first time takes a while)"));
            if let Err(line) = programs.build(level) {
                println!("What is missing: scripts/setup.sh --check");
                failed.push(format!("level {level} could not be built: {line}"));
                continue;
            }
            for step in self.steps(level) {
                headline(step.words);
                let command = programs.command(&step.command)?;
                println!("$ {}", command.typed);
                let records = folder.path().join(step.name);
                let (ended, run) = command.measure(&records, folder.path(), Keep::Errors);
                match ended.fault {
                    None => rows.extend(run.map(|run| row(&step, &run))),
                    Some(line) => failed.push(format!("{}: {line}", step.name)),
                }
                if ended.interrupted {
                    break 'levels;
                }
            }
        }
        let host = gethostname::gethostname();
        let cores = plural(usable_cpus(), "core");
        headline(&format!("Summary: {}, {cores}", host.to_string_lossy()));
        rows.iter().for_each(|row| println!("{}", wrapped(row)));
        failed.iter().for_each(|line| println!("{}", wrapped(&format!("FAILED  {line}"))));
        match failed.len() {
            0 => Ok(()),
            n => bail!("{} of the demonstration failed: see above", plural(n, "step")),
        }
    }

    /// The steps that this machine can run. The job is about a cluster, not about its cores.
    fn steps(&self, level: u8) -> Vec<Step> {
        let changed = if self.quick { &CHANGED[..] } else { &[] };
        let always =
            [("$guess", String::new()), ("$workers", format!("--workers {}", usable_cpus()))];
        let changed = changed.iter().map(|(size, flags)| (*size, flags.to_string())).chain(always);
        let mut steps = steps(level, &changed.collect::<Vec<_>>());
        steps.retain(|step| match step.name {
            JOB | "level2-killed" => false, // not ours to end
            "level1-crossover" => !self.quick,
            _ => !step.words.is_empty() && step.missing().is_none(),
        });
        steps
    }
}

/// What is said of a step in the end: its answer, and why that is in doubt.
fn row(step: &Step, run: &Run) -> String {
    let number = |name| run.get(name).as_f64().unwrap_or(f64::NAN);
    let seen = Disturbance { waited: run.get("waited_share").as_f64() };
    let busy = seen.sentence(number("workers") as usize).filter(|_| seen.is_notable());
    let doubt = run.get("doubt").as_str().map(str::to_string).or(busy).unwrap_or_default();
    // The step itself has told the rest: on which host, and what helps.
    let doubt = doubt.split(" on ").next().and_then(|doubt| doubt.split(':').next());
    format!("{}: {} {}", step.name, run.text("answer"), doubt.unwrap_or_default())
        .trim_end()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_has_the_answer_and_what_disturbed_it() {
        let steps = steps(2, &[]);
        let row = |results| {
            let run = json!({"level": 2, "example": "level2_pi", "host": "node1", "started": "",
                "settings": {"ranks": 2}, "results": results});
            row(&steps[3], &serde_json::from_value(run).unwrap())
        };
        let answer = "2 ranks are 1.99 times as fast as one.";
        let quiet = json!({"answer": answer, "waited_share": 0.01});
        assert_eq!(row(quiet), format!("level2-pi-2: {answer}"));
        let busy = row(json!({"answer": answer, "waited_share": 0.42}));
        assert!(busy.ends_with("as one. The threads waited for a core 42 % of the time"), "{busy}");
        let doubt = "4 ranks share 2 CPUs on node1, so they take turns";
        let crowd = row(json!({"answer": answer, "waited_share": 0.42, "doubt": doubt}));
        assert!(crowd.ends_with("as one. 4 ranks share 2 CPUs"), "{crowd}");
    }
}
