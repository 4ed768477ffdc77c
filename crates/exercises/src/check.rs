//! What a check says, and how it ends.

use std::process::ExitCode;

/// With this word on its command line a check checks; without, it is the reader's program.
pub const CHECK: &str = "check";

/// How the two sentences of [`not_yet`] begin.
pub(crate) const EXPECTED: &str = "expected: ";
pub(crate) const FOUND: &str = "found: ";

/// Why an exercise is not solved: what the check looked for, and what it found, with the sentence
/// that helps. Every other error of a check means that it could not begin.
pub fn not_yet(expected: impl Into<String>, found: impl Into<String>) -> anyhow::Error {
    let (expected, found) = (expected.into(), found.into());
    anyhow::Error::msg(format!("{EXPECTED}{expected}\n{FOUND}{found}"))
}

/// Looks for one thing.
///
/// # Errors
/// [`not_yet`] if it does not hold.
pub fn expect(
    holds: bool,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> anyhow::Result<()> {
    if holds { Ok(()) } else { Err(not_yet(expected, found)) }
}

/// The `main` of a check. Exit status 0: solved. 1: not yet. 2: it cannot be checked here. Any other: it
/// panicked, or was ended, so not yet.
pub fn check(program: fn() -> ExitCode, of: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some(CHECK) {
        return program();
    }
    let Err(error) = of() else {
        println!("solved");
        return ExitCode::SUCCESS;
    };
    let is_verdict = error.to_string().starts_with(EXPECTED);
    let (begin, status) = if is_verdict { ("", 1) } else { ("cannot check: ", 2) };
    println!("{}", cli::wrapped(&format!("{begin}{error:#}")));
    ExitCode::from(status)
}
