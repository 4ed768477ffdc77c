//! The command lines of level 2. A doc comment here is what `--help` prints.

use std::path::PathBuf;

use cli::{RunFlags, count};

use crate::Kernel;

/// Level 2: many copies of one program, each with a rank of its own.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct NoArgs {}

/// Level 2: many copies of one program, each with a rank of its own.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct HelloArgs {
    /// Say also which CPUs each rank may use
    #[arg(long)]
    pub cores: bool,
}

/// Level 2: pi by many ranks, each with its own slice of the rectangles under 4 / (1 + x^2).
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct PiArgs {
    /// How many rectangles cover the range from 0 to 1, all ranks together.
    #[arg(long, value_name = "N", default_value = "10_000_000", value_parser = count(1..=1_000_000_000_000))]
    pub rectangles: u64,

    /// How often the whole computation is repeated; best and median are reported.
    #[arg(long, value_name = "N", default_value = "100", value_parser = count(1..=1_000_000))]
    pub passes: u64,

    /// Where one rank leaves its time, and many ranks find it.
    #[arg(long, value_name = "FILE", default_value = "baseline_time.txt")]
    pub baseline: PathBuf,

    /// The loop that adds up a slice.
    #[arg(long, value_enum, default_value = "lanes")]
    pub kernel: Kernel,

    /// Measure what a message costs, and forecast 1 to 1,024 ranks (needs two ranks or more)
    #[arg(long)]
    pub forecast: bool,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Level 2: heat spreads over a square plate; neighbouring ranks exchange rows in every step.
#[derive(Debug, Clone, clap::Parser)]
#[command(version)]
pub struct HeatArgs {
    /// Rows, and columns, of the plate.
    #[arg(long, value_name = "N", default_value = "500", value_parser = count(1..=20_000))]
    pub size: u64,

    /// How many time steps.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = count(1..=10_000_000))]
    pub steps: u64,

    /// Measure what a message costs, and forecast 1 to 1,024 ranks (needs two ranks or more)
    #[arg(long)]
    pub forecast: bool,

    /// Save the plate in FILE; started again, the run goes on from there, with any number of ranks
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,

    /// How often it is saved.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = count(0..=86_400))]
    pub every: u64,

    /// Where one rank leaves its time, and many ranks find it.
    #[arg(long, value_name = "FILE", default_value = "baseline_heat.txt")]
    pub baseline: PathBuf,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

impl HeatArgs {
    /// The same for one of several simulations, which has a checkpoint of its own: `FILE.name`.
    pub fn named(&self, name: &str) -> Self {
        let checkpoint = self.checkpoint.as_ref().map(|file| file.with_added_extension(name));
        Self { checkpoint, ..self.clone() }
    }
}

/// Level 2: heat again, computing while the rows travel, against waiting for them.
#[derive(Debug, clap::Parser)]
#[command(version, mut_arg("baseline", |arg| arg.default_value("baseline_overlap.txt")))]
pub struct OverlapArgs {
    /// Those of heat.
    #[command(flatten)]
    pub heat: HeatArgs,
}
