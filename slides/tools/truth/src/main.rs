//! Checks every Markdown file of the repository, and runs the commands in them if asked to:
//!
//! ```text
//! cargo run --release -p truth
//! cargo run --release -p truth -- --run here
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use truth::{Document, Place, check, commands, markdown_files, repository};

/// Checks that slides and READMEs say what the code, the files and the recorded runs say
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Also run the commands that are meant for this place
    #[arg(long, value_name = "PLACE")]
    run: Option<Place>,
    /// Only list the commands that are meant for this place
    #[arg(long, value_name = "PLACE", conflicts_with = "run")]
    list: Option<Place>,
    /// Markdown files below the repository [default: all of them]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: Args = cli::parse()?;
    let root = repository();
    let files = if args.files.is_empty() { markdown_files(&root)? } else { args.files };
    let mut faults = Vec::new();
    let mut typed: Vec<String> = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&root).unwrap_or(file);
        let document = Document::read(&root, path)
            .map_err(|e| cli::misuse(format!("cannot read {}: {e}", path.display())))?;
        if args.list.is_none() {
            faults.extend(check(&root, &document));
        }
        for command in commands(&document) {
            if args.list.is_none() {
                faults.extend(command.compare_with_help(&root).err());
            }
            if args.list == Some(command.place) {
                println!("{}", command.line);
            }
            if args.run == Some(command.place) && !typed.contains(&command.line) {
                println!("{}: {}", command.at, command.line);
                typed.push(command.line.clone());
                faults.extend(command.run(&root).err());
            }
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    if args.list.is_none() {
        println!("files: {}, commands run: {}, faults: {}", files.len(), typed.len(), faults.len());
    }
    anyhow::ensure!(faults.is_empty(), "the documents do not say what is true: see above");
    Ok(())
}
