//! The instructor's path: a command, a key, its run, and so on.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process;
use std::time::{Duration, Instant};

use console::{Key, Term};

use crate::demo::{Levels, headline};
use crate::programs::{Programs, answers, has_gpu};
use crate::records::{self, Run};
use crate::run::{self, Keep, repository};
use crate::steps::{JOB, Step, steps};

/// Show the demonstration step by step: Return runs a step, s skips it, r shows its recording, q ends
#[derive(clap::Args, Debug)]
pub struct PresentArgs {
    #[command(flatten)]
    levels: Levels,

    /// Choose problems that fit into this time, such as 5m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,

    /// Show the recorded runs instead, labelled as recordings
    #[arg(long)]
    replay: bool,
}

impl PresentArgs {
    /// Shows the steps, one after another. Without a terminal each runs by itself.
    ///
    /// # Errors
    /// If the terminal cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut programs = Programs::default();
        if !self.replay {
            for &level in &self.levels.level {
                if let Err(line) = programs.build(level) {
                    println!("Level {level} could not be built here: {line}");
                    println!("Its recordings can be shown.");
                }
            }
        }
        let began = Instant::now(); // what is built before the audience looks does not count
        for &level in &self.levels.level {
            let changed = match self.budget {
                Some(budget) if !self.replay => fitting(level, budget, &programs)?,
                _ => Vec::new(),
            };
            for step in steps(level, &changed).iter().filter(|step| step.seconds > 0) {
                self.play(level, step, &programs)?;
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
        } else if let Some(what) = missing(step.name) {
            println!("There is no {what} on this machine.");
        } else {
            match programs.command(&step.command) {
                Ok(command) => {
                    println!("$ {}", command.typed);
                    match key("Return runs it, s skips it, r shows its recording")? {
                        's' => return Ok(()),
                        'r' => show_recording(step.name),
                        _ => {
                            let ended = run::run(run::command(&command.words), Keep::Nothing);
                            ended.fault.iter().for_each(|line| println!("  {line}"));
                        }
                    }
                }
                Err(why) => {
                    println!("{why}");
                    show_recording(step.name);
                }
            }
        }
        while key("Return goes on, r shows the recording")? == 'r' {
            show_recording(step.name);
        }
        Ok(())
    }
}

/// What `seconds` of a demonstration of five minutes are of this one.
fn share(budget: Duration, seconds: u64) -> Duration {
    budget.mul_f64(seconds as f64 / 300.0)
}

/// What this machine lacks for a step.
fn missing(step: &str) -> Option<&'static str> {
    match step {
        JOB if !answers("sinfo") => Some("queue"),
        "level3-gpu" | "level3-gpu-kernel" if !has_gpu() => Some("GPU"),
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
    let (level, _) = name.split_once('-').unwrap_or((name, ""));
    let last = records::read(&runs.join(level).with_extension("jsonl")).ok();
    let last = last.and_then(|mut runs| runs.pop());
    let origin = last.map(|run| format!("on {}, {}", run.host, run.date()));
    println!("[RECORDING, not a live run: made {}]", origin.unwrap_or("earlier".to_string()));
    text.lines().for_each(|line| println!("| {line}"));
    println!("[end of the recording]");
}

/// Waits for Return, s or r; without a terminal it is Return. q ends the program.
fn key(words: &str) -> anyhow::Result<char> {
    let terminal = Term::stdout();
    if !io::stdin().is_terminal() || !terminal.is_term() {
        return Ok('\n');
    }
    print!("  [{words}, q ends] ");
    io::stdout().flush()?;
    let key = loop {
        match terminal.read_key_raw()? {
            Key::Enter => break '\n',
            Key::Char(key @ ('s' | 'r')) => break key,
            Key::Char('q') | Key::CtrlC => {
                println!("\nThe end.");
                process::exit(0);
            }
            _ => {} // an arrow, a slip: none of our keys
        }
    };
    terminal.clear_line()?;
    Ok(key)
}

/// Sizes of a level that fit into the budget, from a small problem of each kind.
fn fitting(
    level: u8,
    budget: Duration,
    programs: &Programs,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let folder = tempfile::tempdir()?;
    // How often this goes into so many seconds of five minutes, by the record of a small run.
    let fit = |seconds: f64, small: &str, rate: fn(&Run) -> Option<f64>| {
        let command = programs.command(small).ok()?;
        let records = folder.path().join("small.jsonl");
        let (ended, run) = command.measure(&records, folder.path(), Keep::Output);
        let rate = rate(&run.filter(|_| ended.fault.is_none())?)?;
        Some((budget.as_secs_f64() / 300.0 * seconds * rate).floor())
    };
    let mut sizes = Vec::new();
    match level {
        // Ten tasks one after another and then in three waves: 13 weights, and the timeline's 3.
        1 => {
            let weight = share(budget, 30).as_secs_f64() / 20.0;
            sizes.push(("$weight", format!("{:.2}", weight.min(0.5))));
        }
        2 => {
            let per_s = |run: &Run| Some(1.0 / run.time().ok()?);
            if let Some(passes) = fit(6.0, "-n 1 level2_pi --passes 5", per_s) {
                sizes.push(("$pi", format!("--passes {}", passes.clamp(5.0, 100.0))));
            }
            if let Some(steps) = fit(3.6, "-n 1 level2_heat --steps 20", per_s) {
                sizes.push(("$heat", format!("--steps {}", steps.clamp(20.0, 2000.0))));
            }
        }
        _ => {
            let small = "level3_mnist --device cpu --batch-size 512 --images 2048 --synthetic";
            let per_s = |run: &Run| run.get("images_per_s").as_f64();
            if let Some(images) = fit(13.5, small, per_s) {
                let images = images.clamp(2048.0, 60_000.0);
                sizes.push(("$mnist", format!("--batch-size 512 --images {images}")));
            }
        }
    }
    Ok(sizes)
}
