//! A program that was stopped (Ctrl-Z, `scontrol suspend`) measures a pause as if it were work.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGCONT, SIGXFSZ};
use signal_hook::flag;

static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Notices from now on that this process is stopped, by the signal that lets it go on.
///
/// A file that outgrows `ulimit -f` no longer kills the process: the write fails, and says so.
pub(crate) fn watch() -> std::io::Result<()> {
    flag::register(SIGXFSZ, Arc::default())?;
    flag::register(SIGCONT, Arc::clone(&STOPPED)).map(drop)
}

/// Whether this process was stopped and went on since [`crate::parse`], or since it last asked a
/// question. A time that was measured meanwhile must not be compared with another.
pub fn was_stopped() -> bool {
    STOPPED.load(Relaxed)
}

/// While a question waits for its answer nothing is measured, so a stop then does no harm.
pub(crate) fn forget() {
    STOPPED.store(false, Relaxed);
}
