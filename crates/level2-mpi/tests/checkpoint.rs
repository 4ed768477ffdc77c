//! Heat and overlap: killed, and back.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use level2_mpi::{Plate, fingerprint};
use support::{machine, ranks};
use testkit::{Ended, Folder, run, run_within};

fn job(number: u32, name: &str, steps: u64, file: &str) -> Command {
    let steps = steps.to_string();
    ranks(number, name, &["--size", "700", "--steps", &steps, "--checkpoint", file])
}

/// Starts a job, whose ranks have begun when this returns.
fn begun(mut job: Command, file: &str) -> Child {
    let mut begun = job.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(file, &mut begun);
    begun
}

fn wait_for(file: &str, job: &mut Child) {
    while !Path::new(file).exists() && job.try_wait().unwrap().is_none() {
        sleep(Duration::from_micros(100));
    }
}

/// The ranks: what the launcher has started, and has started nothing itself.
fn ranks_of(process: u32) -> Vec<String> {
    let children = run(Command::new("pgrep").args(["-P", &process.to_string()])).stdout;
    let ranks: Vec<_> = children.lines().flat_map(|id| ranks_of(id.parse().unwrap())).collect();
    if ranks.is_empty() { vec![process.to_string()] } else { ranks }
}

fn signal(name: &str, ranks: Vec<String>) {
    run(Command::new("kill").arg(name).args(ranks));
}

/// Fails the test unless the run of so many steps ended well, with the plate of one that nobody disturbed.
#[track_caller]
fn undisturbed(job: Ended, steps: u64) -> String {
    let mut plate = Plate::new(700, 0..700);
    (0..steps).for_each(|_| plate.update());
    let job = job.succeeded();
    let expected = format!("{:016x} ", fingerprint(&plate.cells()));
    assert!(job.line("fingerprint").starts_with(&expected), "{}", job.stdout);
    job.stdout
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

#[test]
fn killed_at_any_moment_and_started_again_with_other_ranks_it_ends_with_the_same_plate() {
    let rounds = std::env::var("KILLS").map_or(4, |number| number.parse().unwrap());
    let (mut killed, mut writing, mut went_on) = (0, 0, 0);
    while killed < rounds {
        let (folder, _alone) = (Folder::new(), machine());
        let [file, part] = ["plate", "plate.part"].map(|name| folder.file(name));
        let first = random(4) as u32;
        let other = (first + 1 + random(3) as u32) % 4;
        let mut doomed = job(first + 1, "level2_heat", 300, &file);
        doomed.args(["--every", "0"]);
        let mut doomed = begun(doomed, &file);
        let ranks = ranks_of(doomed.id());
        sleep(Duration::from_millis(random(700)));
        if killed % 2 == 0 {
            wait_for(&part, &mut doomed);
            sleep(Duration::from_micros(random(3000)));
        }
        signal("-KILL", ranks);
        killed += i32::from(!doomed.wait().unwrap().success());
        writing += i32::from(Path::new(&part).exists());
        let back = undisturbed(run(&mut job(other + 1, "level2_heat", 300, &file)), 300);
        went_on += i32::from(back.contains("going on"));
    }
    println!("{killed} killed, {writing} while they wrote; {went_on} went on from a checkpoint");
}

/// As the ranks of a run whose launcher was killed, which live a moment longer than it.
#[test]
fn a_run_that_still_saves_into_the_file_is_no_obstacle_to_the_next() {
    for _ in 0..4 {
        let (folder, _alone) = (Folder::new(), machine());
        let file = folder.file("plate");
        let start = |ranks| {
            let mut job = job(ranks, "level2_heat", 10_000, &file);
            job.args(["--every", "0"]);
            job
        };
        let mut first = begun(start(2), &file);
        sleep(Duration::from_millis(random(300)));
        let second = run_within(Duration::from_secs(600), &mut start(1)); // a busy machine needs minutes
        undisturbed(second, 10_000);
        signal("-KILL", ranks_of(first.id()));
        first.wait().unwrap();
    }
}

#[test]
fn told_to_end_it_saves_and_ends_with_75_and_once_finished_it_is_done_at_once() {
    for (name, first_file) in [("level2_heat", ""), ("level2_overlap", ".blocking")] {
        let (folder, _alone) = (Folder::new(), machine());
        let file = folder.file("plate");
        let told = begun(job(2, name, 1_000_000, &file), &format!("{file}{first_file}"));
        signal("-USR1", ranks_of(told.id()));
        let told = Ended::from(told.wait_with_output().unwrap());
        assert_eq!(told.status, 75, "{}{}", told.stdout, told.stderr);
        let (step, rest) = told.line("Told to end: step").split_once(' ').unwrap();
        assert!(rest.starts_with("of 1000000 is saved"), "{}", told.stdout);
        let last = step.parse::<u64>().unwrap() + 100;
        let back = undisturbed(run(&mut job(3, name, last, &file)), last);
        assert!(back.contains("going on") && back.contains("this is a part of a run"), "{back}");
        let done = undisturbed(run(&mut job(1, name, last, &file)), last);
        assert!(done.contains("nothing is left to do") && !done.contains("take"), "{done}");
    }
}

#[test]
fn what_is_not_a_whole_checkpoint_of_this_plate_is_refused_and_left_alone() {
    let (folder, _alone) = (Folder::new(), machine());
    let file = folder.file("plate");
    let start = |size: &str, steps: &str, file: &str| {
        let flags = ["--size", size, "--steps", steps, "--checkpoint", file];
        run(&mut ranks(2, "level2_heat", &flags))
    };
    start("50", "40", &file).succeeded();
    let whole = fs::read(&file).unwrap();
    let turned = |at: usize| [&whole[..at], &[whole[at] ^ 1], &whole[at + 1..]].concat();
    let broken = "is not a checkpoint of a plate, or damaged, or cut short";
    for (bytes, size, steps, why) in [
        (whole.clone(), "51", "40", "holds 50 x 50 cells at step 40"),
        (whole.clone(), "50", "39", "ends at --steps 39"),
        (whole[..whole.len() - 4096].to_vec(), "50", "40", broken),
        (turned(16), "50", "40", broken),              // the step
        (turned(49 * 4096 + 100), "50", "40", broken), // a cell of rank 1
        (b"my thesis".to_vec(), "50", "40", broken),
    ] {
        fs::write(&file, &bytes).unwrap();
        start(size, steps, &file).failed(2, &[&file, why]);
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    start("50", "40", "/no/such/folder/plate").failed(2, &["cannot write /no/such/folder/plate"]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_and_the_run_goes_on() {
    let (folder, _alone) = (Folder::new(), machine());
    let file = folder.file("lost/plate");
    fs::create_dir(folder.file("lost")).unwrap();
    let going = begun(job(2, "level2_heat", 3000, &file), &file);
    fs::remove_dir_all(folder.file("lost")).unwrap();
    let ended = Ended::from(going.wait_with_output().unwrap());
    let warning = format!("warning: step 3000 is not saved: cannot write {file}: No such file");
    assert_eq!(ended.stderr.matches(&warning).count(), 1, "{}", ended.stderr);
    undisturbed(ended, 3000);
}
