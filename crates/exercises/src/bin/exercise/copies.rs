//! The reader's copies of the starters, and the crate that an editor sees them in.

use std::path::Path;
use std::{env, fs, io};

use anyhow::Context;
use exercises::{EXERCISES, Exercise, STARTERS, repository};

/// The manifest of the crate, but for its programs and the profiles of the workspace.
const MANIFEST: &str = include_str!("my.toml");

/// Copies the starter, and adds the copy to the crate.
pub fn make(exercise: &Exercise, copy: &Path) -> anyhow::Result<()> {
    let folder = copy.parent().unwrap_or(copy);
    fs::create_dir_all(folder)
        .and_then(|()| fs::read(exercise.program(STARTERS)))
        .and_then(|starter| fs::write(copy, starter)) // a copy would inherit being read-only
        .and_then(|()| make_crate(folder))
        .with_context(|| format!("making {}", copy.display()))
}

/// Makes a crate of the copies, except where the folder is a crate of the reader's.
fn make_crate(folder: &Path) -> io::Result<()> {
    let file = folder.join("Cargo.toml");
    if fs::read_to_string(&file).is_ok_and(|text| text.lines().next() != MANIFEST.lines().next()) {
        return Ok(());
    }
    let root = repository().canonicalize()?;
    let copies = || EXERCISES.iter().filter(|exercise| exercise.program(folder).exists());
    let features: Vec<_> = copies().flat_map(|exercise| exercise.features).collect();
    let mut manifest = MANIFEST
        .replace("FEATURES", &format!("{features:?}"))
        .replace("CRATES", &root.join("crates").display().to_string());
    for Exercise { name, .. } in copies() {
        manifest += &format!("[[bin]]\nname = \"{name}\"\npath = \"{name}.rs\"\n\n");
    }
    let workspace = fs::read_to_string(root.join("Cargo.toml"))?;
    manifest += &workspace[workspace.find("[profile.").unwrap_or(workspace.len())..];
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_path_buf);
    let config = format!("[build]\ntarget-dir = {:?}\n", target.unwrap_or_default());
    fs::create_dir_all(folder.join(".cargo"))?;
    fs::write(folder.join(".cargo/config.toml"), config)?;
    fs::write(folder.join("Cargo.lock"), fs::read(root.join("Cargo.lock"))?)?;
    fs::write(file, manifest)
}

pub fn is_untouched(exercise: &Exercise, copy: &Path) -> bool {
    !copy.exists() || fs::read(copy).ok() == fs::read(exercise.program(STARTERS)).ok()
}
