//! On which hosts the ranks run, and whether they share CPUs there.

use std::collections::{BTreeMap, BTreeSet};

use common::{allowed_cpus, cpu_list, plural, usable_cpus};
use mpi::environment::processor_name;
use mpi::traits::*;

/// Where each rank runs.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// The host of each rank, in their order.
    pub(crate) host_of: Vec<String>,
    /// How many ranks each host has, and the CPUs that any of them may use, of each no more than its quota
    /// has room for; none where that is unknown.
    hosts: BTreeMap<String, (usize, BTreeSet<usize>)>,
}

/// What one rank tells the others, in a buffer of fixed length.
const LENGTH: usize = 1024;

impl Placement {
    /// Asks every rank; every rank gets the answer.
    pub(crate) fn gather(world: &impl Communicator) -> Self {
        let host = processor_name().unwrap_or_default();
        let mut mine = format!("{host}\n{}\n{}", allowed_cpus(), usable_cpus()).into_bytes();
        mine.resize(LENGTH, 0);
        let mut all = vec![0; LENGTH * world.size() as usize];
        world.all_gather_into(&mine[..], &mut all[..]);
        Self::from_texts(all.chunks(LENGTH).map(|text| String::from_utf8_lossy(text)))
    }

    fn from_texts(texts: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut placement = Self::default();
        for text in texts {
            let text = text.as_ref().trim_end_matches('\0');
            let (host, cpus) = text.split_once('\n').unwrap_or((text, ""));
            let (cpus, quota) = cpus.split_once('\n').unwrap_or((cpus, ""));
            let cpus = cpu_list(cpus).into_iter().take(quota.parse().unwrap_or(usize::MAX));
            placement.host_of.push(host.to_string());
            let (ranks, all) = placement.hosts.entry(host.to_string()).or_default();
            *ranks += 1;
            all.extend(cpus);
        }
        placement
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many CPUs all ranks together may use; zero where that is unknown.
    pub(crate) fn cpus(&self) -> usize {
        self.hosts.values().map(|(_, cpus)| cpus.len()).sum()
    }

    /// Ranks that are more than the CPUs of their host that they may use, in words, and what helps.
    pub(crate) fn oversubscribed(&self) -> Option<String> {
        let hosts = self.hosts.iter().map(|(host, (ranks, cpus))| (cpus.len(), *ranks, host));
        let (cpus, ranks, host) =
            hosts.filter(|(cpus, ranks, _)| ranks > cpus && *cpus > 0).min()?;
        Some(format!(
            "{ranks} ranks share {} on {host}, so they take turns; start fewer, or give each a core of \
             its own (mpirun --bind-to core, srun --cpu-bind=cores)",
            plural(cpus, "CPU")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(texts: &[&str]) -> Placement {
        Placement::from_texts(texts.iter())
    }

    #[test]
    fn more_ranks_than_cpus_on_one_of_the_hosts_are_found() {
        let found = placement(&["a\n0-1", "a\n0-1", "b\n0\0\0", "b\n0\0\0"]);
        assert_eq!((found.hosts(), found.cpus()), (2, 3));
        let told = found.oversubscribed().unwrap();
        assert!(told.starts_with("2 ranks share 1 CPU on b, so they take turns"), "{told}");
        assert_eq!(placement(&["a\n0", "a\n1", "b\n0-7"]).oversubscribed(), None);
        assert_eq!(placement(&["a\n", "a\n"]).oversubscribed(), None); // not Linux: unknown
    }

    #[test]
    fn ranks_with_a_quota_smaller_than_what_they_see_share_what_it_gives() {
        let found = placement(&["a\n0-7\n1", "a\n0-7\n1\0"]);
        assert_eq!(found.cpus(), 1);
        assert!(found.oversubscribed().unwrap().starts_with("2 ranks share 1 CPU on a"));
    }
}
