//! Are the CPUs that this process may use cores, or several hyperthreads of fewer cores?

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A line to print if they are: two hyperthreads share what computes in a core.
pub fn hyperthreads() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    sentence(&parse(allowed), Path::new("/sys/devices/system/cpu"))
}

/// `folder` is where Linux lists, for every CPU, the hyperthreads of its core.
fn sentence(cpus: &BTreeSet<usize>, folder: &Path) -> Option<String> {
    let mut cores = BTreeSet::new();
    for cpu in cpus {
        let path = folder.join(format!("cpu{cpu}/topology/thread_siblings_list"));
        cores.insert(parse(&fs::read_to_string(path).ok()?));
    }
    (cores.len() < cpus.len()).then(|| {
        format!(
            "These {} CPUs are hyperthreads of {}: computing gains less from the second of a core",
            cpus.len(),
            common::plural(cores.len(), "core")
        )
    })
}

/// Reads a list of CPUs as Linux writes them, `0-3,8`.
fn parse(list: &str) -> BTreeSet<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => first..last + 1,
            _ => 0..0,
        }
    };
    list.trim().split(',').flat_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_cpus_of_two_cores_are_told_from_two_cores() {
        let folder = std::env::temp_dir().join(format!("topology-{}", std::process::id()));
        for (cpu, siblings) in [(0, "0,2\n"), (1, "1,3\n"), (2, "0,2\n"), (3, "1,3\n")] {
            let topology = folder.join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&topology).unwrap();
            fs::write(topology.join("thread_siblings_list"), siblings).unwrap();
        }
        let of = |list| sentence(&parse(list), &folder);
        assert!(of("0-3").is_some_and(|line| line.contains("4 CPUs are hyperthreads of 2 cores")));
        assert_eq!(of("0-1"), None);
        assert_eq!(of("7"), None); // unknown
        fs::remove_dir_all(&folder).unwrap();
    }
}
