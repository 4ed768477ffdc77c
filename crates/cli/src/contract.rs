//! The contract of every command line here: errors are one line, exit status 2 means that the
//! caller can mend it.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::process::{self, ExitCode};

use clap::error::{ContextKind, ErrorKind};

use crate::terminal::{COLUMNS, wrap};

/// An error in what the user gave us: an argument, an answer, a variable, a file.
///
/// It ends the program with exit status 2; every other error ends it with 1.
#[derive(Debug)]
pub struct Misuse(String);

/// A [`Misuse`] error: one line that tells what was wrong, where, and what to do.
pub fn misuse(line: impl Into<String>) -> anyhow::Error {
    anyhow::Error::msg(Misuse(line.into()))
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the command line; `--help` and `--version` print their text and end the program.
///
/// From here on a program that cannot write to its standard output ends with one line that says
/// why and with status 1, or quietly if nobody reads any more (`| head`).
///
/// # Errors
/// [`Misuse`] with one line for anything that clap refuses.
pub fn parse<Args: clap::Parser>() -> anyhow::Result<Args> {
    try_parse().map_err(|error| match error.downcast::<clap::Error>() {
        Err(refusal) => refusal,
        Ok(help) => match help.print().and(io::stdout().flush()) {
            Ok(()) => process::exit(0),
            Err(error) => end_without_output(&error.to_string()),
        },
    })
}

/// As [`parse`], but prints nothing: for a program of many ranks, where one speaks for all.
///
/// # Errors
/// [`Misuse`] for what is refused; [`clap::Error`], to be printed, for `--help` and `--version`.
pub fn try_parse<Args: clap::Parser>() -> anyhow::Result<Args> {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    if let Some(word) = words.find(|word| word.starts_with("--") && word.contains("=~")) {
        let apart = word.replacen('=', " ", 1);
        let why = "a shell replaces ~ only where a word begins";
        return Err(misuse(format!("{word}: {why}; write {apart}")));
    }
    end_on_lost_output();
    // -5 is a wrong number, and not a flag that is unknown.
    let command = Args::command().max_term_width(COLUMNS).allow_negative_numbers(true);
    let command = command.mut_subcommands(|verb| verb.allow_negative_numbers(true));
    let read = command.try_get_matches().and_then(|matches| Args::from_arg_matches(&matches));
    read.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.into(),
        _ => misuse(one_line(&error)),
    })
}

/// `println!` panics where it cannot write. Instead of a panic's words the reader gets the cause.
fn end_on_lost_output() {
    let otherwise = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        match text.strip_prefix("failed printing to stdout: ") {
            Some(cause) => end_without_output(cause),
            None => otherwise(panic),
        }
    }));
}

/// The status that a shell gives to a program whose reader went away, as `yes | head` does.
const READER_IS_GONE: i32 = 141;

fn end_without_output(cause: &str) -> ! {
    if cause.starts_with("Broken pipe") {
        process::exit(READER_IS_GONE);
    }
    complain(&format!("cannot write to standard output: {cause}"));
    process::exit(1)
}

/// One line on standard error, whatever is in it, and broken between words on a terminal; in one write, so
/// that mpirun's own words never come between.
fn complain(line: &str) {
    let line = format!("error: {}", line.replace(char::is_control, " "));
    let line = if io::stderr().is_terminal() { wrap(&line) } else { line } + "\n";
    let _ = io::stderr().write_all(line.as_bytes());
}

/// clap explains itself in a paragraph; a job's log wants a line.
fn one_line(error: &clap::Error) -> String {
    // First comes what is wrong, with names in lines of their own; then tips, after an empty line.
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = match error.get(ContextKind::SuggestedArg) {
        Some(flag) => format!("did you mean {flag}?"),
        None => "try --help".to_string(),
    };
    format!("{what}; {tip}")
}

/// Turns the result of a program into its exit status, and an error into one line on stderr.
///
/// 0: done. 2: bad arguments or environment ([`Misuse`]). 1: anything else.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let error = match (result, io::stdout().flush()) {
        (Ok(()), Ok(())) => return ExitCode::SUCCESS,
        (Ok(()), Err(error)) => end_without_output(&error.to_string()),
        (Err(error), _) => error,
    };
    complain(&format!("{error:#}"));
    ExitCode::from(if error.is::<Misuse>() { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser, Debug)]
    struct Args {
        #[arg(long, value_parser = crate::count(1..=10))]
        tasks: Option<u64>,
        file: String,
    }

    fn refusal(words: &[&str]) -> String {
        one_line(&Args::try_parse_from(words).unwrap_err())
    }

    #[test]
    fn a_bad_value_is_named_with_its_flag() {
        let line = refusal(&["demo", "--tasks", "0", "f"]);
        assert!(line.contains("'0'") && line.contains("--tasks"), "{line}");
        assert!(line.contains("from 1 to 10"), "{line}");
    }

    #[test]
    fn a_mistyped_flag_gets_the_nearest_one() {
        assert!(refusal(&["demo", "--tosks", "3", "f"]).ends_with("did you mean --tasks?"));
    }

    #[test]
    fn a_missing_argument_is_named() {
        assert!(refusal(&["demo"]).contains("<FILE>"));
    }

    #[test]
    fn every_refusal_is_one_line() {
        for words in [&["demo"][..], &["demo", "--tasks"], &["demo", "a", "b"]] {
            assert_eq!(refusal(words).lines().count(), 1, "{words:?}");
        }
    }

    #[test]
    fn misuse_is_recognised_under_its_context() {
        let error = misuse("no such folder").context("loading the data");
        assert!(error.is::<Misuse>());
    }
}
