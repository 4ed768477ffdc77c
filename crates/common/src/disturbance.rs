//! How long the threads of this process waited for a core: what tells noise from truth.
//!
//! A program that others disturb takes longer, and its times look like any others. But Linux counts,
//! for every thread, how long it was ready to run and had no core to run on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use crate::{plural, usable_cpus};

/// A thread that waited for a smaller share of the time was not disturbed.
const NOTABLE: f64 = 0.1;

const OTHERS: &str = "other programs run here, so these times are too long";
const UNKNOWN: &str = "This system does not count how long threads wait for a core: \
                       whether other programs disturbed these times is not known.";

/// To wake a core that sleeps takes up to a tenth of a millisecond (on a virtual machine) and counts as
/// waiting, too; another program keeps a core for a millisecond and longer.
const WAKING: Duration = Duration::from_micros(200);

/// Watches the threads of this process from its start on.
#[derive(Debug)]
pub struct Watch {
    start: Instant,
    waits: BTreeMap<OsString, [u64; 2]>,
}

impl Watch {
    /// Starts to watch.
    pub fn start() -> Self {
        Self { start: Instant::now(), waits: waits() }
    }

    /// What happened since the start.
    pub fn end(&self) -> Disturbance {
        let ns = self.start.elapsed().as_nanos() as f64;
        let waited = |(thread, [ns, waits]): (OsString, [u64; 2])| {
            let [ns_before, waits_before] = self.waits.get(&thread).copied().unwrap_or_default();
            let waking = WAKING.as_nanos() as u64 * waits.saturating_sub(waits_before);
            ns.saturating_sub(ns_before).saturating_sub(waking)
        };
        let longest = waits().into_iter().map(waited).max();
        Disturbance { waited: longest.map(|waited| (waited as f64 / ns).min(1.0)) }
    }
}

/// What kept the threads of this process from running, for some time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Disturbance {
    /// The share of that time for which the thread that waited longest waited for a core. None where
    /// the system does not count it.
    pub waited: Option<f64>,
}

impl Disturbance {
    /// Whether it made the times longer, as far as the system can tell.
    pub fn is_notable(&self) -> bool {
        self.waited.is_some_and(|share| share >= NOTABLE)
    }

    /// Whether they waited for a quarter of the time or more, so that even what was measured undisturbed is
    /// not to be trusted.
    pub fn is_heavy(&self) -> bool {
        self.waited.is_some_and(|share| share >= 0.25)
    }

    /// A sentence to print beside the times of so many workers (threads of this process), if they are
    /// too long, or if nobody can tell.
    pub fn sentence(&self, workers: usize) -> Option<String> {
        if workers <= usable_cpus() {
            return self.words("", OTHERS);
        }
        let (workers, cpus) = (plural(workers, "worker"), plural(usable_cpus(), "CPU"));
        self.words("", &format!("{workers} share {cpus}, so they wait for each other"))
    }

    /// The same for a process on `host` that shares its CPUs with no other of this job.
    pub fn sentence_on(&self, host: &str) -> Option<String> {
        self.words(&format!(" on {host}"), OTHERS)
    }

    fn words(&self, place: &str, why: &str) -> Option<String> {
        let Some(waited) = self.waited else { return Some(UNKNOWN.to_string()) };
        let time = format!("{:.0} % of the time{place}", 100.0 * waited);
        self.is_notable().then(|| format!("The threads waited for a core {time}: {why}."))
    }
}

/// The nanoseconds for which each thread of this process has waited for a core so far, and how many times:
/// the last numbers of its schedstat (Linux, Documentation/scheduler/sched-stats). Empty elsewhere.
fn waits() -> BTreeMap<OsString, [u64; 2]> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let wait = |task: fs::DirEntry| {
        let counts = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let counts: Vec<u64> = counts.split_whitespace().flat_map(str::parse).collect();
        Some((task.file_name(), counts.get(1..3)?.try_into().ok()?))
    };
    tasks.filter_map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_cause_of_waiting_has_its_own_sentence() {
        let seen = |waited: Option<f64>| Disturbance { waited };
        let sentence = |waited, workers| seen(waited).sentence(workers);
        assert_eq!(sentence(Some(0.01), 1), None);
        let others = sentence(Some(0.42), 1).unwrap();
        assert!(others.contains("42 % of the time: other programs run here"), "{others}");
        let each_other = sentence(Some(0.42), 1024).unwrap();
        assert!(each_other.contains("1024 workers share"), "{each_other}");
        assert!(sentence(None, 1).unwrap().contains("not known"));
        let far = seen(Some(0.42)).sentence_on("node2").unwrap();
        assert!(far.contains("42 % of the time on node2: other programs"), "{far}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn threads_that_share_cores_are_seen_waiting_and_one_that_sleeps_is_not() {
        let watch = Watch::start();
        std::thread::sleep(Duration::from_millis(50));
        assert!(watch.end().waited.is_some());
        let busy = |_| {
            let end = Instant::now() + Duration::from_millis(300);
            std::thread::spawn(move || while Instant::now() < end {})
        };
        let watch = Watch::start();
        let threads: Vec<_> = (0..4 * usable_cpus()).map(busy).collect();
        std::thread::sleep(Duration::from_millis(200));
        let seen = watch.end();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(seen.waited.unwrap() > 0.3 && seen.is_notable(), "{seen:?}");
    }
}
