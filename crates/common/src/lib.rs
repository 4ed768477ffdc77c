//! What the three levels share, and nothing else: how many workers Slurm gave us, how long
//! something took, whether others disturbed it, and what more workers gained. It has no
//! dependencies, so that a program which begins as a copy of a template can afford it.

mod bursts;
mod bytes;
mod cpus;
mod disturbance;
mod plural;
mod scaling;
mod stopwatch;
mod workers;

pub use bursts::undisturbed;
pub use bytes::in_bytes;
pub use cpus::{allowed_cpus, cpu_list, usable_cpus};
pub use disturbance::{Disturbance, Watch};
pub use plural::plural;
pub use scaling::Scaling;
pub use stopwatch::{Samples, human, time};
pub use workers::{Source, WORKERS_VARIABLE, Workers, parse_workers};
