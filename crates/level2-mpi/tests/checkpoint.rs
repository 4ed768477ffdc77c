//! Heat and overlap: killed, and back.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use level2_mpi::{Plate, fingerprint};
use support::{machine, ranks};
use testkit::{Ended, Folder, run};

/// Long enough to be killed.
const LONG: [&str; 4] = ["--size", "700", "--steps", "300"];
const SHORT: [&str; 4] = ["--size", "50", "--steps", "40"];

/// The beginning of a line of the report, as an undisturbed run has it.
fn undisturbed() -> String {
    let mut plate = Plate::new(700, 0..700);
    (0..300).for_each(|_| plate.update());
    format!("{:016x} ", fingerprint(&plate.cells()))
}

fn job(number: u32, name: &str, flags: [&str; 4], file: &str) -> Command {
    ranks(number, name, &[&flags[..], &["--checkpoint", file]].concat())
}

/// Starts a job of so many ranks, which have begun when this returns.
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

/// Sends a signal to the ranks: to what the launcher has started, and has started nothing itself.
fn signal(name: &str, process: u32) {
    let children = run(Command::new("pgrep").args(["-P", &process.to_string()])).stdout;
    match children.is_empty() {
        true => drop(run(Command::new("kill").args([name, &process.to_string()]))),
        false => children.lines().for_each(|child| signal(name, child.parse().unwrap())),
    }
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
        let mut always = job(first + 1, "level2_heat", LONG, &file);
        always.args(["--every", "0"]);
        let mut doomed = begun(always, &file);
        sleep(Duration::from_millis(random(800)));
        if killed % 2 == 0 {
            wait_for(&part, &mut doomed);
            sleep(Duration::from_micros(random(5000)));
        }
        signal("-KILL", doomed.id());
        killed += i32::from(!doomed.wait().unwrap().success());
        writing += i32::from(Path::new(&part).exists());
        let back = run(&mut job(other + 1, "level2_heat", LONG, &file)).succeeded();
        assert!(back.line("fingerprint").starts_with(&undisturbed()), "{}", back.stdout);
        went_on += i32::from(back.stdout.contains("going on"));
    }
    println!("{killed} killed, {writing} while they wrote; {went_on} went on from a checkpoint");
}

#[test]
fn told_to_end_it_saves_and_ends_with_75_and_once_finished_it_is_done_at_once() {
    for (name, first_file) in [("level2_heat", ""), ("level2_overlap", ".blocking")] {
        let (folder, _alone) = (Folder::new(), machine());
        let file = folder.file("plate");
        let first = begun(job(2, name, LONG, &file), &format!("{file}{first_file}"));
        signal("-USR1", first.id());
        let first = Ended::from(first.wait_with_output().unwrap());
        assert_eq!(first.status, 75, "{}{}", first.stdout, first.stderr);
        assert!(first.line("Told to end: step").contains("of 300 is saved"), "{}", first.stdout);
        for (ranks, said, judged) in
            [(3, "going on", "no speedup: this is a part"), (1, "nothing is left", "")]
        {
            let next = run(&mut job(ranks, name, LONG, &file)).succeeded();
            assert!(next.stdout.contains(said) && next.stdout.contains(judged), "{}", next.stdout);
            assert!(next.line("fingerprint").starts_with(&undisturbed()), "{}", next.stdout);
        }
    }
}

#[test]
fn what_is_not_a_whole_checkpoint_of_this_plate_is_refused_and_left_alone() {
    let (folder, _alone) = (Folder::new(), machine());
    let file = folder.file("plate");
    run(&mut job(2, "level2_heat", SHORT, &file)).succeeded();
    let whole = fs::read(&file).unwrap();
    let turned = |at: usize| [&whole[..at], &[whole[at] ^ 1], &whole[at + 1..]].concat();
    let broken = "is not a checkpoint of a plate, or damaged, or cut short";
    for (bytes, flags, why) in [
        (whole.clone(), ["--size", "51", "--steps", "40"], "holds 50 x 50 cells at step 40"),
        (whole.clone(), ["--size", "50", "--steps", "39"], "ends at --steps 39"),
        (whole[..whole.len() - 4096].to_vec(), SHORT, broken),
        (turned(16), SHORT, broken),              // the step
        (turned(49 * 4096 + 100), SHORT, broken), // a cell of rank 1
        (b"my thesis".to_vec(), SHORT, broken),
    ] {
        fs::write(&file, &bytes).unwrap();
        run(&mut job(2, "level2_heat", flags, &file)).failed(2, &[&file, why]);
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    let nowhere = "/no/such/folder/plate";
    run(&mut job(2, "level2_heat", SHORT, nowhere)).failed(2, &["cannot write", nowhere]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_and_the_run_goes_on() {
    let (folder, _alone) = (Folder::new(), machine());
    fs::create_dir(folder.file("lost")).unwrap();
    let file = folder.file("lost/plate");
    let going = begun(job(2, "level2_heat", LONG, &file), &file);
    fs::remove_dir_all(folder.file("lost")).unwrap();
    let ended = Ended::from(going.wait_with_output().unwrap()).succeeded();
    let warning = format!("warning: step 300 is not saved: cannot write {file}: No such file");
    assert_eq!(ended.stderr.matches(&warning).count(), 1, "{}", ended.stderr);
    assert!(ended.line("fingerprint").starts_with(&undisturbed()), "{}", ended.stdout);
}
