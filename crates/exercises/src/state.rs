//! How far the reader is: derived from the exercise's file and its check, remembered nowhere.

use std::fmt;

use anyhow::Context;
use cli::misuse;
use exercises::{Exercise, Fault, Gap, repository};

use crate::cargo::{self, Variant};

/// The state of an exercise.
#[derive(Debug)]
pub(crate) enum State {
    /// Its gap is as it was: the check is known to fail.
    Untouched,
    /// The check fails.
    NotYet(Fault),
    /// The check passes.
    Solved,
    /// It cannot be checked here.
    Unknown(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Untouched => f.write_str("untouched"),
            Self::NotYet(_) => f.write_str("not yet"),
            Self::Solved => f.write_str("solved"),
            Self::Unknown(why) => f.write_str(why),
        }
    }
}

/// The gap in the exercise's file.
///
/// # Errors
/// [`cli::Misuse`] if the file or a mark in it is gone.
pub(crate) fn gap(exercise: &Exercise) -> anyhow::Result<Gap> {
    let path = exercise.file();
    let text = std::fs::read_to_string(repository().join(&path))
        .map_err(|error| misuse(format!("cannot read {}: {error}", path.display())))?;
    Gap::find(&text).map_err(|reason| misuse(format!("{}: {reason}", path.display())))
}

pub(crate) fn is_untouched(exercise: &Exercise) -> anyhow::Result<bool> {
    Ok(gap(exercise)?.fingerprint() == exercise.untouched)
}

/// Builds and runs the check.
pub(crate) fn of(exercise: &Exercise, solution: bool) -> anyhow::Result<State> {
    let variant = if solution { Variant::Solution } else { Variant::Starter };
    let check = cargo::build(&[exercise], variant).with_context(|| {
        format!("{} does not compile yet, see above", exercise.file().display())
    })?;
    Ok(match cargo::run(&check[0])? {
        Ok(()) => State::Solved,
        Err(fault) => State::NotYet(fault),
    })
}
