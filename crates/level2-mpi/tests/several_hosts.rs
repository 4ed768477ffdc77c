//! The examples on four hosts with a network between them, made by `scripts/pretend-hosts.sh`.
//! The same binaries, unchanged. It needs root: `scripts/test.sh hosts` runs it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Folder, Job, example, run, script};

const HOSTS: u32 = 4;
/// What MPICH waits for hosts that are gone; long enough for a slow network on a busy machine.
const LIMIT_S: &str = "50";

/// One set of hosts at a time.
static NETWORK: Mutex<()> = Mutex::new(());

/// Four hosts, removed at the end.
struct Hosts {
    folder: Folder,
    _alone: MutexGuard<'static, ()>,
}

impl Hosts {
    fn up(test: &str) -> Self {
        Self::with_network(test, &[])
    }

    /// Hosts whose network is slow on purpose: so slow that a busy machine adds little to it.
    fn far_apart(test: &str) -> Self {
        Self::with_network(test, &["--latency", "20ms"])
    }

    fn with_network(test: &str, network: &[&str]) -> Self {
        let alone = NETWORK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let hosts = Self { folder: Folder::new(test), _alone: alone };
        run(hosts.command().args(["up", &HOSTS.to_string()]).args(network)).ended_well();
        hosts
    }

    fn command(&self) -> Command {
        let mut command = Command::new(script("pretend-hosts.sh"));
        command.env("PRETEND_HOSTS_DIR", self.folder.file("hosts"));
        command
    }

    /// One rank on each host.
    fn mpirun(&self, program: &str, args: &[&str]) -> Job {
        let one_each: &[&str] = if is_mpich() { &["-ppn", "1"] } else { &["--map-by", "node"] };
        run(self
            .command()
            .args(["mpirun", "-n", &HOSTS.to_string()])
            .args(one_each)
            .arg(example(program))
            .args(args)
            // MPICH does not ask whether its hosts are still there: its time limit must do.
            .env("MPIEXEC_TIMEOUT", LIMIT_S))
    }

    /// Runs heat for 40 steps with a forecast, and returns the results in its record.
    fn heat(&self, size: &str, exchange: &str) -> Value {
        let (records, baseline) = (self.folder.file("heat.jsonl"), self.folder.file("heat.txt"));
        let args = ["--size", size, "--steps", "40", "--exchange", exchange, "--forecast"];
        let files = ["--json", &records, "--baseline", &baseline];
        self.mpirun("level2_heat", &[&args[..], &files].concat()).ended_well();
        let text = std::fs::read_to_string(&records).unwrap();
        let record: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        record["results"].clone()
    }

