//! The proof that each check does its work: it fails on the starter and passes on the solution.

use std::path::Path;

use anyhow::ensure;
use cli::misuse;
use common::{human, time};
use exercises::{EXERCISES, Exercise, Fault, SOLUTIONS, STARTERS, repository};

use crate::cargo;

/// Builds and runs all checks on starters and solutions, and prints one line for each.
///
/// All are built with all features, so that Burn is built once.
pub(crate) fn prove() -> anyhow::Result<()> {
    let all: Vec<&Exercise> = EXERCISES.iter().collect();
    all.iter().try_for_each(|exercise| cargo::needs(exercise)).map_err(misuse)?;
    let mut faults = 0;
    for folder in [STARTERS, SOLUTIONS] {
        let (checks, building) = time(|| cargo::build(&all, &repository().join(folder)));
        println!("{folder}: built in {}", human(building));
        for (exercise, check) in all.iter().zip(checks?) {
            if let Err(fault) = prove_one(exercise, folder == SOLUTIONS, &check) {
                println!("  FAULT: {fault}");
                faults += 1;
            }
        }
    }
    ensure!(faults == 0, "{faults} of the proofs failed");
    println!("all {} checks fail on their starter and pass on their solution", all.len());
    Ok(())
}

fn prove_one(exercise: &Exercise, passes: bool, check: &Path) -> anyhow::Result<()> {
    let (result, elapsed) = time(|| cargo::check(check));
    let (right, verdict) = match result? {
        Ok(measured) => (passes, format!("passes {}", measured.unwrap_or_default())),
        Err(Fault::NotYet { expected, found }) => (!passes, format!("fails: {expected} | {found}")),
        Err(Fault::CannotCheck(why)) => (false, why),
    };
    println!("  {:<13} {:>8}  {verdict}", exercise.name, human(elapsed));
    ensure!(right, "the other way round");
    ensure!(still_running(check).is_empty(), "left running: {:?}", still_running(check));
    Ok(())
}

/// The processes that run this program, as Linux lists them.
fn still_running(program: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| {
            std::fs::read_link(process.path().join("exe")).is_ok_and(|p| p == program)
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
