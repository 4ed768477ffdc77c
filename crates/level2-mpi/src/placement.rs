//! On which hosts the ranks run, which CPUs they may use there, and whether they are in each
//! other's way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use common::{WORKERS_VARIABLE, plural};
use mpi::environment::processor_name;
use mpi::traits::*;

use crate::ROOT;
use crate::launch::Launcher;

/// Where the ranks of a world run.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// One for each rank, in their order.
    seats: Vec<Seat>,
}

/// Where one rank runs.
#[derive(Debug)]
struct Seat {
    host: String,
    /// The CPUs that the rank may use; none where that is unknown.
    cpus: BTreeSet<usize>,
    /// The CPUs that the host has.
    online: BTreeSet<usize>,
}

/// What one rank tells the others, in a buffer of fixed length.
const LENGTH: usize = 1024;

impl Placement {
    /// Asks every rank; every rank gets the answer.
    pub(crate) fn gather(world: &impl Communicator) -> Self {
        let host = processor_name().unwrap_or_default();
        let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
        let mut mine = format!("{host}\n{}\n{}", usable_cpus(), online.trim()).into_bytes();
        mine.resize(LENGTH, 0);
        let mut all = vec![0; LENGTH * world.size() as usize];
        world.all_gather_into(&mine[..], &mut all[..]);
        Self::from_texts(all.chunks(LENGTH).map(|text| String::from_utf8_lossy(text)))
    }

    fn from_texts(texts: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let seat = |text: &str| {
            let mut lines = text.trim_end_matches('\0').lines();
            let mut line = || lines.next().unwrap_or_default();
            let (host, cpus, online) = (line().to_string(), line(), line());
            Seat { host, cpus: parse_cpus(cpus), online: parse_cpus(online) }
        };
        Self { seats: texts.map(|text| seat(text.as_ref())).collect() }
    }

    /// The ranks' places, by host.
    fn by_host(&self) -> BTreeMap<&str, Vec<&Seat>> {
        let mut hosts = BTreeMap::<_, Vec<_>>::new();
        for seat in &self.seats {
            hosts.entry(seat.host.as_str()).or_default().push(seat);
        }
        hosts
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.by_host().len()
    }

    /// How many CPUs all ranks together may use; zero where that is unknown.
    pub(crate) fn cpus(&self) -> usize {
        self.by_host().values().map(|seats| union(seats).len()).sum()
    }

    /// The name of each rank's host, in the order of the ranks.
    pub(crate) fn host_of_each(&self) -> impl Iterator<Item = &str> {
        self.seats.iter().map(|seat| seat.host.as_str())
    }

    /// Ranks that have fewer CPUs than they are: on the fewest CPUs, if there are several such.
    pub(crate) fn crowd(&self) -> Option<Crowd> {
        let crowds = self.by_host().into_iter().flat_map(|(host, seats)| {
            let places: BTreeSet<_> =
                seats.iter().map(|seat| seat.cpus.clone()).chain([union(&seats)]).collect();
            let crowd = move |cpus: BTreeSet<usize>| {
                let within = |seat: &&&Seat| !seat.cpus.is_empty() && seat.cpus.is_subset(&cpus);
                let ranks = seats.iter().filter(within).count();
                let elsewhere = seats.len() - ranks;
                let mut free: BTreeSet<_> = seats[0].online.difference(&cpus).copied().collect();
                if free.len() <= elsewhere {
                    free.clear();
                }
                let confined = union(&seats) == cpus;
                let host = host.to_string();
                (ranks > cpus.len()).then_some(Crowd { host, ranks, cpus, free, confined })
            };
            places.into_iter().filter_map(crowd).collect::<Vec<_>>()
        });
        crowds.min_by_key(|crowd| crowd.cpus.len())
    }

    /// What is wrong with the places of the ranks, with the flag that helps. At most one warning.
    pub(crate) fn warning(&self) -> Option<String> {
        self.warning_with(|name| std::env::var(name).ok())
    }

    fn warning_with(&self, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let launcher = Launcher::from_variables(&variable);
        let in_a_job = variable("SLURM_JOB_ID").is_some();
        if let Some(crowd) = self.crowd() {
            let cure = match (crowd.free.is_empty(), crowd.confined, in_a_job) {
                (true, ..) => format!("start fewer: -n {}", crowd.cpus.len()),
                (_, true, true) => {
                    "ask Slurm for a CPU for each: --ntasks, --cpus-per-task=1".into()
                }
                (_, true, false) => {
                    format!("start them without taskset; {}", launcher.a_core_each())
                }
                (_, false, _) => launcher.a_core_each().into(),
            };
            return Some(format!("warning: {crowd}, so they take turns; {cure}"));
        }
        let wanted: usize = variable(WORKERS_VARIABLE)?.trim().parse().ok()?;
        if !in_a_job || wanted < 2 {
            return None;
        }
        let hosts = self.by_host();
        let short = hosts.iter().find(|(_, seats)| seats.len() * wanted > union(seats).len());
        Some(match short {
            Some((host, seats)) => format!(
                "warning: {} with {WORKERS_VARIABLE}={wanted} do not fit {} on {host}; \
                 srun -c {wanted} passes them on, and -n takes fewer ranks",
                plural(seats.len(), "rank"),
                plural(union(seats).len(), "CPU")
            ),
            None => format!(
                "warning: a rank computes on one CPU, and {WORKERS_VARIABLE} is {wanted}: the others \
                 idle; ask Slurm for --cpus-per-task=1 and {wanted} times as many --ntasks"
            ),
        })
    }
}

