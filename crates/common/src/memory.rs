//! How much memory is left for this process.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory that this process may still take, in bytes, where Linux tells: what is free, or what
/// the job's control groups leave, if that is less.
pub fn available_memory() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(free.min(left_by_groups(&groups, Path::new("/sys/fs/cgroup")).unwrap_or(u64::MAX)))
}

/// Addresses that threads and libraries reserve later and hardly use: each thread's heap takes 64 MiB.
const RESERVED: u64 = 256 << 20;

/// What `ulimit -v`, which many login nodes set, leaves this process, in bytes; none without a limit.
pub fn left_by_ulimit() -> Option<u64> {
    let [limits, status] = ["/proc/self/limits", "/proc/self/status"]
        .map(|file| fs::read_to_string(file).unwrap_or_default());
    let number = |text: &str, name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok() // or "unlimited"
    };
    let limit = number(&limits, "Max address space")?;
    Some(limit.saturating_sub(1024 * number(&status, "VmSize:")? + RESERVED))
}

/// What the control groups leave that `/proc/self/cgroup` lists, of version 1 and version 2. A
/// group's limit holds for the groups in it, so the tightest of them counts.
fn left_by_groups(groups: &str, mount: &Path) -> Option<u64> {
    let left = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        let (root, limit, used, cache) = match controllers {
            "" => (mount.to_path_buf(), "memory.max", "memory.current", "inactive_file"),
            _ if controllers.split(',').any(|name| name == "memory") => (
                mount.join("memory"),
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file",
            ),
            _ => return None,
        };
        let left_in = |group: &Path| {
            let number =
                |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse().ok();
            let limit: u64 = number(limit)?; // version 2 writes "max" where there is none
            // A cache of files is given back when a program needs the room.
            let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            let cached =
                statistics.lines().find_map(|line| line.strip_prefix(cache)?.trim().parse().ok());
            let used = number(used)?.saturating_sub(cached.unwrap_or(0));
            Some(limit.saturating_sub(used))
        };
        // In a container the path may be the host's, and the group then is the mount itself.
        let own: PathBuf = root.join(group);
        own.ancestors().take_while(|path| path.starts_with(&root)).filter_map(left_in).min()
    };
    groups.lines().filter_map(left).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder like `/sys/fs/cgroup`, removed at its end.
    struct Groups(PathBuf);

    impl Groups {
        fn new(test: &str, files: &[(&str, &str)]) -> Self {
            let folder = std::env::temp_dir().join(format!("groups-{test}-{}", std::process::id()));
            for (path, content) in files {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self(folder)
        }
    }

    impl Drop for Groups {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_tightest_group_of_version_2_counts() {
        let groups = Groups::new(
            "two",
            &[
                ("job_7/memory.max", "5000\n"),
                ("job_7/memory.current", "3000\n"),
                ("job_7/memory.stat", "anon 2000\ninactive_file 1000\n"),
                ("job_7/step_0/memory.max", "max\n"),
                ("job_7/step_0/memory.current", "3000\n"),
            ],
        );
        assert_eq!(left_by_groups("0::/job_7/step_0\n", &groups.0), Some(3000));
        assert_eq!(left_by_groups("0::/elsewhere\n", &groups.0), None);
    }

    #[test]
    fn a_group_of_version_1_counts_likewise() {
        let groups = Groups::new(
            "one",
            &[
                ("memory/slurm/memory.limit_in_bytes", "400\n"),
                ("memory/slurm/memory.usage_in_bytes", "150\n"),
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory/memory.usage_in_bytes", "900\n"),
            ],
        );
        let text = "5:cpuset:/\n4:memory:/slurm\n0::/\n";
        assert_eq!(left_by_groups(text, &groups.0), Some(250));
        // What is listed is the path outside of a container: the mount shows the own group alone.
        assert!(left_by_groups("4:memory:/docker/7f\n", &groups.0).is_some_and(|left| left > 400));
    }

    #[test]
    fn this_machine_has_memory_left() {
        if cfg!(target_os = "linux") {
            assert!(available_memory().is_some_and(|bytes| bytes > 0));
        }
    }
}
