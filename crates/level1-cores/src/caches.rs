//! How large the caches are, and how much memory this process may use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{allowed_cpus, cpu_list};

/// The caches of the CPUs that this process may use, in bytes. Where the system does not tell, none.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Caches {
    /// What one core has of each level, 1 to 3.
    pub levels: BTreeMap<u64, u64>,
    /// The caches of the last level together: groups of cores may have one each.
    pub last: u64,
}

impl Caches {
    /// Those of this machine.
    pub fn here() -> Self {
        Self::of(&cpu_list(&allowed_cpus()), Path::new("/sys/devices/system/cpu"))
    }

    /// The bytes of arrays that leave hardly a part of themselves in these caches: four times as many
    /// (a rule of STREAM). Where no cache is told, more than a usual laptop has.
    pub fn outgrown(&self) -> u64 {
        if self.last > 0 { 4 * self.last } else { 128 << 20 }
    }

    /// `folder` is where Linux tells them for every CPU.
    fn of(cpus: &BTreeSet<usize>, folder: &Path) -> Self {
        let mut all = BTreeMap::new(); // one that several CPUs share is one
        let mut levels = BTreeMap::new();
        for (cpu, index) in cpus.iter().flat_map(|cpu| (0..8).map(move |index| (cpu, index))) {
            let cache = folder.join(format!("cpu{cpu}/cache/index{index}"));
            let read = |name| fs::read_to_string(cache.join(name)).unwrap_or_default();
            let kibibytes = read("size").trim().trim_end_matches('K').parse::<u64>();
            if let (Ok(level), Ok(size)) = (read("level").trim().parse(), kibibytes)
                && read("type").trim() != "Instruction"
            {
                levels.entry(level).or_insert(1024 * size);
                all.insert((level, read("shared_cpu_list")), 1024 * size);
            }
        }
        let last = levels.keys().max().copied();
        let last = all.iter().filter(|((level, _), _)| Some(*level) == last).map(|(_, size)| size);
        Self { levels, last: last.sum() }
    }
}

/// How many bytes this process may use: what is free here, and what the control groups of its job
/// allow. The system would end a program that takes more without a word. None where it is not told.
pub(crate) fn usable_memory() -> Option<u64> {
    memory_below(Path::new("/"))
}

fn memory_below(root: &Path) -> Option<u64> {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let (memory, groups) = (read(&root.join("proc/meminfo")), read(&root.join("proc/self/cgroup")));
    let free = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = free.and_then(|free| free.trim().trim_end_matches(" kB").parse::<u64>().ok());
    // A line names a group, in version 2 (`0::/job`) or 1 (`4:memory:/job`). Its parents limit it, too.
    let mut limits = Vec::from_iter(free.map(|kilobytes| 1024 * kilobytes));
    for group in groups.lines().filter_map(|line| line.split_once(':')) {
        let folder = root.join(format!("sys/fs/cgroup/{}", group.1.replacen(':', "", 1)));
        for parent in folder.ancestors() {
            let tell = ["memory.max", "memory.limit_in_bytes"].map(|name| read(&parent.join(name)));
            limits.extend(tell.iter().filter_map(|limit| limit.trim().parse::<u64>().ok()));
        }
    }
    limits.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Folder;

    fn folder(files: &[(&str, &str)]) -> Folder {
        let folder = Folder::new();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn the_last_caches_of_two_groups_of_cores_are_added_and_a_shared_one_counts_once() {
        let mut files = Vec::new();
        for (cpu, shared) in [(0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3")] {
            let own = cpu.to_string();
            for (index, level, kind, size, cpus) in [
                (0, "1\n", "Data\n", "32K\n", own.as_str()),
                (1, "1\n", "Instruction\n", "64K\n", &own),
                (2, "3\n", "Unified\n", "2048K\n", shared),
            ] {
                for (name, content) in
                    [("level", level), ("type", kind), ("size", size), ("shared_cpu_list", cpus)]
                {
                    let path = format!("cpu{cpu}/cache/index{index}/{name}");
                    files.push((path, content.to_string()));
                }
            }
        }
        let files: Vec<_> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let folder = folder(&files);
        let of = |list| Caches::of(&cpu_list(list), folder.path());
        let levels = BTreeMap::from([(1, 32 << 10), (3, 2 << 20)]);
        assert_eq!(of("0-3"), Caches { levels: levels.clone(), last: 4 << 20 });
        assert_eq!(of("1"), Caches { levels, last: 2 << 20 });
        assert_eq!(of("9"), Caches::default());
    }

    #[test]
    fn a_job_may_use_what_the_tightest_of_its_groups_allows_and_what_is_free() {
        let below = |files: &[(&str, &str)]| memory_below(folder(files).path());
        let free = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:       7 kB\n");
        assert_eq!(below(&[]), None);
        assert_eq!(below(&[free]), Some(7 * 1024));
        let two = [
            free,
            ("proc/self/cgroup", "0::/slurm/job_7/step_0\n"),
            ("sys/fs/cgroup/slurm/job_7/memory.max", "4096\n"),
            ("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n"),
        ];
        assert_eq!(below(&two), Some(4096));
        let one = [
            free,
            ("proc/self/cgroup", "5:devices:/\n4:memory:/job\n0::/\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "2048\n"),
        ];
        assert_eq!(below(&one), Some(2048));
    }
}
