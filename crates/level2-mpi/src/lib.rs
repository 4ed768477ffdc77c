//! Level 2: processes with a memory of their own, which exchange messages with MPI.
//!
//! The messages stand in the examples. Here is what surrounds them: a safe start
//! ([`launch`]), the split ([`slice_of`]), the mathematics ([`integrate`], [`Plate`]), the
//! baseline file and the reports.

mod args;
mod baseline;
mod clock;
mod forecast;
mod kernel;
mod launch;
mod link;
mod memory;
mod placement;
mod plate;
mod report;
mod slice;

pub use args::{Exchange, HeatArgs, HelloArgs, NoArgs, PiArgs};
pub use clock::{Clock, repeat};
pub use kernel::{Kernel, integrate};
pub use launch::{abort, exit_code, flags, launch};
pub use placement::{usable_cpus, warn_of_placement};
pub use plate::{Edges, Interior, Plate, draw, fingerprint};
pub use report::{HeatReport, HeatRun, PiReport};
pub use slice::{neighbours, slice_of};

/// The rank that collects the results, prints them and writes the files.
pub const ROOT: mpi::Rank = 0;
