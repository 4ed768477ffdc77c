//! `cargo workshop VERB`: everything around the lessons. `cargo workshop --help` names the verbs.

use std::process::ExitCode;

use workshop::{chart, compare, demo, merge, present, record, scaling, truth};

/// Everything around the lessons: it starts them as programs and reads their records
#[derive(clap::Parser)]
#[command(version, bin_name = "cargo workshop")]
enum Verb {
    Demo(demo::DemoArgs),
    Present(present::PresentArgs),
    Record(record::RecordArgs),
    Scaling(scaling::ScalingArgs),
    Merge(merge::MergeArgs),
    Compare(compare::CompareArgs),
    Chart(chart::ChartArgs),
    Truth(truth::TruthArgs),
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
