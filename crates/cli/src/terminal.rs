//! Whether colours are wanted.

use std::env;
use std::io::{self, IsTerminal};

/// Whether to print colours: standard output is a terminal that knows them, and `NO_COLOR` is not
/// set (<https://no-color.org>).
pub fn colour() -> bool {
    io::stdout().is_terminal()
        && env::var_os("NO_COLOR").unwrap_or_default().is_empty()
        && env::var_os("TERM").is_some_and(|terminal| terminal != "dumb")
}
