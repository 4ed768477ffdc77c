//! Are the CPUs that this process may use cores, or several hyperthreads of fewer cores?

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{allowed_cpus, cpu_list, plural};

/// A line to print if they are: two hyperthreads share what computes in a core.
pub(crate) fn hyperthreads() -> Option<String> {
    sentence(&cpu_list(&allowed_cpus()), Path::new("/sys/devices/system/cpu"))
}

/// `folder` is where Linux lists, for every CPU, the hyperthreads of its core.
fn sentence(cpus: &BTreeSet<usize>, folder: &Path) -> Option<String> {
    let siblings = |cpu| {
        fs::read_to_string(folder.join(format!("cpu{cpu}/topology/thread_siblings_list"))).ok()
    };
    let cores = cpus.iter().map(siblings).collect::<Option<BTreeSet<String>>>()?;
    (cores.len() < cpus.len()).then(|| {
        format!(
            "These {} CPUs are hyperthreads of {}: computing gains less from the second of a core",
            cpus.len(),
            plural(cores.len(), "core")
        )
    })
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
        let of = |list| sentence(&cpu_list(list), &folder);
        assert!(of("0-3").is_some_and(|line| line.contains("4 CPUs are hyperthreads of 2 cores")));
        assert_eq!(of("0-1"), None);
        assert_eq!(of("7"), None); // unknown
        fs::remove_dir_all(&folder).unwrap();
    }
}
