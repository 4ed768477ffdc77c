//! What a check says, and how it says it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Why an exercise is not solved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What the check looked for.
    pub expected: String,
    /// What it found, with the sentence that helps.
    pub found: String,
}

/// A [`Fault`].
pub fn not_yet(expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault { expected: expected.into(), found: found.into() }
}

const EXPECTED: &str = "expected: ";
const FOUND: &str = "found:    ";

impl Fault {
    /// Prints it in the form that [`Fault::read`] understands.
    pub fn print(&self) {
        let one_line = |text: &str| text.replace('\n', " ");
        println!("{EXPECTED}{}\n{FOUND}{}", one_line(&self.expected), one_line(&self.found));
    }

    /// Finds the first fault in what a check printed.
    pub fn read(text: &str) -> Option<Self> {
        let line = |name| text.lines().find_map(|line| line.strip_prefix(name));
        Some(not_yet(line(EXPECTED)?, line(FOUND)?))
    }
}

/// The `main` of a check: exit status 0 if the exercise is solved, 1 and a [`Fault`] if not.
pub fn check(of: impl FnOnce() -> Result<(), Fault>) -> ExitCode {
    let result = catch_unwind(AssertUnwindSafe(of)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(not_yet("the exercise runs to its end", format!("it panicked: {text}")))
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
        assert_eq!(Fault::read("nothing of the kind"), None);
    }
}
