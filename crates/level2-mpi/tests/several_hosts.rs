//! The examples on four hosts with a network between them, made by `scripts/pretend-hosts.sh`.
//! The same binaries, unchanged. It needs root: `scripts/test.sh hosts` runs it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{machine, ranks};
use testkit::{Ended, Folder, example, program, records, repository, run};

const HOSTS: u32 = 4;
/// What MPICH waits for hosts that are gone; long enough for a slow network on a busy machine.
const LIMIT_S: &str = "50";

/// A network so slow that a busy machine adds little to it.
const FAR_APART: [&str; 2] = ["--latency", "20ms"];

/// Four hosts, removed at the end.
struct Hosts(Folder);

impl Hosts {
    fn up(network: &[&str]) -> Self {
        let hosts = Self(Folder::new());
        run(hosts.command().args(["up", &HOSTS.to_string()]).args(network)).succeeded();
        hosts
    }

    fn command(&self) -> Command {
        let mut command = program(repository().join("scripts/pretend-hosts.sh"));
        command.env("PRETEND_HOSTS_DIR", self.0.file("hosts"));
        command
    }

    /// One rank on each host.
    fn mpirun(&self, name: &str, args: &[&str]) -> Ended {
        let one_each: &[&str] = if is_mpich() { &["-ppn", "1"] } else { &["--map-by", "node"] };
        run(self
            .command()
            .args(["mpirun", "-n", &HOSTS.to_string()])
            .args(one_each)
            .arg(example(name).get_program())
            .args(args)
            // MPICH does not ask whether its hosts are still there: its time limit must do.
            .env("MPIEXEC_TIMEOUT", LIMIT_S))
    }

    /// Runs heat or overlap for 40 steps with a forecast, and returns the results in its record.
    fn heat(&self, name: &str, size: &str) -> Value {
        let (file, baseline) = (self.0.file("heat.jsonl"), self.0.file("heat.txt"));
        let args = ["--size", size, "--steps", "40", "--forecast"];
        let files = ["--json", &file, "--baseline", &baseline];
        self.mpirun(name, &[&args[..], &files].concat()).succeeded();
        records(&file).pop().unwrap()["results"].take()
    }

    /// Runs a shell command on a host and returns what it printed.
    fn on(&self, host: &str, shell: &str) -> String {
        run(self.command().args(["exec", host, "sh", "-c", shell])).stdout
    }

