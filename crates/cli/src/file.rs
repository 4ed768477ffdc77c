//! Files that a user names: read in bounded memory; written whole, or not at all.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::misuse;

/// A flag, and the file that it names, if it is given.
pub type Named<'a> = (&'static str, Option<&'a Path>);

/// The first bytes of a file, at most so many.
///
/// # Errors
/// [`crate::Misuse`] if it cannot be read.
pub fn read_at_most(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64).read_to_end(&mut bytes));
    read.map_err(|error| cannot_read(path, error))?;
    Ok(bytes)
}

/// The refusal of a file or folder that is not what it should be.
pub fn cannot_read(path: &Path, why: impl Display) -> anyhow::Error {
    misuse(format!("cannot read {}: {why}", path.display()))
}

/// Writes `bytes` into a temporary file and renames it, so that a reader finds either the old file or
/// the new one, and a full disk leaves the old one whole. A link is followed.
///
/// # Errors
/// With the file and the cause.
pub fn replace_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let (target, temporary) = target_and_temporary(path).with_context(|| cannot_write(path))?;
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?; // some disks say only now that they are full
        fs::rename(&temporary, target)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary))).with_context(|| cannot_write(path))
}

/// Whether [`replace_file`] can write the file that `flag` names, and no one of the `others` names the same:
/// to be asked before a long run. A flag that names none is no fault.
///
/// # Errors
/// [`crate::Misuse`] if that is no file, a file that is read-only, in a folder that is not there or that
/// takes no files, or the file of another flag.
pub fn check_replaceable((flag, path): Named, others: &[Named]) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    // However the two are spelled, they are one file if the same other one appears beside both.
    let is_beside = |other| target_and_temporary(other).is_ok_and(|(_, other)| other.exists());
    let check = || {
        let (_, temporary) = target_and_temporary(path)?;
        File::create(&temporary)?;
        let twin = others.iter().find(|(_, other)| other.is_some_and(is_beside));
        fs::remove_file(&temporary)?;
        match twin {
            Some((flag, _)) => Err(io::Error::other(format!("{flag} names the same file"))),
            None => Ok(()),
        }
    };
    check().map_err(|why| refused(flag, path, &why))
}

/// Whether the file that `flag` names may be changed: it is not there yet, or blank, or `ours`, told by its
/// first bytes. Any other is somebody else's.
///
/// # Errors
/// [`crate::Misuse`] that says that it is not a file of this `kind`, or that it cannot be read.
pub fn check_kind(
    (flag, path): Named,
    kind: &str,
    ours: impl Fn(&[u8]) -> bool,
) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| path.is_file()) else { return Ok(()) };
    let begin = read_at_most(path, 10_000).context(flag)?;
    if begin.trim_ascii().is_empty() || ours(&begin) {
        return Ok(());
    }
    let path = path.display();
    Err(misuse(format!("{flag}: {path} is not {kind}, so it is left as it is; name another file")))
}

/// The file that `path` means, and another in its folder whose name no other process chooses, not even
/// on a host that shares the folder.
fn target_and_temporary(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let refused = |why| Err(io::Error::other(why));
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

/// A refusal to write the file that `flag` names, before the run.
pub(crate) fn refused(flag: &str, path: &Path, why: &io::Error) -> anyhow::Error {
    let folder = if why.kind() == ErrorKind::NotFound { "make its folder first, or " } else { "" };
    misuse(format!("{flag}: {}: {why}; {folder}name another file", cannot_write(path)))
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
        check_replaceable(("--save", Some(&link)), &[]).unwrap();
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
            let error = check_replaceable(("--save", Some(path)), &[]).unwrap_err();
            assert!(error.is::<crate::Misuse>());
            let line = error.to_string();
            assert!(
                line.contains(&format!("--save: cannot write {}: {why}", path.display())),
                "{line}"
            );
            assert!(line.contains("name another file"), "{line}");
        }
        assert_eq!(fs::read_to_string(&read_only).unwrap(), "mine");
    }

    #[test]
    fn a_file_that_two_flags_name_is_found_under_every_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("new"), folder.path().join("link"));
        let twice = |other: &Path| {
            check_replaceable(("--save", Some(&file)), &[("--json", Some(other))]).unwrap_err()
        };
        assert!(twice(&folder.path().join(".").join("new")).to_string().contains("--json names"));
        fs::write(&file, "").unwrap();
        symlink("new", &link).unwrap();
        assert!(twice(&link).to_string().contains("--json names the same file"));
        let other = folder.path().join("other");
        check_replaceable(("--save", Some(&file)), &[("--json", Some(&other))]).unwrap();
    }

    #[test]
    fn only_a_file_of_the_right_kind_may_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let named = ("--save", Some(file.as_path()));
        let check = || check_kind(named, "a model", |begin| begin.starts_with(b"model"));
        check().unwrap();
        for (content, may) in [("", true), (" \n", true), ("model 7", true), ("thesis", false)] {
            fs::write(&file, content).unwrap();
            assert_eq!(check().is_ok(), may, "{content}");
        }
        let line = check().unwrap_err().to_string();
        assert!(
            line.contains("file is not a model, so it is left as it is; name another"),
            "{line}"
        );
    }
}
