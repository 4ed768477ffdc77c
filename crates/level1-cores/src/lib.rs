//! Level 1: the cores of one node, shared by the threads of one process.
//!
//! The two loops that race stand in `examples/level1_cores.rs`. Here is what they need and a
//! reader can trust by its name: the task, the paired measurement and its verdict, the timeline,
//! the two crossovers, and the factorial whose last multiplication is serial.
//!
//! # A data race does not compile
//!
//! Two threads that write to the same variable at the same time lose updates, and in most
//! languages nobody notices until the numbers are wrong. In Rust this is no program:
//!
//! ```compile_fail,E0499
//! let mut sum = 0;
//! rayon::join(|| sum += 1, || sum += 2);
//! ```
//!
//! ```text
//! error[E0499]: cannot borrow `sum` as mutable more than once at a time
//! ```
//!
//! Give every thread a result of its own, and add them up when both are done:
//!
//! ```
//! let (one, two) = rayon::join(|| 1, || 2);
//! let sum = one + two;
//! # assert_eq!(sum, 3);
//! ```

mod amdahl;
mod args;
mod caches;
mod chart;
mod crossover;
mod factorial;
mod hyperthreads;
mod marks;
mod memory;
mod pairs;
mod race;
mod report;
mod task;
mod timeline;
mod wall;

pub use amdahl::Amdahl;
pub use args::{CoresArgs, CrossoverArgs, MemoryArgs};
pub use crossover::Crossover;
pub use marks::Marks;
pub use memory::{Arrays, Kernel, PIECE, polynomial};
pub use pairs::{Pairs, Winner};
pub use race::Race;
pub use report::report;
pub use task::{Spin, Task};
pub use timeline::Timeline;
pub use wall::Wall;

use anyhow::Context;
use common::Workers;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Starts the worker threads; they wait for work until the pool is dropped.
///
/// The thread that calls this is one of the workers, as in OpenMP. A loop is then begun where it
/// stands; handing it to threads that all sleep, and sleeping until they are done, costs several
/// times as much for tasks of a few microseconds.
///
/// # Errors
/// If the system refuses that many threads (`ulimit -u` says how many one user may have), or if
/// the calling thread is a worker of another pool already.
pub fn start_pool(workers: Workers) -> anyhow::Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(workers.count)
        .use_current_thread()
        .build()
        .with_context(|| format!("starting {} worker threads", workers.count))
}

/// The page of the book whose Rust is compiled with the tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct RustForThisWorkshop;
