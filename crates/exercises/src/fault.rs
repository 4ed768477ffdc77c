//! What a check says, and how it says it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Why an exercise is not solved, as far as the check can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The answer is not right yet.
    NotYet {
        /// What the check looked for.
        expected: String,
        /// What it found, with the sentence that helps.
        found: String,
    },
    /// The check could not begin, which says nothing about the answer.
    CannotCheck(String),
}

/// A [`Fault::NotYet`].
pub fn not_yet(expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault::NotYet { expected: expected.into(), found: found.into() }
}

const EXPECTED: &str = "expected: ";
const FOUND: &str = "found:    ";
const CANNOT_CHECK: &str = "cannot check: ";

impl Fault {
    /// What to say of a program that panicked with this message.
    pub fn panicked(message: &str) -> Self {
        match message.starts_with("not yet implemented") {
            true => not_yet(
                "an answer in the gap",
                "`todo!()` still stands there. The comment above the gap says what is to be done",
            ),
            false => not_yet("the program runs to its end", format!("it panicked: {message}")),
        }
    }

    /// Prints it in the form that [`Fault::read`] understands.
    pub fn print(&self) {
        let one_line = |text: &str| text.replace('\n', " ");
        match self {
            Self::NotYet { expected, found } => {
                println!("{EXPECTED}{}\n{FOUND}{}", one_line(expected), one_line(found));
            }
            Self::CannotCheck(why) => println!("{CANNOT_CHECK}{}", one_line(why)),
        }
    }

    /// Finds the first fault in what a check printed.
    pub fn read(text: &str) -> Option<Self> {
        let line = |name| text.lines().find_map(|line| line.strip_prefix(name));
        match line(CANNOT_CHECK) {
            Some(why) => Some(Self::CannotCheck(why.to_string())),
            None => Some(not_yet(line(EXPECTED)?, line(FOUND)?)),
        }
    }
}

/// With this word on its command line a check checks; without, it is the reader's program.
pub const CHECK: &str = "check";

/// The `main` of a check: exit status 0 if the exercise is solved, 1 and a [`Fault`] if not.
pub fn check(program: fn() -> ExitCode, of: impl FnOnce() -> Result<(), Fault>) -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some(CHECK) {
        return program();
    }
    let result = catch_unwind(AssertUnwindSafe(of)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(Fault::panicked(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            fault.print();
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_among_other_output() {
        let text = "hello\nexpected: one\nfound:    two\nexpected: three\n";
        assert_eq!(Fault::read(text), Some(not_yet("one", "two")));
        let text = "hello\ncannot check: no room\n";
        assert_eq!(Fault::read(text), Some(Fault::CannotCheck("no room".into())));
        assert_eq!(Fault::read("nothing of the kind"), None);
    }
}
