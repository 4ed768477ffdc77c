//! The contract of every command line here: errors are one line, exit status 2 means that the
//! caller can mend it.

use std::process::ExitCode;

use anyhow::Context;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// An error in what the user gave us: an argument, an answer, a variable, a file.
///
/// It ends the program with exit status 2; every other error ends it with 1.
#[derive(Debug)]
pub struct Misuse(String);

/// A [`Misuse`] error: one line that tells what was wrong, where, and what to do.
pub fn misuse(line: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Misuse(line.into()))
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Reads the command line; `--help` and `--version` print their text and end the program.
///
/// From here on Ctrl-C ends the program with a line that says so and the shell's usual status 130,
/// and a closed pipe (`| head`) ends it quietly, as it does every other command.
///
/// # Errors
/// [`Misuse`] with one line for anything that clap refuses.
pub fn parse<Args: clap::Parser>() -> anyhow::Result<Args> {
    sigpipe::reset();
    ctrlc::set_handler(|| {
        eprintln!("\ninterrupted");
        std::process::exit(130);
    })
    .context("preparing for Ctrl-C")?;
    Args::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        _ => misuse(one_line(&error)),
    })
}

/// clap explains itself in a paragraph; a job's log wants a line.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what).trim_end_matches(':');
    // What clap lists below its first line: arguments that are missing or exclude each other, and
    // values that would do.
    let listed = match error.kind() {
        ErrorKind::MissingRequiredArgument => error.get(ContextKind::InvalidArg),
        ErrorKind::ArgumentConflict => error.get(ContextKind::PriorArg),
        ErrorKind::InvalidValue => error.get(ContextKind::ValidValue),
        _ => None,
    };
    let named = match (error.kind(), listed) {
        (ErrorKind::InvalidValue, Some(values)) => format!(": it is one of {values}"),
        (_, Some(ContextValue::Strings(arguments))) => format!(": {}", arguments.join(", ")),
        _ => String::new(),
    };
    let tip = match error.get(ContextKind::SuggestedArg) {
        Some(flag) => format!("did you mean {flag}?"),
        None => "try --help".to_string(),
    };
    format!("{what}{named}; {tip}")
}

/// Turns the result of a program into its exit status, and an error into one line on stderr.
///
/// 0: done. 2: bad arguments or environment ([`Misuse`]). 1: anything else.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    // `{:#}` puts the whole chain of causes, "what we did: why it failed", on one line.
    eprintln!("error: {}", format!("{error:#}").replace('\n', " "));
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
