//! The instructor's path: a command, a key, its run, and so on.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError::Timeout};
use std::thread;
use std::time::{Duration, Instant};

use console::{Key, Term};

use crate::demo::{Levels, headline};
use crate::programs::Programs;
use crate::records;
use crate::run::{self, Keep, repository};
use crate::steps::{Step, steps};

/// Show the demonstration step by step: each command is shown, runs at a key, and the clock goes on
///
/// Return runs a step and then goes on, b goes back, a runs it again, s skips it, q quits. Ctrl-C ends
/// the step that runs, whose recording follows; at a question it ends the program.
#[derive(clap::Args, Debug)]
pub struct PresentArgs {
    #[command(flatten)]
    levels: Levels,

    /// How long the talk may take: the clock shows what is left
    #[arg(long, value_name = "N", default_value_t = 45)]
    minutes: u64,

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
        // What is built before the audience looks does not count.
        let end = Instant::now() + Duration::from_secs(60 * self.minutes);
        let mut all: Vec<Step> = self.levels.level.iter().flat_map(|&n| steps(n, &[])).collect();
        all.retain(|step| !step.words.is_empty());
        let mut at = 0;
        while let Some(step) = all.get(at) {
            if io::stdout().is_terminal() {
                Term::stdout().clear_screen()?;
            }
            let (number, level) = (at + 1, &step.name[5..6]);
            headline(&format!("{number} of {}, level {level}: {}", all.len(), step.words));
            at = if self.play(step, &programs, end)? { at.saturating_sub(1) } else { at + 1 };
        }
        Ok(())
    }

    /// One step. Returns whether to go back.
    fn play(&self, step: &Step, programs: &Programs, end: Instant) -> anyhow::Result<bool> {
        let command = match step.missing() {
            _ if self.replay => Err("This is a replay.".to_string()),
            Some(what) => Err(format!("There is no {what} on this machine.")),
            None => programs.command(&step.command).map_err(|why| why.to_string()),
        };
        if let Ok(command) = &command {
            println!("$ {}", command.typed);
            match key("Return runs it, s skips it, b goes back, q quits", end)? {
                '\n' | 'a' => {}
                other => return Ok(other == 'b'),
            }
        }
        loop {
            let fault = match &command {
                Ok(command) => run::run(run::command(&command.words), Keep::Nothing).fault,
                Err(why) => Some(why.clone()),
            };
            if let Some(line) = fault {
                println!("\n  {line}");
                show_recording(step.name);
            }
            match key("Return goes on, a runs it again, b goes back, q quits", end)? {
                'a' => {}
                other => return Ok(other == 'b'),
            }
        }
    }
}

/// Shows `slides/runs/NAME.txt`, so that nobody takes it for a live run.
fn show_recording(name: &str) {
    let runs = repository().join("slides/runs");
    let Ok(text) = fs::read_to_string(runs.join(name).with_extension("txt")) else {
        println!("[no recording: this run has not been recorded yet]");
        return;
    };
    let last = records::read(&runs.join(&name[..6]).with_extension("jsonl")).ok(); // level1
    let last = last.and_then(|mut runs| runs.pop());
    let origin = last.map(|run| format!("on {}, {}", run.host, run.date()));
    println!("[RECORDING, not a live run: made {}]", origin.unwrap_or("earlier".to_string()));
    text.lines().for_each(|line| println!("| {line}"));
    println!("[end of the recording]");
}

/// Asks, beside a clock that goes on, until one of our keys is pressed; without a terminal that is Return.
/// q and Ctrl-C end the program.
fn key(words: &str, end: Instant) -> anyhow::Result<char> {
    let terminal = Term::stdout();
    if !io::stdin().is_terminal() || !terminal.is_term() {
        return Ok('\n');
    }
    let asked = Instant::now();
    let (answered, clock) = mpsc::channel::<()>();
    let key = thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let left = end.saturating_duration_since(Instant::now()).as_secs();
                print!("\r  [{words}] {}:{:02} left ", left / 60, left % 60);
                let _ = io::stdout().flush();
                let Err(Timeout) = clock.recv_timeout(Duration::from_secs(1)) else { break };
            }
        });
        let _answered = answered; // the clock ends with it
        loop {
            // What was typed while a step ran was not meant for the question after it.
            if let Some(key) = ours(&terminal.read_key_raw()?)
                && asked.elapsed() > Duration::from_millis(200)
            {
                break anyhow::Ok(key);
            }
        }
    })?;
    terminal.clear_line()?;
    if key == 'q' {
        process::exit(0);
    }
    Ok(key)
}

/// What a key means to us, if it is one of ours.
fn ours(key: &Key) -> Option<char> {
    match key {
        Key::Enter => Some('\n'),
        Key::Char(key @ ('a' | 'b' | 'q' | 's')) => Some(*key),
        Key::CtrlC => Some('q'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_key_does_nothing() {
        let typed = [Key::Enter, Key::Char('a'), Key::Char('b'), Key::Char('s'), Key::CtrlC];
        assert_eq!(typed.each_ref().map(ours), ['\n', 'a', 'b', 's', 'q'].map(Some));
        let slips = [Key::Char(' '), Key::Char('r'), Key::Char('\t'), Key::ArrowRight, Key::Escape];
        assert_eq!(slips.each_ref().map(ours), [None; 5]);
    }
}
