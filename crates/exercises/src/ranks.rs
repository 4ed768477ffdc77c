//! Checks under a real mpirun: the check starts itself as a job of several ranks.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use level2_mpi::launch;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::{Fault, check, not_yet, repository};

/// A job that takes longer hangs: what is checked here takes far less than a second.
const PATIENCE: Duration = Duration::from_secs(15);

/// If even that does not end it, the launcher is ended.
const LIMIT_S: u64 = 30;

/// The status with which a rank ends a job that hangs.
const HANGS: i32 = 86;

/// What a check does: `launcher` starts jobs, and `rank` is what each rank of such a job does.
///
/// With a fault, `rank` need not be the only rank that finds it; the first is shown.
pub fn check_on_ranks(
    launcher: impl FnOnce() -> Result<(), Fault>,
    rank: fn(&Universe, &Rank) -> anyhow::Result<()>,
) -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(ROLE) {
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
            SimpleCommunicator::world().abort(HANGS);
        });
        return launch(rank);
    }
    check(launcher)
}

const ROLE: &str = "rank";

/// The command line of a rank.
#[derive(Debug, clap::Parser)]
pub struct Rank {
    role: String,
    /// A number that the launcher hands to every rank.
    pub number: u64,
}

/// Runs the check's ranks as a job and returns the lines that they printed.
///
/// # Errors
/// The first [`Fault`] that a rank printed, or one that says how the job ended.
pub fn job(ranks: u32, number: u64) -> Result<Vec<String>, Fault> {
    let expected = format!("a job of {ranks} ranks comes to its end");
    let start = |program: &Path| {
        Command::new("timeout")
            .args(["--kill-after=5", &LIMIT_S.to_string()])
            .arg(repository().join("scripts/mpirun.sh"))
            .args(["-n", &ranks.to_string()])
            .arg(program)
            .args([ROLE, &number.to_string()])
            .stdin(Stdio::null())
            .output()
    };
    let output = std::env::current_exe().and_then(|program| start(&program));
    let output = output.map_err(|error| not_yet(&*expected, format!("cannot start: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(fault) = Fault::read(&text) {
        return Err(fault);
    }
    match output.status.code() {
        Some(0) => Ok(text.lines().map(str::to_string).collect()),
        // mpirun of MPICH hands on the status, that of Open MPI too; `timeout` has 124.
        Some(HANGS | 124) => Err(not_yet(
            expected,
            format!(
                "after {} s they still wait for each other. Who sends, and who is ready to \
                 receive?",
                PATIENCE.as_secs()
            ),
        )),
        status => {
            let printed = String::from_utf8_lossy(&output.stderr);
            let panic = printed.lines().skip_while(|line| !line.contains("panicked at")).nth(1);
            let reason = panic.or(printed.lines().next()).unwrap_or("no message");
            let status = status.map_or("a signal".to_string(), |code| format!("status {code}"));
            Err(not_yet(expected, format!("it ended with {status}: {reason}")))
        }
    }
}
