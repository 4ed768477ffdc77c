//! Level 2: processes with a memory of their own, which exchange messages with MPI.
//!
//! The messages stand in the examples. Here is what surrounds them: a safe start
//! ([`launch`]), the split ([`slice_of`]), the mathematics ([`integrate`], [`Plate`]), the
//! baseline file and the reports.

mod args;
mod baseline;
mod checkpoint;
mod forecast;
mod kernel;
mod launch;
mod link;
mod placement;
mod plate;
mod report;
mod slice;
mod steps;

pub use args::{HeatArgs, HelloArgs, NoArgs, OverlapArgs, PiArgs};
pub use checkpoint::Checkpoint;
pub use kernel::{Kernel, integrate};
pub use launch::{exit_code, flags, launch};
pub use plate::{Interior, Plate, Rows, fingerprint};
pub use report::{HeatReport, OverlapReport, PiReport};
pub use slice::{neighbours, slice_of};
pub use steps::{Clock, repeat};

/// The rank that collects the results, prints them and writes the files.
pub const ROOT: mpi::Rank = 0;
