//! The instructor's path: a command, a key, its run, and so on.

use std::fs;
use std::io::{self, IsTerminal};
use std::process;
use std::time::{Duration, Instant};

use console::{Key, Term};

use crate::demo::{Levels, headline};
use crate::programs::{Programs, has_gpu, repository};
use crate::records;
use crate::run::{self, Keep};
use crate::steps::{JOB, Sizes, Step, steps};

/// Show the demonstration step by step: Return runs a step, s skips it, r shows its recording, q ends
#[derive(clap::Args, Debug)]
pub struct PresentArgs {
    #[command(flatten)]
    levels: Levels,

    /// Choose problems that fit into this time, such as 5m
    #[arg(long, value_name = "TIME", value_parser = read_budget)]
    budget: Option<Duration>,

    /// Show the recorded runs instead, labelled as recordings
    #[arg(long)]
    replay: bool,
}

fn read_budget(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time >= Duration::from_secs(60) => Ok(time),
        Ok(_) => Err("too short for three levels; take 1m or more".to_string()),
        Err(_) => Err("not a time such as 300s or 5m".to_string()),
    }
}

/// What the presenter wants.
enum Wish {
    GoOn,
    Skip,
    Recording,
}

impl PresentArgs {
    /// Shows the steps, one after another. Without a terminal each runs by itself.
    ///
    /// # Errors
    /// If the terminal cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        run::survive_ctrl_c()?;
        let mut programs = Programs::default();
        let levels = self.levels.chosen();
        if !self.replay {
            for level in &levels {
                if let Err(line) = programs.build(*level) {
                    println!(
                        "Level {level} could not be built here, so its recordings can be shown: {line}"
                    );
                }
            }
        }
        let began = Instant::now(); // what is built before the audience looks does not count
        for level in levels {
            let sizes = self
                .budget
                .filter(|_| !self.replay)
                .map(|budget| fitting(level, budget, &programs));
            for step in steps(level, &sizes.unwrap_or_default()) {
                self.play(level, &step, &programs)?;
            }
        }
        println!("\nDone in {:.0} s.", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// One step on a screen of its own.
    fn play(&self, level: u8, step: &Step, programs: &Programs) -> anyhow::Result<()> {
        if io::stdout().is_terminal() {
            Term::stdout().clear_screen()?;
        }
        headline(&format!("Level {level}: {}", step.words));
        if self.replay {
            show_recording(step.name);
        } else if let Some(why) = cannot_run(step.name) {
            println!("{why}");
        } else if let Some(command) = programs.command(&step.command) {
            println!("$ {}", command.typed);
            match key("Return runs it, s skips it, r shows its recording")? {
                Wish::Skip => return Ok(()),
                Wish::Recording => show_recording(step.name),
                Wish::GoOn => {
                    let limit = self
                        .budget
                        .map_or(Duration::from_secs(600), |budget| share(budget, step.seconds));
                    let ended = run::run(run::command(&command.words), Keep::Nothing, limit);
                    if let Some(line) = ended.fault {
                        println!("  {line}");
                    }
                }
            }
        } else {
            println!("It has not been built here.");
            show_recording(step.name);
        }
        while let Wish::Recording = key("Return goes on, r shows the recording")? {
            show_recording(step.name);
        }
        Ok(())
    }
}

/// What `seconds` of a demonstration of five minutes are of this one.
fn share(budget: Duration, seconds: u64) -> Duration {
    budget.mul_f64(seconds as f64 / 300.0)
}

/// Why this machine cannot run a step.
fn cannot_run(name: &str) -> Option<&'static str> {
    match name {
        JOB if !process::Command::new("sinfo")
            .output()
            .is_ok_and(|output| output.status.success()) =>
        {
            Some("There is no queue on this machine.")
        }
        "level3-cuda" if !has_gpu() => Some("There is no GPU on this machine."),
        _ => None,
    }
}

/// Shows `slides/runs/NAME.txt`, so that nobody takes it for a live run.
fn show_recording(name: &str) {
    let runs = repository().join("slides/runs");
    let Ok(text) = fs::read_to_string(runs.join(name).with_extension("txt")) else {
        println!("[no recording: this run has not been recorded yet]");
        return;
    };
    let level = name.split('-').next().unwrap_or(name);
    let made = records::read(&[runs.join(level).with_extension("jsonl")]);
    let origin = made
        .ok()
        .and_then(|runs| Some(format!("on {}, {}", runs.last()?.host, runs.last()?.date())));
    println!("[RECORDING, not a live run: made {}]", origin.unwrap_or("earlier".to_string()));
    for line in text.lines() {
        println!("| {line}");
    }
    println!("[end of the recording]");
}

/// Waits for one of our keys; without a terminal it is Return. q ends the program.
fn key(words: &str) -> anyhow::Result<Wish> {
    let terminal = Term::stdout();
    if !io::stdin().is_terminal() || !terminal.is_term() {
        return Ok(Wish::GoOn);
    }
    print!("  [{words}, q ends] ");
    io::Write::flush(&mut io::stdout())?;
    let wish = loop {
        match terminal.read_key_raw()? {
            Key::Enter => break Wish::GoOn,
            Key::Char('s') => break Wish::Skip,
            Key::Char('r') => break Wish::Recording,
            Key::Char('q') | Key::CtrlC => {
                println!("\nThe end.");
                process::exit(0);
            }
            _ => {} // an arrow, a slip: none of our keys
        }
    };
    terminal.clear_line()?;
    Ok(wish)
}

/// Sizes of a level that fit into the budget, from a small problem of each kind.
fn fitting(level: u8, budget: Duration, programs: &Programs) -> Sizes {
    let mut sizes = Sizes::default();
    let folder = tempfile::tempdir().ok();
    let folder = folder.as_ref().map_or(std::env::temp_dir(), |folder| folder.path().to_path_buf());
    // A number of the record of a small run.
    let small = |command: &str, result: &str| {
        let mut command = programs.command(command)?;
        let records = folder.join("small.jsonl");
        command.words.extend(["--json".into(), records.clone().into()]);
        if level == 2 {
            command.words.extend(["--baseline".into(), folder.join("baseline").into()]);
        }
        run::run(run::command(&command.words), Keep::Output, share(budget, 10))
            .fault
            .map_or(Some(()), |_| None)?;
        records::read(&[records]).ok()?.last()?.optional(result)
    };
    let seconds = |of_five_minutes: u64| share(budget, of_five_minutes).as_secs_f64();
    match level {
        // Ten tasks one after another and then in three waves: 13 weights, and the timeline's 3.
        1 => sizes.weight = (seconds(30) / 20.0).min(0.5),
        2 => {
            if let Some(pass) = small("-n 1 level2_pi --passes 5", "median_s") {
                sizes.pi = format!(
                    " --passes {:.0}",
                    (0.5 * seconds(12) / pass).clamp(5.0, 100.0).floor()
                );
            }
            if let Some(twenty) = small("-n 1 level2_heat --steps 20", "total_s") {
                let steps = (0.3 * seconds(12) * 20.0 / twenty).clamp(20.0, 2000.0).floor();
                sizes.heat = format!(" --steps {steps:.0}");
            }
        }
        _ => {
            let run = format!("level3_mnist --device cpu{} --images 2048 --synthetic", sizes.mnist);
            if let Some(images_per_s) = small(&run, "images_per_s") {
                let images = (0.5 * seconds(27) * images_per_s).clamp(2048.0, 60_000.0).floor();
                sizes.mnist += &format!(" --images {images:.0}");
            }
        }
    }
    sizes
}
