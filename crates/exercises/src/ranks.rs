//! Checks under a real mpirun: the check starts itself as jobs of several ranks.

use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use common::{Watch, plural};
use level2_mpi::{exit_code, launch};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::check::{EXPECTED, FOUND};
use crate::{check, not_yet, repository};

/// A rank hangs that is not done after so long, not counting the time in which it waited for a core:
/// on a busy machine it gets one late, and that is not the fault of the answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// The patience by the clock on the wall.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// With this word on its command line a check is one of the ranks that it has started.
const RANK: &str = "rank";

/// What a rank prints first. A job without this line says nothing about the reader's answer.
const STARTED: &str = "a rank has started";

/// What each rank of a job does, with the number that the job hands to all of them.
type Work = fn(&SimpleCommunicator, u64) -> anyhow::Result<()>;

/// The command line of a rank.
#[derive(clap::Parser)]
struct Rank {
    role: String,
    number: u64,
}

/// The `main` of a check that starts one job after the other: so many ranks, which do `work` with
/// a number. The error that a rank returns ends its job and is shown.
pub fn check_on_ranks(
    program: fn() -> ExitCode,
    jobs: impl IntoIterator<Item = (u32, u64)>,
    work: Work,
) -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some(RANK) {
        let mut jobs = jobs.into_iter();
        return check(program, move || jobs.try_for_each(|(ranks, number)| job(ranks, number)));
    }
    launch(|universe, args: &Rank| {
        println!("{STARTED}");
        thread::spawn(end_if_it_hangs);
        work(&universe.world(), args.number)
    })
}

fn end_if_it_hangs() {
    let (start, watch) = (Instant::now(), Watch::start());
    let ran = || start.elapsed().mul_f64(1.0 - watch.end().waited.unwrap_or(0.0));
    while ran() < PATIENCE && start.elapsed() < LAST_PATIENCE {
        thread::sleep(Duration::from_millis(100));
    }
    let world = SimpleCommunicator::world();
    let waiting = not_yet(
        format!("a job of {} comes to its end", plural(world.size(), "rank")),
        "they wait for each other and never end. Who sends, and who is ready to receive?",
    );
    exit_code(&world, Err(waiting));
}

/// Runs the ranks of one job, and prints what they print.
fn job(ranks: u32, number: u64) -> anyhow::Result<()> {
    let output = Command::new(repository().join("scripts/mpirun.sh"))
        .args(["-n", &ranks.to_string()])
        .arg(std::env::current_exe()?)
        .args([RANK, &number.to_string()])
        .output()
        .context("starting scripts/mpirun.sh")?;
    let [printed, errors] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    printed.lines().filter(|line| !line.contains(STARTED)).for_each(|line| println!("{line}"));
    if output.status.success() {
        return Ok(());
    }
    // A rank says its error in one line, and the launcher adds lines of its own.
    let mut verdicts =
        errors.lines().filter_map(|line| line.split_once(EXPECTED)?.1.split_once(FOUND));
    if let Some((expected, found)) = verdicts.next() {
        return Err(not_yet(expected.trim_end(), found));
    }
    eprint!("{errors}");
    let job = format!("a job of {}", plural(ranks, "rank"));
    ensure!(printed.contains(STARTED), "{job} did not start, see above");
    // There the `mpi` crate looks at who calls what, in an assertion without words.
    let found = match errors.contains("collective.rs") {
        true => "a rank called the end of an operation that is for the root, or not for the root",
        false => "it ended with an error, see above",
    };
    Err(not_yet(format!("{job} comes to its end"), found))
}
