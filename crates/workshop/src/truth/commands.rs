//! The commands that slides and READMEs tell people to type, and whether they work.

use std::path::Path;
use std::process::{Command as Process, Output, Stdio};

use super::document::Document;
use super::rules::Fault;

/// Every command of a short demonstration ends sooner, even if it builds first.
const LIMIT_S: u32 = 900;

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `slides/deck.md:40, slide 3`
    pub at: String,
    /// What is typed.
    pub line: String,
    /// Where it can run.
    pub place: Place,
}

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Place {
    /// Any machine: `bash`.
    Here,
    /// A Slurm cluster, such as the practice cluster: `bash cluster`.
    Cluster,
    /// A site of one's own, with its password, modules or GPU: `bash site`.
    Site,
}

/// The commands of a document, in order.
pub fn commands(document: &Document) -> Vec<Command> {
    let mut commands = Vec::new();
    for (index, slide) in document.slides.iter().enumerate() {
        for block in slide.blocks.iter().filter(|block| block.from.is_none()) {
            let place = match block.info.as_str() {
                "bash" => Place::Here,
                "bash cluster" => Place::Cluster,
                "bash site" => Place::Site,
                _ => continue,
            };
            let at = document.place(index, block.line);
            let code = block.code.replace("\\\n", " ");
            for line in code.lines().map(without_comment).filter(|line| !line.is_empty()) {
                commands.push(Command { at: at.clone(), line: line.to_string(), place });
            }
        }
    }
    commands
}

/// `squeue --me   # my jobs` without its comment.
fn without_comment(line: &str) -> &str {
    let end = if line.starts_with('#') { Some(0) } else { line.find(" #") };
    line[..end.unwrap_or(line.len())].trim()
}

impl Command {
    /// Runs it in the folder `root`, without a terminal.
    ///
    /// A path `target/release...` means the folder that cargo builds into.
    ///
    /// # Errors
    /// The exit status and the end of what it printed.
    pub fn run(&self, root: &Path) -> Result<(), Fault> {
        let output = self.start(root)?;
        if output.status.success() {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&output.stderr).to_string();
        let last = printed.lines().rev().find(|line| !line.trim().is_empty());
        let status = match output.status.code() {
            Some(124) => format!("still running after {LIMIT_S} s"),
            Some(code) => format!("exit status {code}"),
            None => "killed".to_string(),
        };
        Err(self.fault(format!("{status}: {}", last.unwrap_or("no message"))))
    }

    fn start(&self, root: &Path) -> Result<Output, Fault> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_string());
        let line = self.line.replace("target/release", &format!("{target}/release"));
        Process::new("timeout")
            .args(["--kill-after=5", &LIMIT_S.to_string(), "bash", "-o", "pipefail", "-c", &line])
            .current_dir(root)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.fault(format!("cannot start: {error}")))
    }

    /// Asks one of our scripts, or a verb of `cargo workshop`, with `--help` whether it knows every flag.
    /// Other commands are not asked: those that need only this machine are run, the others belong to the
    /// site.
    ///
    /// # Errors
    /// The flag that `--help` does not mention.
    pub fn compare_with_help(&self, root: &Path) -> Result<(), Fault> {
        let words: Vec<&str> = self.line.split_whitespace().collect();
        let flags: Vec<&str> =
            words.iter().filter(|word| word.starts_with("--")).copied().collect();
        let program = match words.as_slice() {
            [script, ..] if script.starts_with("scripts/") => (*script).to_string(),
            ["cargo", "workshop", verb, ..] => format!("cargo workshop {verb}"),
            _ => return Ok(()),
        };
        if flags.is_empty() {
            return Ok(());
        }
        let asked = Self { line: format!("{program} --help"), ..self.clone() };
        let help = String::from_utf8_lossy(&asked.start(root)?.stdout).to_string();
        if help.contains("ARGUMENTS...") {
            return Ok(()); // what it does not know, it passes on
        }
        let known = help.split(|c: char| !c.is_alphanumeric() && c != '-');
        for flag in flags {
            let name = flag.split('=').next().unwrap_or(flag);
            if !known.clone().any(|word| word == name) {
                return Err(self.fault(format!("its --help does not know {name}")));
            }
        }
        Ok(())
    }

    fn fault(&self, reason: String) -> Fault {
        Fault { place: self.at.clone(), reason: format!("`{}`: {reason}", self.line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, Place)> {
        let document = Document::parse(Path::new("README.md"), text);
        commands(&document).into_iter().map(|c| (c.line, c.place)).collect()
    }

    #[test]
    fn commands_lose_their_comments_and_continued_lines_are_one() {
        let text = "```bash\n# first\ncargo build \\\n  --release   # slow\n```\n\n```bash cluster\nsqueue --me\n```\n";
        let expected = [("cargo build    --release", Place::Here), ("squeue --me", Place::Cluster)];
        assert_eq!(of(text), expected.map(|(line, place)| (line.to_string(), place)));
    }

    #[test]
    fn a_piece_of_a_script_is_no_command() {
        assert!(of("[run.sh](run.sh)\n\n```bash\nrm -r x\n```\n").is_empty());
    }

    #[test]
    fn a_command_that_fails_says_how() {
        let command =
            |line: &str| Command { at: "x".into(), line: line.into(), place: Place::Here };
        let here = Path::new(".");
        assert!(command("true").run(here).is_ok());
        let fault = command("echo no such thing >&2; exit 3").run(here).unwrap_err();
        assert!(fault.reason.ends_with("exit status 3: no such thing"), "{fault}");
    }
}
