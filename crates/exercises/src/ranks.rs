//! Checks under a real mpirun: the check starts itself as a job of several ranks.

use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use level2_mpi::launch;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::{Fault, check, not_yet, repository};

/// A rank that has used its core for so long hangs: MPI keeps asking whether a message has come.
/// What is checked here takes far less. On a busy machine a rank gets its core late, and that is
/// not the fault of the answer, so the clock on the wall is asked only if nothing else helps.
const PATIENCE: Duration = Duration::from_secs(8);

/// The patience by the clock on the wall.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// If even that does not end it, the launcher is ended.
const LIMIT_S: u64 = 90;

/// The status with which a rank ends a job that hangs.
const HANGS: i32 = 86;

/// With this word on its command line a check is one of the ranks that it has started.
const RANK: &str = "rank";

/// What a rank prints first. A job without this line says nothing about the reader's answer.
const STARTED: &str = "a rank has started";

/// What each rank of a job does.
type Work = fn(&Universe, &Rank) -> anyhow::Result<()>;

static WORK: OnceLock<Work> = OnceLock::new();

/// The command line of a rank.
#[derive(Debug, clap::Parser)]
pub struct Rank {
    role: String,
    /// A number that the launcher hands to every rank.
    pub number: u64,
}

/// The `main` of a check: `launcher` starts jobs, and `work` is what each rank of such a job does.
///
/// Several ranks may find a fault; the first that is printed is shown.
pub fn check_on_ranks(
    program: fn() -> ExitCode,
    launcher: impl FnOnce() -> Result<(), Fault>,
    work: Work,
) -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some(RANK) {
        return check(program, launcher);
    }
    let start = Instant::now();
    std::thread::spawn(move || {
        while computed() < PATIENCE && start.elapsed() < LAST_PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
        }
        SimpleCommunicator::world().abort(HANGS);
    });
    WORK.get_or_init(|| work);
    launch(|universe, args| {
        println!("{STARTED}");
        WORK.get().map_or(Ok(()), |work| work(universe, args))
    })
}

/// How long the first thread of this process, which exchanges the messages, has used a core.
fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Runs the check's ranks as a job and returns the lines that they printed.
///
/// # Errors
/// The first [`Fault`] that a rank printed, or one that says how the job ended.
pub fn job(ranks: u32, number: u64) -> Result<Vec<String>, Fault> {
    let cannot = |why: String| Fault::CannotCheck(format!("{ranks} ranks did not start: {why}"));
    let check = std::env::current_exe().map_err(|error| cannot(error.to_string()))?;
    let output = Command::new("timeout")
        .args(["--kill-after=5", &LIMIT_S.to_string()])
        .arg(repository().join("scripts/mpirun.sh"))
        .args(["-n", &ranks.to_string()])
        .arg(check)
        .args([RANK, &number.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(fault) = Fault::read(&text) {
        return Err(fault);
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code();
    let expected = format!("a job of {ranks} ranks comes to its end");
    match status {
        _ if !text.contains(STARTED) => Err(cannot(reason(&printed).into())),
        Some(0) => Ok(text.lines().filter(|line| *line != STARTED).map(str::to_string).collect()),
        // Every mpirun hands on the status of a rank; `timeout` itself has 124.
        Some(HANGS | 124) => Err(not_yet(
            expected,
            "they wait for each other and never end. Who sends, and who is ready to receive?",
        )),
        _ => match printed.lines().skip_while(|line| !line.contains("panicked at")).nth(1) {
            Some(message) => Err(Fault::panicked(message)),
            None => {
                let status = status.map_or("a signal".to_string(), |code| format!("status {code}"));
                let reason = reason(&printed);
                Err(not_yet(expected, format!("it ended with {status}: {reason}")))
            }
        },
    }
}

/// The first line that tells a reason: no frame of dashes, which Open MPI draws, and no note of
/// `scripts/mpirun.sh`.
fn reason(printed: &str) -> &str {
    let words = |line: &&str| line.contains(char::is_alphabetic) && !line.starts_with("note: ");
    printed.lines().map(str::trim).find(words).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_stands_below_notes_and_frames() {
        let printed = "note: 4 ranks on 2 cores: they take turns\n------\n  No such file\nor so\n";
        assert_eq!(reason(printed), "No such file");
        assert_eq!(reason("note: nothing else\n"), "no message");
    }
}
