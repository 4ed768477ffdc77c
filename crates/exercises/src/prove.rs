//! The proof that each check does its work: it fails on the gap and passes on the solution.

use std::path::Path;

use anyhow::ensure;
use cli::misuse;
use common::{human, time};
use exercises::{EXERCISES, Exercise};

use crate::cargo::{self, Variant};
use crate::state;

/// Builds and runs all checks on starters and solutions, and prints one line for each.
///
/// # Errors
/// If one of them does not do what it must.
pub(crate) fn prove() -> anyhow::Result<()> {
    let mut faults = 0;
    for group in EXERCISES.chunk_by(|a, b| a.features == b.features) {
        let group: Vec<&Exercise> = group.iter().collect();
        cargo::needs(group[0]).map_err(misuse)?;
        for variant in [Variant::Starter, Variant::Solution] {
            let (checks, building) = time(|| cargo::build(&group, variant));
            println!("built in {}", human(building));
            for (exercise, check) in group.iter().zip(checks?) {
                if let Err(fault) = prove_one(exercise, variant, &check) {
                    println!("  FAULT: {fault}");
                    faults += 1;
                }
            }
        }
    }
    ensure!(faults == 0, "{faults} of the proofs failed");
    println!("all {} checks fail on their gap and pass on their solution", EXERCISES.len());
    Ok(())
}

fn prove_one(exercise: &Exercise, variant: Variant, check: &Path) -> anyhow::Result<()> {
    let (result, elapsed) = time(|| cargo::run(check));
    let verdict = match result? {
        Ok(()) => "passes".to_string(),
        Err(fault) => format!("fails: {} | {}", fault.expected, fault.found),
    };
    println!(
        "{} {:<9} {variant:?} {:>8}  {verdict}",
        exercise.number,
        exercise.name,
        human(elapsed)
    );
    ensure!((variant == Variant::Solution) == (verdict == "passes"), "the other way round");
    ensure!(elapsed.as_secs() < 60, "a check takes less than a minute");
    ensure!(still_running(check).is_empty(), "left running: {:?}", still_running(check));
    let fingerprint = state::gap(exercise)?.fingerprint();
    ensure!(
        fingerprint == exercise.untouched,
        "the gap is not the one that `untouched` in lib.rs knows: {fingerprint:#018x}"
    );
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
