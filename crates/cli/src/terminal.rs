//! What a terminal shows, and a log does not: colours, and lines that fit.

use std::env;
use std::io::{self, IsTerminal};

/// What every terminal has at least.
pub(crate) const COLUMNS: usize = 80;

/// Whether there is a terminal on the other side of mpirun: `scripts/mpirun.sh` says so.
pub(crate) fn mpirun_has_terminal() -> bool {
    env::var_os("MPIRUN_HAS_TERMINAL").is_some()
}

/// Whether what is printed appears on a terminal. The ranks of Open MPI always see one, its
/// launcher's own.
fn on_terminal() -> bool {
    let rank = env::var_os("OMPI_COMM_WORLD_RANK").is_some();
    io::stdout().is_terminal() && (!rank || mpirun_has_terminal())
}

/// Whether to print colours: on a terminal that knows them, if `NO_COLOR` is not set
/// (<https://no-color.org>).
pub fn colour() -> bool {
    on_terminal()
        && env::var_os("NO_COLOR").unwrap_or_default().is_empty()
        && env::var_os("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// A text for a terminal of 80 columns; in a log it stays in one line, to be searched for.
pub fn wrapped(text: &str) -> String {
    if on_terminal() { text.lines().map(wrap).collect::<Vec<_>>().join("\n") } else { text.into() }
}

/// A line broken between words. Only a longer word, such as a path, is left as it is.
pub(crate) fn wrap(line: &str) -> String {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                *line += " ";
                *line += word;
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines.join("\n")
}

/// The line that the audience must read first: bold, where there is a terminal with colours.
pub fn verdict(line: &str) -> String {
    match colour() {
        true => format!("\x1b[1;32m{line}\x1b[0m"),
        false => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_no_word_is_lost() {
        let lines = wrap(&("warning: ".to_string() + &"word ".repeat(40) + "end"));
        assert!(lines.lines().all(|line| line.chars().count() <= COLUMNS), "{lines}");
        assert_eq!(lines.split_whitespace().count(), 42);
        let path = "/scratch".repeat(20);
        assert_eq!(wrap(&format!("in {path}")), format!("in\n{path}"));
    }
}
