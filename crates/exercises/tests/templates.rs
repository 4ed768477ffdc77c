//! Does what the head of each template says, in a project of its own outside this workspace.
//!
//! Three things differ: the project takes the versions that this workspace is tested with, it is
//! built without `--release` (a third of the time), and `mpirun` is `scripts/mpirun.sh`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use testkit::{Folder, program, repository, run_within};

/// Types the commands at the head of a template and returns what its program printed.
fn follow(template: &str) -> String {
    let workshop = repository();
    let source = std::fs::read_to_string(workshop.join("examples").join(template)).unwrap();
    assert!(source.lines().count() < 30, "{template} is longer than a screen");
    let head = source.lines().map_while(|line| line.strip_prefix("//!"));
    let commands = head.skip_while(|line| *line != " ```text").skip(1);
    let commands: Vec<&str> = commands.take_while(|line| *line != " ```").collect();
    assert!(commands.len() >= 3, "{template} has no commands at its head");

    let folder = Folder::new();
    // Kept between runs, beside what cargo builds for this workspace.
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap().join("templates");
    let (shown, target_shown) = (workshop.display().to_string(), target.display());
    let script = commands
        .join("\n")
        .replace("WORKSHOP", &shown)
        .replace("&& cd mine", &format!("&& cd mine && cp {shown}/Cargo.lock ."))
        .replace("--release", "")
        .replace("target/release", &format!("{target_shown}/debug"))
        .replace("mpirun", &format!("{shown}/scripts/mpirun.sh"));
    let mut bash = program("bash");
    bash.args(["-euc", &script]).current_dir(folder.path());
    bash.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_DEV_DEBUG", "0");
    bash.env("SLURM_CPUS_PER_TASK", "2");
    run_within(Duration::from_secs(900), &mut bash).succeeded().stdout
}

#[test]
fn the_template_of_level_1_works_in_a_project_of_its_own() {
    let printed = follow("template_cores.rs");
    assert!(printed.contains("2 workers (SLURM_CPUS_PER_TASK), 1000000 values"), "{printed}");
}

#[test]
fn the_template_with_a_table_works_in_a_project_of_its_own() {
    let printed = follow("template_table.rs");
    assert!(printed.contains("3 days, mean 0.50 to 4.00 (95 %)"), "{printed}");
}

#[test]
fn the_template_of_level_2_works_in_a_project_of_its_own() {
    let printed = follow("template_mpi.rs");
    let sums: Vec<_> = printed.lines().filter_map(|line| line.split(" of ").last()).collect();
    assert_eq!(sums, ["666666166.459"; 4], "{printed}");
}

#[test]
fn the_template_of_level_3_works_in_a_project_of_its_own() {
    let printed = follow("template_gpu.rs");
    for found in ["1.000", "-2.000", "3.000"] {
        assert!(printed.contains(found), "{printed}");
    }
}
