//! Slides and READMEs tell the truth, or this says where they do not.
//!
//! Six rules hold for every Markdown file of the repository:
//!
//! 1. **Code.** A fenced block stands under a link to the file that it comes from, in a paragraph of
//!    its own, and is a verbatim piece of that file (a line `// ...` or `# ...` skips some lines;
//!    a long line may be broken where the slide ends).
//!    Only `bash` blocks may stand without: they are commands. Outside the slides, `text` may too,
//!    and `rust` on a page that rustdoc compiles.
//! 2. **Commands.** Every line of a `bash` block runs and ends with status 0. What needs Slurm is
//!    marked `bash cluster`, what needs a certain site (a password, a module, a GPU) `bash site`;
//!    our scripts' flags are looked up in their `--help` wherever they run.
//! 3. **Links.** Every relative link leads to a file, or to a heading in it, and so does every path in
//!    `code` that begins with one of our folders, unless git ignores it.
//! 4. **Numbers.** A number that links to a recorded run,
//!    `[1.50 s](runs/level1.jsonl#tasks=10/parallel_s)`, agrees with it as far as its digits go.
//!    Other numbers are not checked: their source stands in a footnote or in the notes.
//! 5. **Measure.** A slide has at most 50 words or 12 lines of code, a page of the hand-out (`_class: handout`)
//!    140 words. The notes of the talk, `deck.md`, have the minutes of each slide: 40 slides and 45 minutes at most.
//! 6. **The run sheet**, `RUNSHEET.md`, has a table row for each slide that is shown: its number, title and minutes.

mod commands;
mod document;
mod number;
mod rules;

pub use commands::{Command, Place, commands};
pub use document::{Block, Document, Link, Slide};
pub use rules::check;

use std::path::{Path, PathBuf};

use crate::run::repository;

/// Check that slides, book and README say what the code, the files and the recorded runs say
#[derive(clap::Args, Debug)]
pub struct TruthArgs {
    /// Also run the commands that are meant for this place
    #[arg(long, value_name = "PLACE")]
    run: Option<Place>,

    /// Markdown files below the repository [default: all of them]
    files: Vec<PathBuf>,
}

impl TruthArgs {
    /// Prints every fault, and how much was checked.
    ///
    /// # Errors
    /// If there is a fault; [`cli::Misuse`] for a file that cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        let root = repository();
        let all = if self.files.is_empty() { markdown_files(root)? } else { self.files.clone() };
        let mut faults = Vec::new();
        let mut typed: Vec<String> = Vec::new();
        for file in &all {
            let path = file.strip_prefix(root).unwrap_or(file);
            let document = Document::read(root, path).map_err(|e| cli::cannot_read(path, e))?;
            faults.extend(check(root, &document));
            for command in commands(&document) {
                if self.run == Some(command.place) && !typed.contains(&command.line) {
                    println!("{}: {}", command.at, command.line);
                    faults.extend(command.run().err());
                    typed.push(command.line);
                }
            }
        }
        faults.iter().for_each(|fault| println!("{fault}"));
        println!("files: {}, commands run: {}, faults: {}", all.len(), typed.len(), faults.len());
        anyhow::ensure!(faults.is_empty(), "the documents do not say what is true: see above");
        Ok(())
    }
}

/// Every Markdown file below a folder, hidden and generated folders left out.
fn markdown_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let generated = [".", "target", "node_modules"].iter().any(|with| name.starts_with(with));
        if path.is_dir() && !path.is_symlink() && !generated {
            files.extend(markdown_files(&path)?);
        } else if name.ends_with(".md") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
