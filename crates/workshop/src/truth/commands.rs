//! The commands that slides and READMEs tell people to type, and whether they work.

use std::process;

use super::document::Document;
use crate::run::{self, Keep};

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
    /// Runs it in the repository, without a terminal.
    ///
    /// A path `target/release...` means the folder that cargo builds into.
    ///
    /// # Errors
    /// Where it stands, and the line that it said.
    pub fn run(&self) -> Result<(), String> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_string());
        let line = self.line.replace("target/release", &format!("{target}/release"));
        let bash = run::command(&["bash", "-o", "pipefail", "-c", &line]);
        let ended = run::run(bash, Keep::Output);
        if ended.interrupted {
            process::exit(130); // as a shell says; the other commands are not wanted either
        }
        ended.fault.map_or(Ok(()), |why| Err(format!("{}: `{}`: {why}", self.at, self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
        assert!(command("true").run().is_ok());
        let fault = command("echo no such thing >&2; exit 3").run().unwrap_err();
        assert!(fault.ends_with("exit 3`: no such thing"), "{fault}");
    }
}
