//! What the three levels share, and nothing else: how many workers Slurm gave us, how long
//! something took, what more workers gained, a question that never hangs, and one line of JSON a run.

mod cli;
mod number;
mod prediction;
mod prompt;
mod record;
mod scaling;
mod stopwatch;
mod workers;

pub use cli::{Misuse, exit_code, misuse, parse};
pub use number::{count, parse_count, parse_seconds, seconds};
pub use prediction::Prediction;
pub use prompt::ask;
pub use record::Record;
pub use scaling::Scaling;
pub use stopwatch::{Samples, human, time};
pub use workers::{Source, WORKERS_VARIABLE, Workers, parse_workers};