/// Rank 0 warns where ranks are in each other's way; every rank calls this.
pub fn warn_of_placement(world: &impl Communicator) {
    let warning = Placement::gather(world).warning();
    if let Some(warning) = warning.filter(|_| world.rank() == ROOT) {
        eprintln!("{}", cli::wrapped(&warning));
    }
}

/// More ranks than CPUs.
#[derive(Debug, PartialEq)]
pub(crate) struct Crowd {
    host: String,
    ranks: usize,
    cpus: BTreeSet<usize>,
    /// CPUs of the host that the other ranks there do not fill.
    free: BTreeSet<usize>,
    /// Whether no rank on the host may use another CPU.
    confined: bool,
}

/// `2 ranks share 1 CPU on vm, while CPU 1 idles`
impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { host, ranks, cpus, free, .. } = self;
        write!(f, "{ranks} ranks share {} on {host}", plural(cpus.len(), "CPU"))?;
        match free.len() {
            0 => Ok(()),
            1 => write!(f, ", while CPU {} has room", list(free)),
            _ => write!(f, ", while CPUs {} have room", list(free)),
        }
    }
}

/// The CPUs that any of these ranks may use.
fn union(seats: &[&Seat]) -> BTreeSet<usize> {
    seats.iter().flat_map(|seat| &seat.cpus).copied().collect()
}

/// The CPUs that this process may use, as Linux lists them (`0-3,8`); empty where it does not.
pub fn usable_cpus() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.unwrap_or_default().trim().to_string()
}

/// Reads such a list.
fn parse_cpus(list: &str) -> BTreeSet<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => first..last + 1,
            _ => 0..0,
        }
    };
    list.split(',').flat_map(range).collect()
}

/// Writes such a list.
fn list(cpus: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &cpu in cpus {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    let text = |&(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(texts: &[&str]) -> Placement {
        Placement::from_texts(texts.iter())
    }

    fn warning(texts: &[&str], variables: &[(&str, &str)]) -> Option<String> {
        placement(texts).warning_with(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string())
        })
    }

    const OPEN_MPI: [(&str, &str); 2] =
        [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2")];

    #[test]
    fn lists_of_cpus_are_read_and_written_as_linux_writes_them() {
        let text = "0-3,8,10-11";
        assert_eq!(parse_cpus(text).into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 8, 10, 11]);
        assert_eq!(list(&parse_cpus(text)), text);
        assert!(parse_cpus("").is_empty());
    }

    #[test]
    fn more_ranks_than_cpus_on_one_of_the_hosts_is_a_warning() {
        let crowded = ["a\n0-1\n0-1", "a\n0-1\n0-1", "b\n0\n0\0\0", "b\n0\n0\0\0"];
        let found = placement(&crowded);
        assert_eq!((found.hosts(), found.cpus()), (2, 3));
        let line = warning(&crowded, &OPEN_MPI).unwrap();
        assert!(line.contains("2 ranks share 1 CPU on b, so") && line.contains("-n 1"), "{line}");
        assert_eq!(warning(&["a\n0\n0-1", "a\n1\n0-1", "b\n0-7\n0-7"], &OPEN_MPI), None);
        assert_eq!(warning(&["a\n\n", "a\n\n"], &OPEN_MPI), None); // not Linux: unknown
    }

    #[test]
    fn ranks_on_one_core_beside_idle_ones_are_told_how_to_get_there() {
        let all_on_one = ["a\n0\n0-3", "a\n0\n0-3"];
        let line = warning(&all_on_one, &OPEN_MPI).unwrap();
        assert!(line.contains("share 1 CPU on a, while CPUs 1-3 have room"), "{line}");
        assert!(line.contains("without taskset"), "{line}");
        let line = warning(&all_on_one, &[("SLURM_JOB_ID", "7")]).unwrap();
        assert!(line.contains("--ntasks"), "{line}");

        // Two of three are bound to the same core, though the third shows that there are more.
        let badly_bound = ["a\n0\n0-3", "a\n0\n0-3", "a\n1\n0-3"];
        let line = warning(&badly_bound, &OPEN_MPI).unwrap();
        assert!(line.contains("2 ranks share 1 CPU") && line.contains("--bind-to core"), "{line}");
        let srun = [("SLURM_JOB_ID", "7"), ("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "3")];
        let line = warning(&badly_bound, &srun).unwrap();
        assert!(line.contains("srun") && line.contains("--cpu-bind=cores"), "{line}");
    }

    #[test]
    fn ranks_that_do_not_fit_slurms_cpus_per_task_are_told() {
        let job = |cpus| [("SLURM_JOB_ID", "7"), ("SLURM_CPUS_PER_TASK", cpus)];
        let line = warning(&["a\n0\n0-3", "a\n1\n0-3"], &job("4")).unwrap();
        assert!(line.contains("2 ranks with SLURM_CPUS_PER_TASK=4 do not fit 2 CPUs"), "{line}");
        assert!(line.contains("srun -c 4"), "{line}");
        let line = warning(&["a\n0-1\n0-3", "a\n2-3\n0-3"], &job("2")).unwrap();
        assert!(line.contains("--cpus-per-task=1"), "{line}");
        assert_eq!(warning(&["a\n0\n0-3", "a\n1\n0-3"], &job("1")), None);
        assert_eq!(warning(&["a\n0\n0-3"], &job("4")[1..]), None); // no job: left over
    }
}
