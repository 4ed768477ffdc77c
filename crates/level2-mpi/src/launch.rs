//! The safe start of a program of many ranks: one message for one fault, and no job that hangs.

use std::fmt;
use std::panic;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use cli::{Answer, Misuse, misuse};
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
pub fn launch<Args: clap::Parser>(program: fn(&Universe, &Args) -> anyhow::Result<()>) -> ExitCode {
    // Funneled: threads may compute, but only this one exchanges messages.
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        return cli::exit_code(Err(anyhow::anyhow!("MPI was started before launch()")));
    };
    let world = universe.world();
    abort_on_panic(world.rank());
    let code = exit_code(&world, flags(&world).and_then(|args| program(&universe, &args)));
    let _ = panic::take_hook(); // from here on there is no MPI left to abort
    drop(universe); // MPI_Finalize: waits for the other ranks
    code
}

/// Reads the flags, on every rank. A bad one, and `--help`, is printed by rank 0 alone.
///
/// It also warns if the launcher started N processes but MPI sees a world of another size.
///
/// # Errors
/// One that [`exit_code`] turns into the right status on every rank.
pub fn flags<Args: clap::Parser>(world: &SimpleCommunicator) -> anyhow::Result<Args> {
    let launcher = Launcher::from_variables(|name| std::env::var(name).ok());
    if launcher.rank.unwrap_or(world.rank()) == ROOT
        && let Some(warning) = launcher.mismatch(world.size(), &library_name())
    {
        eprintln!("{warning}");
    }
    cli::try_parse().map_err(|answer| match answer {
        Answer::Refusal(line) => found_by_all(line),
        Answer::Help(text) => {
            if world.rank() == ROOT {
                let _ = text.print();
            }
            anyhow::Error::new(FoundByAll(None))
        }
    })
}

/// Turns what this rank did into its exit status. An error of one rank ends all of them.
pub fn exit_code(world: &SimpleCommunicator, result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    match error.downcast::<FoundByAll>() {
        Ok(FoundByAll(None)) => ExitCode::SUCCESS,
        Ok(FoundByAll(Some(line))) if world.rank() == ROOT => cli::exit_code(Err(misuse(line))),
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            let status = if error.is::<Misuse>() { 2 } else { 1 };
            cli::exit_code(Err(error.context(format!("rank {}", world.rank()))));
            abort(world, status)
        }
    }
}

/// Makes a panic on any thread of this process end all ranks.
fn abort_on_panic(rank: Rank) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic); // first: where standard output cannot be written, this ends the process
        eprintln!("rank {rank} panicked and ends all ranks");
        abort(&SimpleCommunicator::world(), 1);
    }));
}

/// Ends all ranks, once the launcher has had the time to read what this one printed: MPICH's
/// kills its own helpers so fast that the message is lost with them, in one job of twenty.
pub fn abort(world: &SimpleCommunicator, status: i32) -> ! {
    thread::sleep(Duration::from_millis(100));
    world.abort(status)
}

/// What every rank finds by itself, so that rank 0 can speak for all: a refusal, or the help.
#[derive(Debug)]
struct FoundByAll(Option<String>);

impl fmt::Display for FoundByAll {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for FoundByAll {}

/// A refusal that every rank comes to by itself: one line, from rank 0.
pub(crate) fn found_by_all(line: String) -> anyhow::Error {
    anyhow::Error::new(FoundByAll(Some(line)))
}

/// The first line of what the MPI library says about itself, such as `Open MPI v4.1.4`.
fn library_name() -> String {
    let text = library_version().unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let name = line.split(',').next().unwrap_or_default();
    name.trim_end_matches('\0').split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the program that started this process says about it, in environment variables.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Launcher {
    /// Its name, for a message.
    name: &'static str,
    /// The number of this process.
    rank: Option<Rank>,
    /// How many it started.
    size: Option<Rank>,
}

/// Name, rank and size; the first whose rank is set speaks. Slurm comes last: an `mpirun` inside
/// a job knows better than the job.
const LAUNCHERS: [(&str, &str, &str); 4] = [
    ("Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MPICH's mpirun or a PMI launcher", "PMI_RANK", "PMI_SIZE"),
    ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ("Slurm", "SLURM_PROCID", "SLURM_NTASKS"),
];

impl Launcher {
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name| variable(name)?.trim().parse().ok();
        for (name, rank, size) in LAUNCHERS {
            if let (Some(rank), Some(size)) = (number(rank), number(size)) {
                return Self { name, rank: Some(rank), size: Some(size) };
            }
        }
        Self { rank: number("PMIX_RANK"), ..Self::default() }
    }

    /// The flags that give every rank a core of its own.
    pub(crate) fn a_core_each(&self) -> &'static str {
        match self.name {
            "srun" | "Slurm" => "srun -c 1 --cpu-bind=cores gives each a core of its own",
            "Open MPI's mpirun" => {
                "mpirun --map-by core --bind-to core gives each a core of its own"
            }
            _ => "mpirun -bind-to core gives each a core of its own",
        }
    }

    /// A warning if MPI sees a world of another size than the launcher started.
    fn mismatch(&self, world: Rank, library: &str) -> Option<String> {
        let started = self.size.filter(|&size| size != world)?;
        let cure = match self.name {
            "srun" => "try srun --mpi=pmix (srun --mpi=list shows what there is)",
            "Slurm" => "start it with srun or mpirun",
            _ => {
                "use the mpirun of that library, or rebuild for this one: cargo clean --release \
                 -p mpi-sys, then build with MPICC set (scripts/setup.sh --check shows both)"
            }
        };
        Some(format!(
            "warning: {} started {started} processes, but {library}, which this program is built \
             with, sees a world of {world}; {cure}",
            self.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launcher(variables: &[(&str, &str)]) -> Launcher {
        Launcher::from_variables(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn every_launcher_is_recognised() {
        for (name, rank, size) in LAUNCHERS {
            let found = launcher(&[(rank, "1"), (size, "4")]);
            assert_eq!(found, Launcher { name, rank: Some(1), size: Some(4) });
        }
        assert_eq!(launcher(&[("PMIX_RANK", "3")]).rank, Some(3));
        assert_eq!(launcher(&[]), Launcher::default());
    }

    #[test]
    fn an_mpirun_inside_a_slurm_job_knows_better_than_the_job() {
        let job = [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "16")];
        let mpirun = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")];
        let found = launcher(&[job, mpirun].concat());
        assert_eq!((found.rank, found.size), (Some(1), Some(2)));
    }

    #[test]
    fn a_world_of_one_under_a_launcher_of_four_is_told_with_its_cure() {
        let four = |name| Launcher { name, rank: Some(0), size: Some(4) };
        let warning = four("srun").mismatch(1, "MPICH 4.0.2").unwrap();
        assert!(warning.contains("started 4") && warning.contains("a world of 1"), "{warning}");
        assert!(warning.contains("--mpi=pmix"), "{warning}");
        let warning = four("Open MPI's mpirun").mismatch(1, "MPICH 4.0.2").unwrap();
        assert!(warning.contains("MPICH 4.0.2") && warning.contains("mpi-sys"), "{warning}");
        assert_eq!(four("srun").mismatch(4, "MPICH 4.0.2"), None);
    }

    #[test]
    fn without_a_launcher_a_world_of_one_is_right() {
        assert_eq!(launcher(&[]).mismatch(1, "Open MPI 4.1.4"), None);
    }
}
