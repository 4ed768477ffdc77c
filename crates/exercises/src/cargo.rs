//! Builds the checks with cargo, and runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use exercises::{Exercise, Fault, not_yet, repository};
use serde_json::Value;

/// No check takes longer; each has its own, shorter patience for what may hang.
const LIMIT_S: u32 = 180;

/// Whose code is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// `examples/exercises/`
    Starter,
    /// `examples/solutions/`
    Solution,
}

/// Whether this machine can build and run the check.
///
/// # Errors
/// What is missing, and the command that installs it.
pub(crate) fn needs(exercise: &Exercise) -> Result<(), String> {
    let wanted = std::env::var("MPICC").unwrap_or_else(|_| "mpicc".to_string());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(&wanted).is_file());
    match exercise.features.contains(&"level2") && !found {
        true => Err(format!("an MPI, and there is no {wanted}: scripts/setup.sh")),
        false => Ok(()),
    }
}

/// Builds the checks of exercises that need the same features, in one go.
///
/// # Errors
/// If they do not compile; the compiler has said why.
pub(crate) fn build(exercises: &[&Exercise], variant: Variant) -> anyhow::Result<Vec<PathBuf>> {
    let mut features = exercises[0].features.to_vec();
    if variant == Variant::Solution {
        features.push("solutions");
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--release", "--no-run", "--package", "exercises", "--quiet"]);
    cargo.args(["--message-format=json-render-diagnostics", "--features", &features.join(",")]);
    for exercise in exercises {
        cargo.args(["--test", &check_name(exercise)]);
    }
    match features.contains(&"level3") {
        true => eprintln!("building; the first time, level 3 takes some minutes ..."),
        false => eprintln!("building ..."),
    }
    let output = cargo
        .current_dir(repository())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(output.status.success(), "cargo test --no-run failed");
    let messages = String::from_utf8(output.stdout).context("reading what cargo says")?;
    exercises.iter().map(|exercise| executable(&messages, &check_name(exercise))).collect()
}

fn check_name(exercise: &Exercise) -> String {
    format!("check{}", exercise.number)
}

/// Where cargo put the test with this name.
fn executable(messages: &str, name: &str) -> anyhow::Result<PathBuf> {
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for message in built.filter(|message| message["target"]["name"] == name) {
        if let Some(path) = message["executable"].as_str() {
            return Ok(path.into());
        }
    }
    bail!("cargo built no {name}")
}

/// Runs a check: `Ok` if the exercise is solved.
///
/// # Errors
/// If it cannot be started. What the check itself says is the inner result.
pub(crate) fn run(check: &Path) -> anyhow::Result<Result<(), Fault>> {
    let output = Command::new("timeout")
        .args(["--kill-after=5", &LIMIT_S.to_string()])
        .arg(check)
        .current_dir(repository())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", check.display()))?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let fault = Fault::read(&String::from_utf8_lossy(&output.stdout));
    Ok(Err(fault.unwrap_or_else(|| {
        let printed = String::from_utf8_lossy(&output.stderr);
        let last = printed.lines().last().unwrap_or("no message").to_string();
        let expected = "the check comes to its end";
        match output.status.code() {
            Some(124) => not_yet(expected, format!("it still runs after {LIMIT_S} s")),
            Some(code) => not_yet(expected, format!("it ended with status {code}: {last}")),
            None => not_yet(expected, format!("it was killed: {last}")),
        }
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_one_that_cargo_names() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"common"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"check1"},"executable":"/t/check1-ab"}"#,
        );
        assert_eq!(executable(messages, "check1").unwrap(), Path::new("/t/check1-ab"));
        assert!(executable(messages, "check2").is_err());
    }
}
