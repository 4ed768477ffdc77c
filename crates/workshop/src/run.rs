//! Starts programs, shows what they say, and keeps what is needed of it. Ctrl-C ends the program that
//! runs, not this one; no program runs longer than it may.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::programs::repository;

static CTRL_C: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on Ctrl-C, which the terminal sends to every program that runs in it, leaves this one alone.
///
/// # Errors
/// If the system refuses.
pub fn survive_ctrl_c() -> io::Result<()> {
    signal_hook::flag::register(SIGINT, Arc::clone(&CTRL_C)).map(drop)
}

/// Whether Ctrl-C was pressed since this was asked last.
pub fn ctrl_c() -> bool {
    CTRL_C.swap(false, Relaxed)
}

/// What to keep of a program's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: the program has the terminal for itself, and may ask.
    Nothing,
    /// Nothing, but the line of an error; nobody is asked.
    Errors,
    /// What it prints, which is not shown; the rest is, such as cargo's progress.
    Output,
    /// All it says, shown in its order.
    Everything,
}

/// How a program ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why it did not end well: the line that it said, or how it ended.
    pub fault: Option<String>,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// What was kept.
    pub words: String,
}

/// A command that starts in the repository. Slurm sets `SLURM_CPUS_PER_TASK` in a job; elsewhere we
/// stand in for it, with the cores that there are.
pub fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(repository());
    if std::env::var_os(common::WORKERS_VARIABLE).is_none() {
        command.env(common::WORKERS_VARIABLE, common::usable_cpus().to_string());
    }
    command
}

/// Runs a command, for `limit` at most.
pub fn run(mut command: Command, keep: Keep, limit: Duration) -> Ended {
    ctrl_c(); // an earlier one is not meant
    let shown = command.get_program().to_string_lossy().to_string();
    let started = Started::new(&mut command, keep);
    drop(command); // it holds the ends of the pipes into which the program writes
    let cannot =
        |error| Ended { fault: Some(format!("cannot start {shown}: {error}")), ..Ended::default() };
    started.and_then(|program| program.wait(limit)).unwrap_or_else(cannot)
}

/// A program at work, and the threads that read what it says.
struct Started {
    child: Child,
    printed: Option<Kept>,
    said: Option<Kept>,
}

impl Started {
    fn new(command: &mut Command, keep: Keep) -> io::Result<Self> {
        let (mut printed, mut said) = (None, None);
        if keep != Keep::Nothing {
            let (reader, writer) = io::pipe()?;
            if keep == Keep::Everything {
                command.stdout(writer.try_clone()?);
                printed = Some(Kept::copy(reader, io::stdout()));
            } else {
                said = Some(Kept::copy(reader, io::stderr()));
            }
            command.stdin(Stdio::null()).stderr(writer);
        }
        if keep == Keep::Output {
            let (reader, writer) = io::pipe()?;
            command.stdout(writer);
            printed = Some(Kept::copy(reader, io::sink()));
        }
        Ok(Self { child: command.spawn()?, printed, said })
    }

    fn wait(mut self, limit: Duration) -> io::Result<Ended> {
        let start = Instant::now();
        let mut late = false;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if start.elapsed() > limit => {
                    late = true;
                    break end(&mut self.child)?;
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let words = self.printed.map(Kept::text).unwrap_or_default();
        let said = self.said.map_or_else(|| words.clone(), Kept::text);
        let interrupted = ctrl_c() && !status.success();
        let fault = match status {
            _ if late => Some(format!("stopped after {} s", limit.as_secs())),
            status if status.success() => None,
            _ if interrupted => Some("stopped by Ctrl-C".to_string()),
            status => Some(line_of_error(&said).unwrap_or_else(|| how(status))),
        };
        Ok(Ended { fault, interrupted, words })
    }
}

/// Asks a program to end, as mpirun then ends its ranks; one that does not is ended.
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    Command::new("kill").arg(child.id().to_string()).status()?;
    for _ in 0..500 {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()
}

/// `exit status: 1`, `signal: 9 (SIGKILL)`
fn how(status: ExitStatus) -> String {
    format!("it ended with {status}")
}

/// What a thread has read from a pipe.
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Kept {
    /// Keeps what comes from `reader`, and passes it on at once.
    fn copy(mut reader: PipeReader, mut shown: impl Write + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (tell, ended) = mpsc::channel();
        let kept = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                let _ = shown.write_all(&chunk[..n]).and_then(|()| shown.flush());
                kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(&chunk[..n]);
            }
            tell.send(())
        });
        Self { bytes, ended }
    }

    /// All of it. A program may leave another behind that holds the pipe open: it is not waited for.
    fn text(self) -> String {
        let _ = self.ended.recv_timeout(Duration::from_secs(2));
        let bytes = self.bytes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The line that tells what went wrong: the first that begins with "error", or the last.
fn line_of_error(said: &str) -> Option<String> {
    let said = console::strip_ansi_codes(said);
    let lines = || said.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| line.starts_with("error")).or_else(|| lines().next_back())?;
    Some(line.strip_prefix("error: ").unwrap_or(line).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, keep: Keep, limit: Duration) -> Ended {
        run(command(&["sh", "-c", script]), keep, limit)
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_line_that_a_program_said_is_kept() {
        let ended = shell(
            "echo note >&2; echo error: no file x >&2; echo more >&2; exit 2",
            Keep::Errors,
            MINUTE,
        );
        assert_eq!(ended.fault.as_deref(), Some("no file x"));
        let ended = shell("exit 3", Keep::Errors, MINUTE);
        assert_eq!(ended.fault.as_deref(), Some("it ended with exit status: 3"));
        let ended = shell("echo 1; echo 2 >&2; echo 3", Keep::Everything, MINUTE);
        assert_eq!((ended.fault, ended.words.as_str()), (None, "1\n2\n3\n"));
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
        let ended = shell("sleep 100 & wait", Keep::Output, Duration::from_millis(100));
        assert_eq!(ended.fault.as_deref(), Some("stopped after 0 s"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let ended = run(command(&["no-such-program"]), Keep::Nothing, MINUTE);
        assert!(ended.fault.is_some_and(|line| line.contains("no-such-program")));
    }
}
