//! The reader's copies of the starters, and how far the reader is: found out from them and from the
//! checks, noted nowhere.

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
            .and_then(|()| fs::read(repository().join(exercise.starter())))
            .and_then(|starter| fs::write(&file, starter)) // a copy would inherit being read-only
            .with_context(|| {
                format!("copying {} to {}", exercise.starter().display(), shown(&file))
            })
    }

    /// Brings the starter back, after asking. [`cli::Misuse`] if the reader does not say yes.
    pub(crate) fn reset(&self, exercise: &Exercise, yes: bool) -> anyhow::Result<()> {
        let file = shown(&self.file(exercise));
        if !yes && !self.is_untouched(exercise)? {
            let question = format!("Replace {file} by the starter? What you wrote is lost (y/n)");
            let answer = ask(&question, "n".to_string(), |answer| Ok(answer.to_lowercase()))?;
            if !["y", "yes"].contains(&answer.as_str()) {
                return Err(misuse(format!("{file} stays as it is; --yes resets it unasked")));
            }
        }
        self.write(exercise)?;
        println!("{file} is the starter again");
        Ok(())
    }

    /// Whether there is nothing of the reader's in it.
    pub(crate) fn is_untouched(&self, exercise: &Exercise) -> anyhow::Result<bool> {
        let read =
            |file: PathBuf| fs::read(&file).with_context(|| format!("reading {}", file.display()));
        let copy = self.file(exercise);
        Ok(!copy.exists() || read(copy)? == read(repository().join(exercise.starter()))?)
    }

    /// How far an exercise is. Only what was touched is built and checked.
    pub(crate) fn state(&self, exercise: &Exercise) -> anyhow::Result<String> {
        if let Err(missing) = cargo::needs(exercise) {
            return Ok(format!("needs {missing}"));
        }
        if self.is_untouched(exercise)? {
            return Ok("untouched".into());
        }
        let Ok(check) = cargo::build(&[exercise], &self.folder) else {
            return Ok("not yet".into()); // the compiler has said why
        };
        Ok(match cargo::check(&check[0])? {
            Ok(_) => "solved".into(),
            Err(Fault::NotYet { .. }) => "not yet".into(),
            Err(Fault::CannotCheck(why)) => why,
        })
    }
}

/// A path as a reader of this repository types it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).display().to_string()
}
