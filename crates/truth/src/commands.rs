//! The commands that slides and READMEs tell people to type, and whether they work.

use std::path::Path;
use std::process::{Command as Process, Stdio};

use crate::document::Document;
use crate::rules::Fault;

/// No command in a text about short demonstrations takes longer, its build included.
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
    /// This machine: `bash`.
    Here,
    /// A Slurm cluster, such as the practice cluster: `bash cluster`.
    Cluster,
    /// A site of one's own, with its password, modules or GPU: `bash site`.
    Site,
}

/// The commands of a document, in order.
pub fn commands(document: &Document) -> Vec<Command> {
    let mut commands = Vec::new();
    for slide in &document.slides {
        for block in slide.blocks.iter().filter(|block| block.from.is_none()) {
            let place = match block.info.as_str() {
                "bash" => Place::Here,
                "bash cluster" => Place::Cluster,
                "bash site" => Place::Site,
                _ => continue,
            };
            let slide =
                if document.deck { format!(", slide {}", slide.number) } else { String::new() };
            let at = format!("{}:{}{slide}", document.path.display(), block.line);
            let code = block.code.join("\n").replace("\\\n", " ");
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
    /// Types it in `root`, without a terminal, and says what went wrong.
    ///
    /// A path `target/...` means the folder that cargo builds into.
    ///
    /// # Errors
    /// The exit status and the end of what it printed.
    pub fn run(&self, root: &Path) -> Result<(), Fault> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_string());
        let line = self.line.replace("target/release", &format!("{target}/release"));
        let output = Process::new("timeout")
            .args(["--kill-after=5", &LIMIT_S.to_string(), "bash", "-o", "pipefail", "-c", &line])
            .current_dir(root)
            .stdin(Stdio::null())
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
            .env("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")
            .output()
            .map_err(|error| self.fault(format!("cannot start: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&output.stderr).to_string();
        let last =
            printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        let status = match output.status.code() {
            Some(124) => format!("still running after {LIMIT_S} s"),
            Some(code) => format!("exit status {code}"),
            None => "killed".to_string(),
        };
        Err(self.fault(format!("{status}: {last}")))
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
