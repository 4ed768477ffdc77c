//! Whether the ranks of a host fit into its memory together.

use std::collections::BTreeMap;

use common::{available_memory, left_by_ulimit};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::launch::found_by_all;
use crate::placement::Placement;

/// Refuses, on every rank, what a host's memory would not hold. Every rank calls this and says how
/// many bytes it will `need` at most.
///
/// # Errors
/// A refusal that names the host. `what` begins it, and `cure`, which is given the share that
/// would fit, ends it.
pub(crate) fn check(
    world: &SimpleCommunicator,
    placement: &Placement,
    need: u64,
    what: &str,
    cure: impl Fn(f64) -> String,
) -> anyhow::Result<()> {
    let mine = [need, available_memory().unwrap_or(u64::MAX), left_by_ulimit().unwrap_or(u64::MAX)];
    let mut all = vec![0; mine.len() * world.size() as usize];
    world.all_gather_into(&mine[..], &mut all[..]);
    match refusal(placement.host_of_each(), &all, what, cure) {
        Some(line) => Err(found_by_all(line)),
        None => Ok(()),
    }
}

/// `all` holds what each rank needs, what is free where it runs, and what it may take of that.
fn refusal<'a>(
    host_of_each: impl Iterator<Item = &'a str>,
    all: &[u64],
    what: &str,
    cure: impl Fn(f64) -> String,
) -> Option<String> {
    let mut hosts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for (host, rank) in host_of_each.zip(all.chunks_exact(3)) {
        let [need, free, allowed] = hosts.entry(host).or_insert([0, u64::MAX, 0]);
        *need = need.saturating_add(rank[0]);
        *free = rank[1].min(*free);
        *allowed = allowed.saturating_add(rank[2]);
    }
    let (host, need, free) = (hosts.into_iter())
        .map(|(host, [need, free, allowed])| (host, need, free.min(allowed)))
        .find(|(_, need, free)| need > free)?;
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    Some(format!(
        "{what} needs {:.1} GB on {host}, and {:.1} GB are free there; {}",
        gigabytes(need),
        gigabytes(free),
        cure(free as f64 / need as f64)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_of_one_host_count_together() {
        let gb = 1_000_000_000;
        let refused = |hosts: [&str; 2]| {
            let all = [3 * gb, 4 * gb, u64::MAX, 2 * gb, 4 * gb, 2 * gb];
            refusal(hosts.into_iter(), &all, "it", |share| format!("take {share}"))
        };
        let line = "it needs 5.0 GB on a, and 4.0 GB are free there; take 0.8";
        assert_eq!(refused(["a", "a"]).as_deref(), Some(line));
        assert_eq!(refused(["a", "b"]), None);
    }

    #[test]
    fn what_each_rank_may_take_counts_too() {
        let all = [3, 8, 2, 3, 8, 2];
        let line = refusal(["a", "a"].into_iter(), &all, "it", |share| format!("take {share:.2}"));
        assert!(line.is_some_and(|line| line.ends_with("take 0.67")));
    }
}
