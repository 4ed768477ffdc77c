//! A question that never hangs.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::Context;

use crate::contract::readable;
use crate::terminal::mpirun_has_terminal;
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

/// Whether somebody can answer. What is typed on mpirun's terminal comes to rank 0 through a pipe.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() || mpirun_has_terminal()
}

/// No answer is longer than this, in bytes.
const LONGEST_ANSWER: u64 = 1000;

/// Asks, whatever the input is.
pub(crate) fn ask_here<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    let at_the_end = if io::stdin().is_terminal() { End::Default } else { End::NoAnswer };
    let value = answer(question, default, read, &mut io::stdin().lock(), at_the_end);
    stopped::forget(); // while somebody thinks, nothing is measured
    value
}

/// What the end of the input means.
enum End {
    /// Ctrl-D on a terminal.
    Default,
    /// Ctrl-D or Ctrl-C on the terminal of mpirun, which closes the pipe at both.
    NoAnswer,
}

/// The question goes to standard error, so that it is seen although the output goes to a file.
fn answer<T: std::fmt::Display>(
    question: &str,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
    input: &mut impl BufRead,
    at_the_end: End,
) -> anyhow::Result<T> {
    let mut refusal = String::new();
    for _ in 0..ATTEMPTS {
        eprint!("{question} [{default}]: ");
        let mut line = Vec::new();
        let mut input = input.by_ref().take(LONGEST_ANSWER);
        match (input.read_until(b'\n', &mut line).context("reading the answer")?, &at_the_end) {
            (0, End::Default) => eprintln!("{default}"),
            (0, End::NoAnswer) => {
                anyhow::bail!("{question}: no answer came; press Return for {default}")
            }
            _ if input.limit() == 0 => {
                return Err(misuse(format!("{question}: the answer is too long")));
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
        eprintln!("  {refusal}");
    }
    Err(misuse(format!("{question}: {refusal}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count;

    fn typed(keys: &[u8]) -> anyhow::Result<u64> {
        answer("Tasks", 10, count(1..=100), &mut { keys }, End::Default)
    }

    #[test]
    fn an_answer_is_taken() {
        assert_eq!(typed(b"42\n").unwrap(), 42);
    }

    #[test]
    fn return_and_ctrl_d_take_the_default() {
        assert_eq!(typed(b"\n").unwrap(), 10);
        assert_eq!(typed(b"").unwrap(), 10);
    }

    #[test]
    fn a_wrong_answer_is_asked_again_also_one_in_another_encoding() {
        assert_eq!(typed(b"many\n7\n").unwrap(), 7);
        assert_eq!(typed(b"f\xfcnf\n5\n").unwrap(), 5);
    }

    #[test]
    fn three_wrong_answers_end_it_as_misuse() {
        let error = typed(b"0\n0\n0\n5\n").unwrap_err();
        assert!(error.is::<crate::Misuse>());
        assert!(error.to_string().contains("from 1 to 100"));
    }

    #[test]
    fn an_answer_without_an_end_is_read_no_further() {
        let mut endless = io::BufReader::new(io::repeat(b'7'));
        let answer = answer("Tasks", 10, count(1..=100), &mut endless, End::Default);
        assert!(answer.unwrap_err().is::<crate::Misuse>());
    }
}
