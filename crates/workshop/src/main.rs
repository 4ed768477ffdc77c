//! `cargo workshop VERB`: everything around the lessons. `cargo workshop --help` names the verbs.

use std::process::ExitCode;

use workshop::chart::ChartArgs;
use workshop::compare::CompareArgs;
use workshop::demo::DemoArgs;
use workshop::merge::MergeArgs;
use workshop::present::PresentArgs;
use workshop::record::RecordArgs;
use workshop::scaling::ScalingArgs;
use workshop::truth::TruthArgs;

/// Everything around the lessons: it starts them as programs and reads their records
#[derive(clap::Parser)]
#[command(version, bin_name = "cargo workshop")]
enum Verb {
    Demo(DemoArgs),
    Present(PresentArgs),
    Record(RecordArgs),
    Scaling(ScalingArgs),
    Merge(MergeArgs),
    Compare(CompareArgs),
    Chart(ChartArgs),
    Truth(TruthArgs),
}

fn main() -> ExitCode {
    cli::exit_code(cli::parse().and_then(|verb| match verb {
        Verb::Demo(args) => args.run(),
        Verb::Present(args) => args.run(),
        Verb::Record(args) => args.run(),
        Verb::Scaling(args) => args.run(),
        Verb::Merge(args) => args.run(),
        Verb::Compare(args) => args.run(),
        Verb::Chart(args) => args.run(),
        Verb::Truth(args) => args.run(),
    }))
}
