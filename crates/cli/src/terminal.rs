//! Whether colours are wanted.

use std::env;
use std::io::{self, IsTerminal};

use crate::prompt::TERMINAL_VARIABLE;

/// Whether to print colours: standard output is a terminal that knows them, and `NO_COLOR` is not
/// set (<https://no-color.org>).
///
/// The ranks of Open MPI always see a terminal, its launcher's own. There is a real one behind it
/// if `scripts/mpirun.sh` says so.
pub fn colour() -> bool {
    io::stdout().is_terminal()
        && env::var_os("NO_COLOR").unwrap_or_default().is_empty()
        && (env::var_os("OMPI_COMM_WORLD_RANK").is_none()
            || env::var_os(TERMINAL_VARIABLE).is_some())
        && env::var_os("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// The line that the audience must read first: bold, where there is a terminal with colours.
pub fn verdict(line: &str) -> String {
    match colour() {
        true => format!("\x1b[1;32m{line}\x1b[0m"),
        false => line.to_string(),
    }
}
