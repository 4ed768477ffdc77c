//! Builds the checks with cargo, and runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use exercises::{CHECK, Exercise, Fault, Pace, not_yet, repository};
use serde_json::Value;

/// No check takes longer; each has its own, shorter patience for what may hang.
const LIMIT_S: u32 = 180;

/// Whether this machine can build and run the check; if not, what is missing and how to install it.
pub(crate) fn needs(exercise: &Exercise) -> Result<(), String> {
    let wanted = std::env::var("MPICC").unwrap_or_else(|_| "mpicc".to_string());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(&wanted).is_file());
    match exercise.features().contains(&"level2") && !found {
        true => Err(format!("an MPI, and there is no {wanted}: scripts/setup.sh")),
        false => Ok(()),
    }
}

/// Builds the checks of exercises, with the programs in this folder, and returns where they are.
pub(crate) fn build(exercises: &[&Exercise], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut features: Vec<&str> = exercises.iter().flat_map(|e| e.features()).copied().collect();
    features.sort_unstable();
    features.dedup();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--package", "exercises", "--quiet"]);
    cargo.args(["--message-format=json-render-diagnostics", "--features", &features.join(",")]);
    for exercise in exercises {
        cargo.args(["--bin", exercise.name]);
    }
    match features.contains(&"level3") {
        true => eprintln!("building; the first time, level 3 takes some minutes ..."),
        false => eprintln!("building ..."),
    }
    let output = cargo
        .env("EXERCISES", folder)
        .current_dir(repository())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(output.status.success(), "it does not compile yet, see above");
    let messages = String::from_utf8(output.stdout).context("reading what cargo says")?;
    exercises.iter().map(|exercise| executable(&messages, exercise.name)).collect()
}

/// Where cargo put the program with this name.
fn executable(messages: &str, name: &str) -> anyhow::Result<PathBuf> {
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for message in built.filter(|message| message["target"]["name"] == name) {
        if let Some(path) = message["executable"].as_str() {
            return Ok(path.into());
        }
    }
    bail!("cargo built no {name}")
}

/// Runs a check: what it measured, if anything, or why the exercise is not solved.
pub(crate) fn check(check: &Path) -> anyhow::Result<Result<Option<String>, Fault>> {
    let output = Command::new("timeout")
        .args(["--kill-after=5", &LIMIT_S.to_string()])
        .arg(check)
        .arg(CHECK)
        .current_dir(repository())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", check.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        let measured = said.lines().find(|line| line.starts_with(Pace::MEASURED));
        return Ok(Ok(measured.map(str::to_string)));
    }
    Ok(Err(Fault::read(&said).unwrap_or_else(|| {
        let printed = String::from_utf8_lossy(&output.stderr);
        let last = printed.lines().last().unwrap_or("no message").to_string();
        let expected = "the check comes to its end";
        match output.status.code() {
            Some(124) => not_yet(expected, format!("it still runs after {LIMIT_S} s")),
            _ => not_yet(expected, format!("it ended ({}): {last}", output.status)),
        }
    })))
}

/// Runs the program itself, under mpirun where it needs one, and prints the command before.
pub(crate) fn run(program: &Path, exercise: &Exercise, words: &[String]) -> anyhow::Result<()> {
    let root = repository();
    let mut line: Vec<String> = Vec::new();
    if exercise.features().contains(&"level2") {
        line.extend(["scripts/mpirun.sh", "-n", "4"].map(str::to_string));
    }
    line.push(program.strip_prefix(&root).unwrap_or(program).display().to_string());
    line.extend_from_slice(words);
    println!("$ {}", line.join(" "));
    let status = Command::new(root.join(&line[0])).args(&line[1..]).current_dir(&root).status();
    ensure!(status.context("starting the program")?.success(), "the program failed");
    Ok(())
}
