//! The safe start of a program of many ranks: one message for one fault, and no job that hangs.

use std::fmt;
use std::panic;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use cli::{Misuse, misuse};
use mpi::environment::{Universe, library_version};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use mpi::{Rank, Threading};

use crate::ROOT;

/// Starts MPI, reads the flags, runs `program` on this rank, and ends every rank if one fails.
///
/// What it adds to [`mpi::initialize`]: a panic on any thread, and an error that `program` returns,
/// end the whole job with `MPI_Abort`. Without it this rank would call `MPI_Finalize` and wait
/// there for ranks that wait for it.
pub fn launch<Args: clap::Parser>(
    program: impl FnOnce(&Universe, &Args) -> Result<()>,
) -> ExitCode {
    // Funneled: threads may compute, but only this one exchanges messages.
    let started = mpi::initialize_with_threading(Threading::Funneled);
    let (universe, _) = started.expect("MPI is started once");
    let world = universe.world();
    abort_on_panic();
    let code = exit_code(&world, flags(&world).and_then(|args| program(&universe, &args)));
    let _ = panic::take_hook(); // from here on there is no MPI left to abort
    drop(universe); // MPI_Finalize: waits for the other ranks
    if code != ExitCode::SUCCESS {
        // Rank 0 ends last: srun kills those that still run, and then its status would be theirs.
        thread::sleep(Duration::from_millis(300));
    }
    code
}

/// Reads the flags, on every rank. A bad one, and `--help`, is printed by rank 0 alone.
///
/// It also warns if the launcher started N processes but MPI sees a world of another size.
///
/// # Errors
/// One that [`exit_code`] turns into the right status on every rank.
pub fn flags<Args: clap::Parser>(world: &SimpleCommunicator) -> Result<Args> {
    let variable = |name: &str| std::env::var(name).ok();
    if let Some(warning) = wrong_launcher(variable, world.size(), &library_name()) {
        eprintln!("{}", cli::wrapped(&warning));
    }
    cli::try_parse().map_err(|error| match error.downcast::<clap::Error>() {
        Err(refusal) => found_by_all(refusal.to_string()),
        Ok(help) => {
            if world.rank() == ROOT {
                let _ = help.print();
            }
            anyhow::Error::msg(FoundByAll(0, String::new()))
        }
    })
}

/// Turns what this rank did into its exit status. An error of one rank ends all of them.
pub fn exit_code(world: &SimpleCommunicator, result: Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    match error.downcast::<FoundByAll>() {
        Ok(_) if world.rank() != ROOT => ExitCode::SUCCESS, // rank 0 speaks, and fails, for all
        Ok(FoundByAll(2, line)) => cli::exit_code(Err(misuse(line))),
        Ok(FoundByAll(0, _)) => ExitCode::SUCCESS,
        Ok(FoundByAll(status, line)) => {
            println!("{}", cli::wrapped(&line));
            ExitCode::from(status)
        }
        Err(error) => {
            let status = if error.is::<Misuse>() { 2 } else { 1 };
            cli::exit_code(Err(error.context(format!("rank {}", world.rank()))));
            abort(world, status)
        }
    }
}

/// Makes a panic on any thread of this process end all ranks.
fn abort_on_panic() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic); // first: where standard output cannot be written, this ends the process
        abort(&SimpleCommunicator::world(), 1);
    }));
}

/// Ends all ranks, once the launcher has had the time to read what this one printed: MPICH's
/// kills its own helpers so fast that the message is lost with them, in one job of twenty.
fn abort(world: &SimpleCommunicator, status: i32) -> ! {
    thread::sleep(Duration::from_millis(100));
    world.abort(status)
}

/// The exit status that every rank finds by itself, and why, so that rank 0 can speak for all.
#[derive(Debug)]
struct FoundByAll(u8, String);

impl fmt::Display for FoundByAll {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.1)
    }
}

/// A refusal that every rank comes to by itself: one line, from rank 0.
pub(crate) fn found_by_all(line: impl Into<String>) -> anyhow::Error {
    anyhow::Error::msg(FoundByAll(2, line.into()))
}

/// The end of a run that is to be started again: status 75, `EX_TEMPFAIL` of `sysexits.h`.
pub(crate) fn suspended(step: u64, last: u64) -> anyhow::Error {
    let line = format!("Told to end: step {step} of {last} is saved. Start it again to go on.");
    anyhow::Error::msg(FoundByAll(75, line))
}

/// What rank 0 found for all: where it is an error, no rank goes on. Every rank calls this.
pub(crate) fn agreed<T>(world: &SimpleCommunicator, found: Result<T>) -> Result<T> {
    let mut refused = found.is_err();
    world.process_at_rank(ROOT).broadcast_into(&mut refused);
    let found = found.map_err(|error| found_by_all(format!("{error:#}")))?;
    if refused { Err(found_by_all("")) } else { Ok(found) }
}

/// The first line of what the MPI library says about itself, such as `Open MPI v4.1.4`.
fn library_name() -> String {
    let text = library_version().unwrap_or_default();
    let name = text.split([',', '\n', '\0']).next().unwrap_or_default();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A launcher's name, and the variables in which it tells a process its number and how many it has
/// started; the first whose variables are set speaks. Slurm comes last: an `mpirun` inside a job knows
/// better than the job.
const LAUNCHERS: [(&str, &str, &str); 4] = [
    ("Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MPICH's mpirun or a PMI launcher", "PMI_RANK", "PMI_SIZE"),
    ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ("Slurm", "SLURM_PROCID", "SLURM_NTASKS"),
];

/// A warning if the launcher has started more processes, or fewer, than there are in MPI's world: each
/// is alone then. One of them warns.
fn wrong_launcher(
    variable: impl Fn(&str) -> Option<String>,
    world: Rank,
    library: &str,
) -> Option<String> {
    let number = |name| variable(name)?.trim().parse::<Rank>().ok();
    let told = |(name, rank, size)| Some((name, number(rank)?, number(size)?));
    let (name, rank, size) = LAUNCHERS.into_iter().find_map(told)?;
    let cure = match name {
        "srun" => "try srun --mpi=pmix (srun --mpi=list shows what there is)",
        "Slurm" => "start it with srun or mpirun",
        _ => {
            "use the mpirun of that library, or rebuild for this one: cargo clean --release \
             -p mpi-sys, then build with MPICC set (scripts/setup.sh --check shows both)"
        }
    };
    (rank == ROOT && size != world).then(|| {
        format!(
            "warning: {name} started {size} processes, but {library}, which this program is built \
             with, sees a world of {world}; {cure}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(variables: &[(&str, &str)], world: Rank) -> Option<String> {
        let value =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        wrong_launcher(value, world, "MPICH 4.0.2")
    }

    #[test]
    fn every_launcher_is_told_by_the_first_of_its_processes_alone() {
        for (name, rank, size) in LAUNCHERS {
            let line = warning(&[(rank, "0"), (size, "4")], 1).unwrap();
            assert!(
                line.contains(&format!("{name} started 4 processes, but MPICH 4.0.2")),
                "{line}"
            );
            assert!(line.contains("a world of 1"), "{line}");
            assert_eq!(warning(&[(rank, "1"), (size, "4")], 1), None);
            assert_eq!(warning(&[(rank, "0"), (size, "4")], 4), None);
        }
        assert_eq!(warning(&[], 1), None);
    }

    #[test]
    fn an_mpirun_inside_a_slurm_job_knows_better_than_the_job() {
        let job = [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "16")];
        let mpirun = [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(warning(&[job, mpirun].concat(), 2), None);
    }
}
