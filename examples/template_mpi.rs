//! Level 2 in your own project: each rank does its slice, and all learn the sum.
//! Outside this repository, whose folder is WORKSHOP here:
//! ```text
//! cargo new mine && cd mine
//! cp WORKSHOP/examples/template_mpi.rs src/main.rs
//! cargo add mpi --no-default-features
//! cargo build --release && mpirun -n 4 target/release/mine # root, few cores: WORKSHOP/scripts/mpirun.sh
//! ```
use mpi::{collective::SystemOperation, topology::SimpleCommunicator, traits::*};

/// What is to be done for each number: put your own work here.
fn work(number: u64) -> f64 {
    (number as f64).sqrt()
}

fn main() {
    let universe = mpi::initialize().expect("MPI is started once");
    let world = universe.world();
    // A rank that panics ends all. Without this line, the others would wait for it for ever.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        SimpleCommunicator::world().abort(1)
    }));
    let (rank, size) = (world.rank() as u64, world.size() as u64);
    let slice = rank * 1_000_000 / size..(rank + 1) * 1_000_000 / size; // <- a different one each
    let (partial, mut sum) = (slice.map(work).sum::<f64>(), 0.0);
    world.all_reduce_into(&partial, &mut sum, SystemOperation::sum());
    println!("rank {rank} of {size}: {partial:.3} of {sum:.3}");
}
