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
    /// The CPUs that each rank may use, host by host, and no more than its quota has room for; an empty set
    /// where that is unknown.
    hosts: BTreeMap<String, Vec<BTreeSet<usize>>>,
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
            let mut lines = text.as_ref().trim_end_matches('\0').lines();
            let [host, cpus, quota] = [(); 3].map(|()| lines.next().unwrap_or_default());
            let cpus = cpu_list(cpus).into_iter().take(quota.parse().unwrap_or(usize::MAX));
            placement.host_of.push(host.to_string());
            placement.hosts.entry(host.to_string()).or_default().push(cpus.collect());
        }
        placement
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many CPUs all ranks together may use; zero where that is unknown.
    pub(crate) fn cpus(&self) -> usize {
        self.hosts.values().map(|ranks| union(ranks).len()).sum()
    }

    /// Ranks that are more than the CPUs they may use, in words, and what helps: those on the fewest
    /// CPUs, if there are several such.
    pub(crate) fn oversubscribed(&self) -> Option<String> {
        let crowds = self.hosts.iter().flat_map(|(host, ranks)| {
            let places = ranks.iter().cloned().chain([union(ranks)]);
            places.map(move |cpus| {
                let within = |own: &&BTreeSet<usize>| !own.is_empty() && own.is_subset(&cpus);
                (cpus.len(), ranks.iter().filter(within).count(), host)
            })
        });
        let (cpus, ranks, host) = crowds.filter(|(cpus, ranks, _)| ranks > cpus).min()?;
        Some(format!(
            "{ranks} ranks share {} on {host}, so they take turns; start fewer, or give each a core of \
             its own (mpirun --bind-to core, srun --cpu-bind=cores)",
            plural(cpus, "CPU")
        ))
    }
}

/// The CPUs that any of these ranks may use.
fn union(ranks: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    ranks.iter().flatten().copied().collect()
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

    #[test]
    fn ranks_that_are_bound_to_one_core_beside_others_are_found() {
        let bound = placement(&["a\n0", "a\n0", "a\n1-3"]);
        assert!(bound.oversubscribed().unwrap().contains("2 ranks share 1 CPU"));
    }
}
