//! A program that was stopped (Ctrl-Z, `scontrol suspend`) measures a pause as if it were work.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use signal_hook::{consts::SIGCONT, flag};

static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Notices from now on that this process is stopped, by the signal that lets it go on.
pub(crate) fn watch() -> std::io::Result<()> {
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
