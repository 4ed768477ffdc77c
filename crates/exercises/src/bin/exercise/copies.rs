//! The reader's copies of the starters, and how far the reader is: found out from them and from the
//! checks, noted nowhere.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use cli::{ask, misuse};
use exercises::{Exercise, Fault, repository};

use crate::cargo;

/// The folder in which a reader works.
#[derive(Debug)]
pub(crate) struct Copies {
    folder: PathBuf,
}

/// How far an exercise is.
#[derive(Debug)]
pub(crate) enum State {
    /// There is no copy yet, or it is as it was: the check is known to fail.
    Untouched,
    /// The check fails, or does not even compile.
    NotYet,
    /// The check passes.
    Solved,
    /// It cannot be checked here.
    Unknown(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Untouched => f.write_str("untouched"),
            Self::NotYet => f.write_str("not yet"),
            Self::Solved => f.write_str("solved"),
            Self::Unknown(why) => f.write_str(why),
        }
    }
}

impl Copies {
    /// The copies in this folder; a relative one lies in the repository.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: repository().join(folder) }
    }

    /// The folder, as an absolute path.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The reader's copy of this exercise.
    pub(crate) fn file(&self, exercise: &Exercise) -> PathBuf {
        self.folder.join(exercise.file())
    }

    /// Makes the copy if there is none, and says so.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn prepare(&self, exercise: &Exercise) -> anyhow::Result<()> {
        let file = self.file(exercise);
        if file.exists() {
            return Ok(());
        }
        self.write(exercise)?;
        println!("made       {}: this copy is yours to change\n", shown(&file));
        Ok(())
    }

    fn write(&self, exercise: &Exercise) -> anyhow::Result<()> {
        let file = self.file(exercise);
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::copy(repository().join(exercise.starter()), &file))
            .with_context(|| {
                format!("copying {} to {}", exercise.starter().display(), shown(&file))
            })?;
        Ok(())
    }

    /// Brings the starter back, after asking.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the reader does not say yes, or cannot be asked.
    pub(crate) fn reset(&self, exercise: &Exercise, yes: bool) -> anyhow::Result<()> {
        let file = shown(&self.file(exercise));
        if !yes && !self.is_untouched(exercise)? {
            let question = format!("Replace {file} by the starter? What you wrote is lost (y/n)");
            if !ask(&question, "n", read_yes_or_no)?.eq("y") {
                return Err(misuse(format!("{file} stays as it is; --yes resets it unasked")));
            }
        }
        self.write(exercise)?;
        println!("{file} is the starter again");
        Ok(())
    }

    /// Whether there is nothing of the reader's in it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn is_untouched(&self, exercise: &Exercise) -> anyhow::Result<bool> {
        let read =
            |file: PathBuf| fs::read(&file).with_context(|| format!("reading {}", file.display()));
        let copy = self.file(exercise);
        Ok(!copy.exists() || read(copy)? == read(repository().join(exercise.starter()))?)
    }

    /// The state of one exercise. Only what was touched is built and checked.
    ///
    /// # Errors
    /// If the check cannot be started.
    pub(crate) fn state(&self, exercise: &Exercise) -> anyhow::Result<State> {
        if let Err(missing) = cargo::needs(exercise) {
            return Ok(State::Unknown(format!("needs {missing}")));
        }
        if self.is_untouched(exercise)? {
            return Ok(State::Untouched);
        }
        let Ok(check) = cargo::build(&[exercise], &self.folder) else { return Ok(State::NotYet) };
        Ok(match cargo::check(&check[0])? {
            Ok(_) => State::Solved,
            Err(Fault::NotYet { .. }) => State::NotYet,
            Err(Fault::CannotCheck(why)) => State::Unknown(why),
        })
    }
}

/// A path as a reader of this repository types it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).display().to_string()
}

fn read_yes_or_no(answer: &str) -> Result<&'static str, String> {
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok("y"),
        "n" | "no" => Ok("n"),
        _ => Err(format!("'{answer}' is neither y nor n")),
    }
}
