//! The CPUs that this process may use.

use std::collections::BTreeSet;

/// How many CPUs this process may use, as the operating system says: the smaller of its affinity
/// mask and its control group's quota. It is the job's share of the node, not the node.
pub fn usable_cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Which CPUs these are, as Linux lists them (`0-3,8`); empty where it does not.
pub fn allowed_cpus() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap_or_default().trim().to_string()
}

/// Reads such a list; what is no number is left out.
pub fn cpu_list(text: &str) -> BTreeSet<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse::<usize>().ok()?);
        Some(first..=last)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cpus_is_read_as_linux_writes_it() {
        assert_eq!(cpu_list("0-3,8,10-11\n"), BTreeSet::from([0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(cpu_list(""), BTreeSet::new());
    }

    #[test]
    fn this_process_may_use_a_cpu() {
        assert!(usable_cpus() >= 1);
        assert_eq!(cpu_list(&allowed_cpus()).is_empty(), cfg!(not(target_os = "linux")));
    }
}