    /// The bytes that a host has received over its network interface.
    fn received(&self, host: &str) -> u64 {
        let counters = self.on(host, "cat /proc/net/dev");
        let line = counters.lines().find_map(|line| line.trim().strip_prefix("eth0:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Starts a long pi, does something to it after it has begun, and returns what mpirun said
    /// with the time from there to its end.
    fn disturb(&self, what: impl FnOnce()) -> (Ended, Duration) {
        let baseline = self.0.file("baseline.txt");
        let args = ["--passes", "1e6", "--baseline", &baseline];
        thread::scope(|scope| {
            let job = scope.spawn(|| self.mpirun("level2_pi", &args));
            let running = "pgrep -cx level2_pi";
            let begun = Instant::now();
            while self.on("node1", running).trim() != HOSTS.to_string() {
                assert!(begun.elapsed() < Duration::from_secs(30), "the ranks do not start");
                thread::sleep(Duration::from_millis(200));
            }
            thread::sleep(Duration::from_secs(2)); // past the start of MPI
            let disturbed = Instant::now();
            what();
            (job.join().unwrap(), disturbed.elapsed())
        })
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let _ = self.command().arg("down").status();
    }
}

fn is_mpich() -> bool {
    let mut version = program(repository().join("scripts/mpirun.sh"));
    run(version.arg("--version")).stdout.contains("HYDRA")
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn four_hosts_find_the_pi_of_one_and_the_plate_of_one() {
    let _alone = machine();
    let hosts = Hosts::up(&[]);
    let hello = hosts.mpirun("level2_hello", &[]).succeeded();
    for host in ["node1", "node2", "node3", "node4"] {
        assert!(hello.stdout.contains(&format!(" of 4 on {host}\n")), "{}", hello.stdout);
    }

    let here = |name: &str, args: &[&str]| run(&mut ranks(HOSTS, name, args)).succeeded();
    let baseline = hosts.0.file("baseline.txt");
    let pi = ["--passes", "3", "--baseline", &baseline];
    let far = hosts.mpirun("level2_pi", &pi).succeeded();
    let near = here("level2_pi", &pi);
    assert!(far.stdout.contains("4 ranks on 4 hosts"), "{}", far.stdout);
    assert!(near.stdout.contains("4 ranks on 1 host"), "{}", near.stdout);
    // The order in which the partial sums are added may differ, and so the last digit.
    for job in [far, near] {
        assert!(job.line("pi").starts_with("3.141592653589"), "{}", job.stdout);
    }

    let before = hosts.received("node2");
    let heat = ["--size", "500", "--steps", "100", "--baseline", &baseline];
    let far = hosts.mpirun("level2_heat", &heat).succeeded();
    let received = hosts.received("node2") - before;
    assert_eq!(far.line("fingerprint"), here("level2_heat", &heat).line("fingerprint"));
    // In every step node2 gets a row from node1 and one from node3.
    let rows = 100 * 2 * 500 * 8;
    assert!(received > rows, "node2 received {received} bytes, the rows alone are {rows}");
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn a_rank_killed_mid_run_ends_the_job_with_a_message() {
    let _alone = machine();
    let hosts = Hosts::up(&[]);
    let kill = "for p in $(pgrep -x level2_pi); do \
                [ $(readlink /proc/$p/ns/net) = $(readlink /proc/self/ns/net) ] && kill -KILL $p; done";
    let (job, elapsed) = hosts.disturb(|| drop(hosts.on("node2", kill)));
    assert_ne!(job.status, 0);
    let said = job.stdout + &job.stderr;
    assert!(said.contains("node2"), "{said}");
    assert!(said.contains("signal 9") || said.contains("EXIT CODE: 9"), "{said}");
    assert!(elapsed < Duration::from_secs(60), "{elapsed:?}");
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn a_link_cut_mid_run_ends_the_job_with_a_message() {
    let _alone = machine();
    let hosts = Hosts::up(&[]);
    let cut = || drop(run(hosts.command().args(["cut", "node2"])).succeeded());
    let (job, elapsed) = hosts.disturb(cut);
    assert_ne!(job.status, 0);
    let said = job.stdout + &job.stderr;
    if is_mpich() {
        assert!(said.to_lowercase().contains("timed out"), "{said}");
    } else {
        assert!(said.contains("lost communication") && said.contains("node2"), "{said}");
    }
    assert!(elapsed < Duration::from_secs(60), "{elapsed:?}");
}

/// What is measured may be disturbed by a busy machine, and never gets shorter by that: of several
/// attempts one must be right.
fn in_one_of_five(what: impl Fn() -> (f64, f64)) {
    let mut attempts = Vec::new();
    while attempts.len() < 5 {
        let (found, expected) = what();
        if (0.8..=1.2).contains(&(found / expected)) {
            return;
        }
        attempts.push((found, expected));
    }
    panic!("found and expected: {attempts:?}");
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_a_planted_latency_is_found_again() {
    let _alone = machine();
    let hosts = Hosts::up(&FAR_APART);
    in_one_of_five(|| {
        let found = hosts.heat("level2_heat", "200")["latency_s"].as_f64().unwrap();
        assert!(found >= 0.019, "no message is faster than the network: {found}");
        (found, 0.02)
    });
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_a_forecast_made_on_one_plate_holds_on_another() {
    let _alone = machine();
    let hosts = Hosts::up(&FAR_APART);
    for name in ["level2_heat", "level2_overlap"] {
        in_one_of_five(|| {
            // Weak scaling: with 4 ranks, a plate of twice the size.
            let small = hosts.heat(name, "200");
            let row = small["forecast"].as_array().unwrap().iter().find(|row| row["ranks"] == 4);
            let forecast = row.unwrap()["weak_s"].as_f64().unwrap();
            let large = hosts.heat(name, "400");
            (large["total_s"].as_f64().unwrap(), forecast)
        });
    }
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_overlap_beats_blocking_where_messages_take_long() {
    let _alone = machine();
    let hosts = Hosts::up(&FAR_APART);
    let gains: Vec<f64> = (0..10)
        .map(|_| {
            let run = hosts.heat("level2_overlap", "200");
            let seconds = |name: &str| run[name].as_f64().unwrap();
            seconds("blocking_step_s") / seconds("overlap_step_s")
        })
        .collect();
    let won = gains.iter().filter(|gain| **gain > 1.0).count();
    assert!(won >= 9, "the model says 1.5 times as fast: {gains:.2?}");
}
