//! The records of a job array, merged and drawn.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use cli::{cannot_read, check_records, parse_count, replace_file};
use common::plural;

use crate::chart;
use crate::records::{self, Run};

/// Merge the records of a job array and draw them; name the inputs that are missing
///
/// The status is 1 while an input is missing: run that task alone, then merge again.
#[derive(clap::Args, Debug)]
pub struct MergeArgs {
    /// The folder with the tasks' records; all of them go to all.jsonl there
    #[arg(default_value = "array")]
    folder: PathBuf,

    /// The file with one input in each line
    #[arg(long, value_name = "FILE", default_value = "scripts/slurm/sizes.txt")]
    inputs: PathBuf,

    /// The folder that the chart is written to
    #[arg(long, value_name = "FOLDER", default_value = "charts")]
    out: PathBuf,
}

impl MergeArgs {
    /// Writes `all.jsonl`, one record for each input, and draws it.
    ///
    /// # Errors
    /// If an input is missing; [`cli::Misuse`] for files that cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        let inputs = read_inputs(&self.inputs)?;
        let records = self.records()?;
        let all = self.folder.join(ALL);
        check_records(("merge", Some(&all)))?;
        let mut merged = String::new();
        let mut missing = Vec::new();
        for (task, input) in &inputs {
            // A task that ran again has left two records: the later counts.
            match records.iter().rfind(|run| run.get("factorial") == *input) {
                Some(run) => merged += &format!("{}\n", serde_json::to_string(run)?),
                None => {
                    println!("missing: task {task}, the factorial of {input}");
                    missing.push(task.to_string());
                }
            }
        }
        let found = inputs.len() - missing.len();
        replace_file(&all, merged.as_bytes())?;
        println!("{} of {} in {}", plural(found, "record"), inputs.len(), all.display());
        if found >= 3 {
            chart::draw(&[all], &self.out)?;
        }
        if !missing.is_empty() {
            let tasks = missing.join(",");
            bail!("run what is missing, then merge again: sbatch --array={tasks} {JOB}");
        }
        Ok(())
    }

    /// Every record in the folder, in the order of the files.
    fn records(&self) -> anyhow::Result<Vec<Run>> {
        let files = records::files(&self.folder).context("the array's records")?;
        let mut found = Vec::new();
        for file in files.iter().filter(|file| !file.ends_with(ALL)) {
            match records::read(file) {
                Ok(runs) => found.extend(runs),
                Err(error) => println!("not counted: {error}"), // its task was killed, perhaps
            }
        }
        Ok(found)
    }
}

const ALL: &str = "all.jsonl";
const JOB: &str = "scripts/slurm/level1-array.sbatch";

/// The number of each task, which is that of its line, and its input as people write it: `1000`, `1e3`.
fn read_inputs(file: &Path) -> anyhow::Result<Vec<(usize, u64)>> {
    let text = fs::read_to_string(file).map_err(|error| cannot_read(file, error))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let input = |line| parse_count(line).map_err(|why| cannot_read(file, why));
    lines.map(|(task, line)| Ok((task, input(line)?))).collect()
}
