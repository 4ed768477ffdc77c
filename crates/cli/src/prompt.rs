//! A question that never hangs.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, ensure};

use crate::terminal::mpirun_has_terminal;

/// Asks on a terminal; everywhere else (a job, a pipe) takes the default and says so.
///
/// `read` turns the answer into a value or explains why not, like a clap value parser. An empty
/// answer is the default.
///
/// # Errors
/// If the input ends without an answer (Ctrl-D).
pub fn ask<T: Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    if !io::stdin().is_terminal() {
        println!("{question}: {default} (the default, as there is no terminal to ask on)");
        return Ok(default);
    }
    answer(question, default, read, &mut io::stdin().lock())
}

/// Whether somebody can answer. What is typed on mpirun's terminal comes to rank 0 through a pipe.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() || mpirun_has_terminal()
}

/// Asks until `read` takes the answer. The question goes to standard error, so that it is seen although
/// the output goes to a file.
pub(crate) fn answer<T: Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
    input: &mut impl BufRead,
) -> anyhow::Result<T> {
    loop {
        eprint!("{question} [{default}]: ");
        let mut line = String::new();
        let length = input.read_line(&mut line).context("reading the answer")?;
        ensure!(length > 0, "{question}: no answer came; press Return for {default}");
        if line.trim().is_empty() {
            return Ok(default);
        }
        match read(line.trim()) {
            Ok(value) => return Ok(value),
            Err(reason) => eprintln!("  {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count;

    fn typed(keys: &str) -> anyhow::Result<u64> {
        answer("Tasks", 10, count(1..=100), &mut keys.as_bytes())
    }

    #[test]
    fn an_answer_is_taken_and_return_is_the_default() {
        assert_eq!(typed("42\n").unwrap(), 42);
        assert_eq!(typed("\n").unwrap(), 10);
    }

    #[test]
    fn a_wrong_answer_is_asked_again_and_the_end_of_the_input_is_none() {
        assert_eq!(typed("many\n0\n7\n").unwrap(), 7);
        assert!(typed("many\n").unwrap_err().to_string().contains("press Return for 10"));
    }
}
