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
/// answer, or Ctrl-D, is the default.
///
/// # Errors
/// [`crate::Misuse`] after three answers that `read` refused, and for one that never ends.
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
    let keys = Keys { input: &mut io::stdin().lock(), a_terminal: io::stdin().is_terminal() };
    let value = answer(question, default, read, keys, &mut io::stdout());
    stopped::forget(); // while somebody thinks, nothing is measured
    value
}

/// Where the answer comes from.
struct Keys<'a> {
    input: &'a mut dyn BufRead,
    a_terminal: bool,
}

fn answer<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
    keys: Keys,
    output: &mut impl Write,
) -> anyhow::Result<T> {
    let mut say = |text: &str| {
        let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        written.context("cannot write to standard output")
    };
    let mut refusal = String::new();
    for _ in 0..ATTEMPTS {
        say(&format!("{question} [{default}]: "))?;
        let mut line = Vec::new();
        let mut input = keys.input.take(LONGEST_ANSWER);
        match input.read_until(b'\n', &mut line).context("reading the answer")? {
            0 if keys.a_terminal => say(&format!("{default}\n"))?, // Ctrl-D
            // mpirun closes the pipe of rank 0 also at Ctrl-C.
            0 => anyhow::bail!("{question}: no answer came; Return alone takes {default}"),
            _ if input.limit() == 0 => {
                return Err(misuse(format!("{question}: too long an answer")));
            }
            _ => {}
        }
        let line = String::from_utf8_lossy(&line); // other encodings are asked again
        if line.trim().is_empty() {
            return Ok(default);
        }
        match read(line.trim()) {
            Ok(value) => return Ok(value),
            Err(reason) => refusal = readable(&reason),
        }
        say(&format!("  {refusal}\n"))?;
    }
    Err(misuse(format!("{question}: {refusal}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count;

    fn typed_at(a_terminal: bool, mut input: &[u8]) -> (anyhow::Result<u64>, String) {
        let mut screen = Vec::new();
        let keys = Keys { input: &mut input, a_terminal };
        let value = answer("Tasks", 10, count(1..=100), keys, &mut screen);
        (value, String::from_utf8(screen).unwrap())
    }

    fn typed(keys: &str) -> (anyhow::Result<u64>, String) {
        typed_at(true, keys.as_bytes())
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

    #[test]
    fn the_end_of_a_pipe_is_no_answer() {
        let line = typed_at(false, b"").0.unwrap_err().to_string();
        assert!(line.contains("no answer came"), "{line}");
    }

    #[test]
    fn an_answer_in_another_encoding_is_asked_again() {
        assert_eq!(typed_at(true, b"f\xfcnf\n5\n").0.unwrap(), 5);
    }

    #[test]
    fn an_answer_without_an_end_is_read_no_further() {
        let mut endless = io::BufReader::new(io::repeat(b'7'));
        let keys = Keys { input: &mut endless, a_terminal: true };
        let error = answer("Tasks", 10, count(1..=100), keys, &mut Vec::new()).unwrap_err();
        assert!(error.is::<crate::Misuse>());
    }
}