    /// Runs a shell command on a host and returns what it printed.
    fn on(&self, host: &str, shell: &str) -> String {
        let output = self.command().args(["exec", host, "sh", "-c", shell]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The bytes that a host has received over its network interface.
    fn received(&self, host: &str) -> u64 {
        let counters = self.on(host, "cat /proc/net/dev");
        let line = counters.lines().find_map(|line| line.trim().strip_prefix("eth0:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Starts a long pi, does something to it after it has begun, and returns what mpirun said
    /// with the time from there to its end.
    fn disturb(&self, what: impl FnOnce()) -> (Job, Duration) {
        let baseline = self.folder.file("baseline.txt");
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
    let version = run(Command::new(script("mpirun.sh")).arg("--version"));
    version.stdout.contains("HYDRA")
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn every_rank_says_hello_from_another_host() {
    let hosts = Hosts::up("hello");
    let job = hosts.mpirun("level2_hello", &[]).ended_well();
    let mut names: Vec<&str> =
        job.stdout.lines().filter_map(|line| line.split(" on ").nth(1)).collect();
    names.sort_unstable();
    assert_eq!(names, ["node1", "node2", "node3", "node4"], "{}", job.stdout);
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn four_hosts_find_the_pi_of_one_and_the_plate_of_one() {
    let hosts = Hosts::up("same");
    let baseline = hosts.folder.file("baseline.txt");
    let pi = ["--passes", "3", "--baseline", &baseline];
    let far = hosts.mpirun("level2_pi", &pi).ended_well();
    let near = support::mpirun(HOSTS, "level2_pi", &pi).ended_well();
    assert!(far.stdout.contains("4 ranks on 4 hosts"), "{}", far.stdout);
    assert!(near.stdout.contains("4 ranks on 1 host"), "{}", near.stdout);
    // The order in which the partial sums are added may differ, and so the last digit.
    let digits = |job: &Job| job.line("pi").get(..14).unwrap().to_string();
    assert_eq!(digits(&far), "3.141592653589");
    assert_eq!(digits(&far), digits(&near));

    let before = hosts.received("node2");
    let heat = ["--size", "500", "--steps", "100", "--baseline", &baseline];
    let far = hosts.mpirun("level2_heat", &heat).ended_well();
    let received = hosts.received("node2") - before;
    let near = support::mpirun(HOSTS, "level2_heat", &heat).ended_well();
    assert_eq!(far.line("fingerprint"), near.line("fingerprint"));
    // In every step node2 gets a row from node1 and one from node3.
    let rows = 100 * 2 * 500 * 8;
    assert!(received > rows, "node2 received {received} bytes, the rows alone are {rows}");
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn a_rank_killed_mid_run_ends_the_job_with_a_message() {
    let hosts = Hosts::up("killed");
    let kill = "for p in $(pgrep -x level2_pi); do \
                [ $(readlink /proc/$p/ns/net) = $(readlink /proc/self/ns/net) ] && kill -KILL $p; done";
    let (job, elapsed) = hosts.disturb(|| {
        hosts.on("node2", kill);
    });
    assert_ne!(job.status, 0);
    let said = job.stdout + &job.stderr;
    assert!(said.contains("node2"), "{said}");
    assert!(said.contains("signal 9") || said.contains("EXIT CODE: 9"), "{said}");
    assert!(elapsed < Duration::from_secs(60), "{elapsed:?}");
}

#[test]
#[ignore = "needs root: scripts/test.sh hosts"]
fn a_link_cut_mid_run_ends_the_job_with_a_message() {
    let hosts = Hosts::up("cut");
    let (job, elapsed) = hosts.disturb(|| {
        run_now(hosts.command().args(["cut", "node2"]));
    });
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
    let attempts: Vec<(f64, f64)> = (0..5)
        .scan(false, |done, _| {
            let attempt = (!*done).then(&what)?;
            *done = within_20_percent(&attempt);
            Some(attempt)
        })
        .collect();
    assert!(attempts.iter().any(within_20_percent), "found and expected: {attempts:?}");
}

fn within_20_percent(&(found, expected): &(f64, f64)) -> bool {
    (0.8..=1.2).contains(&(found / expected))
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_a_planted_latency_is_found_again() {
    let hosts = Hosts::far_apart("latency");
    in_one_of_five(|| {
        let found = hosts.heat("200", "blocking")["latency_s"].as_f64().unwrap();
        assert!(found >= 0.02, "no message is faster than the network: {found}");
        (found, 0.02)
    });
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_a_forecast_made_on_one_plate_holds_on_another() {
    let hosts = Hosts::far_apart("forecast");
    for exchange in ["blocking", "overlap"] {
        in_one_of_five(|| {
            // Weak scaling: with 4 ranks, a plate of twice the size.
            let small = hosts.heat("200", exchange);
            let row = small["forecast"].as_array().unwrap().iter().find(|row| row["ranks"] == 4);
            let forecast = row.unwrap()["weak_s"].as_f64().unwrap();
            let large = hosts.heat("400", exchange);
            (large["total_s"].as_f64().unwrap(), forecast)
        });
    }
}

#[test]
#[ignore = "measures time, needs root and a quiet machine: scripts/test.sh --all hosts"]
fn measured_overlap_beats_blocking_where_messages_take_long() {
    let hosts = Hosts::far_apart("overlap");
    let gains: Vec<f64> = (0..10)
        .map(|_| {
            let run = hosts.heat("200", "overlap");
            run["blocking_step_s"].as_f64().unwrap() / run["step_median_s"].as_f64().unwrap()
        })
        .collect();
    let won = gains.iter().filter(|gain| **gain > 1.0).count();
    assert!(won >= 9, "the model says 1.5 times as fast: {gains:.2?}");
}

/// Beside a job that is running.
fn run_now(command: &mut Command) {
    assert!(command.output().unwrap().status.success());
}
