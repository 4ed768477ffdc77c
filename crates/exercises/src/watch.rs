//! Checks again on every save.

use std::io::IsTerminal;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use cli::misuse;
use exercises::{Exercise, repository};

use crate::show;
use crate::state::State;

/// How often the file's time is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// Checks now and whenever the exercise's file is saved, until it is solved.
///
/// # Errors
/// [`cli::Misuse`] without a terminal: nobody would be there to save.
pub(crate) fn watch(exercise: &Exercise) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() {
        return Err(misuse("--watch needs a terminal; without one, leave it out"));
    }
    let file = repository().join(exercise.file());
    loop {
        let before = saved(&file);
        match show(exercise, false) {
            Ok(State::Solved) => return Ok(()),
            Ok(_) => {}
            Err(error) => println!("{error:#}"),
        }
        println!("\nwaiting until {} is saved; Ctrl-C ends\n", exercise.file().display());
        while saved(&file) == before {
            sleep(INTERVAL);
        }
        sleep(INTERVAL); // some editors write in two steps
    }
}

/// When the file was last written; none while an editor replaces it.
fn saved(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}
