//! Checks again on every save.

use std::io::IsTerminal;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use cli::{Misuse, misuse};
use exercises::Exercise;

use crate::check;
use crate::copies::{Copies, shown};

/// How often the file's time is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// Checks now and whenever the reader's copy is saved, until it is solved.
pub(crate) fn watch(exercise: &Exercise, copies: &Copies) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() {
        return Err(misuse("--watch needs a terminal; without one, leave it out"));
    }
    let file = copies.file(exercise);
    loop {
        let before = saved(&file);
        match check(exercise, copies.folder()) {
            Err(error) if !error.is::<Misuse>() => println!("{error:#}"),
            done => return done,
        }
        println!("\nwaiting until {} is saved; Ctrl-C ends\n", shown(&file));
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
