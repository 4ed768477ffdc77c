//! On which hosts the ranks run, and how many CPUs they share there.

use std::collections::{BTreeMap, BTreeSet};

use mpi::environment::processor_name;
use mpi::traits::*;

/// Where the ranks of a world run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Placement {
    /// The CPUs that the ranks of each host may use, and how many ranks there are.
    hosts: BTreeMap<String, (BTreeSet<usize>, usize)>,
}

/// What one rank tells the others: its host and its CPUs, in a buffer of fixed length.
const LENGTH: usize = 1024;

impl Placement {
    /// Asks every rank; every rank gets the answer.
    pub(crate) fn gather(world: &impl Communicator) -> Self {
        let host = processor_name().unwrap_or_default();
        let mut mine = format!("{host}\n{}", usable_cpus()).into_bytes();
        mine.resize(LENGTH, 0);
        let mut all = vec![0; LENGTH * world.size() as usize];
        world.all_gather_into(&mine[..], &mut all[..]);
        Self::from_lines(all.chunks(LENGTH).map(|line| String::from_utf8_lossy(line)))
    }

    fn from_lines(lines: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut placement = Self::default();
        for line in lines {
            let (host, cpus) = line.as_ref().split_once('\n').unwrap_or_default();
            let entry = placement.hosts.entry(host.to_string()).or_default();
            entry.0.extend(parse_cpus(cpus.trim_end_matches('\0')));
            entry.1 += 1;
        }
        placement
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many CPUs all ranks together may use; zero where that is unknown.
    pub(crate) fn cpus(&self) -> usize {
        self.hosts.values().map(|(cpus, _)| cpus.len()).sum()
    }

    /// A warning if the ranks of a host outnumber its CPUs.
    pub(crate) fn warning(&self) -> Option<String> {
        let crowded = |(_, (cpus, ranks)): &(&String, &(BTreeSet<usize>, usize))| {
            !cpus.is_empty() && *ranks > cpus.len()
        };
        let (host, (cpus, ranks)) = self.hosts.iter().find(crowded)?;
        let plural = if cpus.len() == 1 { "" } else { "s" };
        Some(format!(
            "warning: {ranks} ranks share {} CPU{plural} on {host}: they take turns, so do not \
             expect more speedup than there are CPUs",
            cpus.len()
        ))
    }
}

/// The CPUs this process may use, as Linux lists them (`0-3,8`); empty where it does not.
fn usable_cpus() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.unwrap_or_default().trim().to_string()
}

fn parse_cpus(list: &str) -> impl Iterator<Item = usize> {
    list.split(',').flat_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => first..last + 1,
            _ => 0..0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_read_as_linux_writes_them() {
        let read = |list| parse_cpus(list).collect::<Vec<_>>();
        assert_eq!(read("0-3,8,10-11"), [0, 1, 2, 3, 8, 10, 11]);
        assert!(read("").is_empty());
    }

    #[test]
    fn more_ranks_than_cpus_on_one_of_the_hosts_is_a_warning() {
        let placement = |lines: &[&str]| Placement::from_lines(lines.iter());
        let crowded = placement(&["a\n0-1", "a\n0-1", "b\n0\0\0", "b\n0\0\0"]);
        assert_eq!((crowded.hosts(), crowded.cpus()), (2, 3));
        assert!(crowded.warning().is_some_and(|line| line.contains("2 ranks share 1 CPU on b")));
        assert_eq!(placement(&["a\n0", "a\n1", "b\n0-7"]).warning(), None);
        assert_eq!(placement(&["a\n", "a\n"]).warning(), None); // not Linux: unknown
    }
}
