//! Starts programs, shows what they say, and keeps what is needed of it. Ctrl-C ends the program that
//! runs, not this one.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

/// The folder of this workspace: the one that we are in, as it may have been copied with all that was
/// built, or the one in which this program was built.
pub fn repository() -> &'static Path {
    static REPOSITORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let is_ours = |folder: &&Path| folder.join("examples/level1_cores.rs").exists();
        let here = std::env::current_dir().unwrap_or_default();
        let built = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().chain(built.ancestors()).find(is_ours).unwrap_or(built).to_path_buf()
    });
    &REPOSITORY
}

/// Set by Ctrl-C, once somebody has asked for it.
static CTRL_C: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let pressed = Arc::default();
    // Where the system refuses, Ctrl-C ends this program, as it ends any other.
    let _ = signal_hook::flag::register(SIGINT, Arc::clone(&pressed));
    pressed
});

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

/// A command that starts in the repository.
pub fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(repository());
    command
}

/// Runs a command to its end.
pub fn run(command: Command, keep: Keep) -> Ended {
    let shown = command.get_program().to_string_lossy().to_string();
    try_to_run(command, keep).unwrap_or_else(|error| Ended {
        fault: Some(format!("cannot start {shown}: {error}")),
        ..Ended::default()
    })
}

fn try_to_run(mut command: Command, keep: Keep) -> io::Result<Ended> {
    CTRL_C.store(false, Relaxed); // an earlier one is not meant
    let (printed, said) = listen(&mut command, keep)?;
    let status = command.status()?;
    drop(command); // it holds the ends of the pipes into which the program wrote
    let words = printed.map(text).unwrap_or_default();
    let said = said.map_or_else(|| words.clone(), text);
    let interrupted = CTRL_C.load(Relaxed) && !status.success();
    let fault = match status {
        status if status.success() => None,
        _ if interrupted => Some("stopped by Ctrl-C".to_string()),
        status => Some(line_of_error(&said).unwrap_or_else(|| format!("it ended with {status}"))),
    };
    Ok(Ended { fault, interrupted, words })
}

/// What a thread reads from a pipe.
type Kept = Receiver<Vec<u8>>;

/// Reads what the program will print, and what it will complain about where that is apart.
fn listen(command: &mut Command, keep: Keep) -> io::Result<(Option<Kept>, Option<Kept>)> {
    if keep == Keep::Nothing {
        return Ok((None, None));
    }
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stderr(writer.try_clone()?);
    if keep == Keep::Everything {
        command.stdout(writer);
        return Ok((Some(copy(reader, io::stdout())), None));
    }
    let said = Some(copy(reader, io::stderr()));
    if keep == Keep::Errors {
        return Ok((None, said));
    }
    let (reader, writer) = io::pipe()?;
    command.stdout(writer);
    Ok((Some(copy(reader, io::sink())), said))
}

/// Keeps what comes from `pipe`, piece by piece, and passes it on at once.
fn copy(mut pipe: PipeReader, mut shown: impl Write + Send + 'static) -> Kept {
    let (sender, kept) = mpsc::channel();
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut piece) {
            let _ = shown.write_all(&piece[..n]).and_then(|()| shown.flush());
            let _ = sender.send(piece[..n].to_vec());
        }
    });
    kept
}

/// All that was kept. A program may leave another behind that holds the pipe open: it is not waited for.
fn text(kept: Kept) -> String {
    let end = Instant::now() + Duration::from_secs(2);
    let next = || kept.recv_timeout(end.checked_duration_since(Instant::now())?).ok();
    let bytes: Vec<u8> = iter::from_fn(next).flatten().collect();
    String::from_utf8_lossy(&bytes).into_owned()
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

    fn shell(script: &str, keep: Keep) -> Ended {
        run(command(&["sh", "-c", script]), keep)
    }

    #[test]
    fn the_line_that_a_program_said_is_kept() {
        let script = "echo note >&2; echo error: no file x >&2; echo more >&2; exit 2";
        let ended = shell(script, Keep::Errors);
        assert_eq!(ended.fault.as_deref(), Some("no file x"));
        let ended = shell("exit 3", Keep::Errors);
        assert_eq!(ended.fault.as_deref(), Some("it ended with exit status: 3"));
        let ended = shell("echo 1; echo 2 >&2; echo 3", Keep::Everything);
        assert_eq!((ended.fault, ended.words.as_str()), (None, "1\n2\n3\n"));
    }

    #[test]
    fn a_program_that_leaves_another_behind_is_not_waited_for_long() {
        let start = Instant::now();
        let ended = shell("sleep 20 & echo 1", Keep::Output);
        assert_eq!((ended.fault, ended.words.as_str()), (None, "1\n"));
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let ended = run(command(&["no-such-program"]), Keep::Nothing);
        assert!(ended.fault.is_some_and(|line| line.contains("no-such-program")));
    }
}
