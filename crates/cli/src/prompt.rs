//! A question that never hangs.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::Context;

use crate::contract::readable;
use crate::{misuse, stopped};

/// How often a person may mistype before the program gives up.
const ATTEMPTS: usize = 3;

/// Asks on a terminal; everywhere else (a job, a pipe) takes the default and says so.
///
/// `read` turns the answer into a value or explains why not, like a clap value parser. An empty
/// answer, or the end of the input (Ctrl-D), is the default.
///
/// # Errors
/// [`crate::Misuse`] after three answers that `read` refused.
pub fn ask<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    if !io::stdin().is_terminal() {
        println!("{question}: {default} (the default, as there is no terminal to ask on)");
        return Ok(default);
    }
    ask_here(question, default, read)
}

/// Set by `scripts/mpirun.sh` if it has a terminal: rank 0 gets what is typed there through a pipe.
pub(crate) const TERMINAL_VARIABLE: &str = "MPIRUN_HAS_TERMINAL";

/// Whether somebody can answer.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() || std::env::var_os(TERMINAL_VARIABLE).is_some()
}

/// No answer is longer than this, in bytes.
const LONGEST_ANSWER: u64 = 1000;

/// Asks, whatever the input is.
pub(crate) fn ask_here<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    let value = answer(question, default, read, &mut io::stdin().lock(), &mut io::stdout());
    stopped::forget();
    value
}

fn answer<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> anyhow::Result<T> {
    let mut refusal = String::new();
    for _ in 0..ATTEMPTS {
        write!(output, "{question} [{default}]: ")?;
        output.flush()?;
        let mut line = Vec::new();
        let mut input = input.by_ref().take(LONGEST_ANSWER);
        let length = input.read_until(b'\n', &mut line).context("reading the answer")?;
        if length == 0 {
            writeln!(output, "{default}")?; // Ctrl-D leaves the cursor behind the question
        }
        if input.limit() == 0 {
            return Err(misuse(format!("{question}: the answer is too long")));
        }
        let line = String::from_utf8_lossy(&line); // other encodings are asked again
        if line.trim().is_empty() {
            return Ok(default);
        }
        match read(line.trim()) {
            Ok(value) => return Ok(value),
            Err(reason) => refusal = readable(&reason),
        }
        writeln!(output, "  {refusal}")?;
    }
    Err(misuse(format!("{question}: {refusal}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count;

    fn typed(keys: &str) -> (anyhow::Result<u64>, String) {
        let mut screen = Vec::new();
        let value = answer("Tasks", 10, count(1..=100), &mut keys.as_bytes(), &mut screen);
        (value, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn an_answer_is_taken() {
        assert_eq!(typed("42\n").0.unwrap(), 42);
    }

    #[test]
    fn return_and_ctrl_d_take_the_default() {
        assert_eq!(typed("\n").0.unwrap(), 10);
        assert_eq!(typed("").0.unwrap(), 10);
    }

    #[test]
    fn a_wrong_answer_is_explained_and_asked_again() {
        let (value, screen) = typed("many\n7\n");
        assert_eq!(value.unwrap(), 7);
        assert!(screen.contains("'many' is not a whole number"), "{screen}");
    }

    #[test]
    fn three_wrong_answers_end_it_as_misuse() {
        let error = typed("0\n0\n0\n5\n").0.unwrap_err();
        assert!(error.is::<crate::Misuse>());
        assert!(error.to_string().contains("from 1 to 100"));
    }
}
