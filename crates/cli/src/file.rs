//! Files that a user names: read in bounded memory; written whole, or not at all.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::misuse;

/// The first bytes of a file, at most so many.
///
/// # Errors
/// [`crate::Misuse`] if it cannot be read.
pub fn read_at_most(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64).read_to_end(&mut bytes));
    read.map_err(|error| misuse(format!("cannot read {}: {error}", path.display())))?;
    Ok(bytes)
}

/// Writes `bytes` into a temporary file and renames it, so that a reader finds either the old file or
/// the new one, and a full disk leaves the old one whole. A link is followed.
///
/// # Errors
/// With the file and the cause: [`crate::Misuse`] for what [`check_replaceable`] refuses.
pub fn replace_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let (target, temporary) = target_and_temporary(path)?;
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?; // some disks say only now that they are full
        fs::rename(&temporary, target)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary))).with_context(|| cannot_write(path))
}

/// Whether [`replace_file`] can write a file at `path`: to be asked before a long run.
///
/// # Errors
/// [`crate::Misuse`] if that is no file, a file that is read-only, or in a folder that is not
/// there or that takes no files.
pub fn check_replaceable(path: &Path) -> anyhow::Result<()> {
    let (_, temporary) = target_and_temporary(path)?;
    File::create(&temporary)
        .and_then(|_| fs::remove_file(&temporary))
        .map_err(|error| misuse(format!("{}: {error}", cannot_write(path))))
}

/// The file that `path` means, and another in its folder whose name no other process chooses, not even
/// on a host that shares the folder.
fn target_and_temporary(path: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let refused = |why: &str| Err(misuse(format!("{}: {why}", cannot_write(path))));
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    match fs::metadata(&target) {
        Ok(found) if found.is_dir() => return refused("it is a folder"),
        Ok(found) if !found.is_file() => return refused("it is not a regular file"),
        Ok(found) if found.permissions().readonly() => return refused("it is read-only"),
        _ => {}
    }
    let mut temporary = target.clone().into_os_string();
    let host = gethostname::gethostname();
    temporary.push(format!(".{}.{}.tmp", host.to_string_lossy(), std::process::id()));
    Ok((target, temporary.into()))
}

pub(crate) fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_new_file_takes_the_place_of_the_old_one_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        check_replaceable(&link).unwrap();
        replace_file(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn what_cannot_be_written_is_named_before_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let read_only = folder.path().join("mine");
        fs::write(&read_only, "mine").unwrap();
        let mut permissions = fs::metadata(&read_only).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&read_only, permissions).unwrap();
        for (path, why) in [
            (folder.path(), "it is a folder"),
            (&folder.path().join("none/model"), "No such file or directory"),
            (&folder.path().join("mine/model"), "Not a directory"),
            (Path::new("/dev/full"), "it is not a regular file"),
            (&read_only, "it is read-only"),
        ] {
            let error = check_replaceable(path).unwrap_err();
            assert!(error.is::<crate::Misuse>());
            let line = error.to_string();
            assert!(line.contains(why) && line.contains(path.to_str().unwrap()), "{line}");
        }
        assert_eq!(fs::read_to_string(&read_only).unwrap(), "mine");
    }
}
