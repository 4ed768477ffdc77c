//! The reader's copies of the starters, and the crate that an editor sees them in.

use std::path::Path;
use std::{env, fs, io};

use anyhow::Context;
use exercises::{EXERCISES, Exercise, STARTERS, repository};

/// What a copy may use, by the feature of this crate that it needs: from a registry, and of ours.
const USES: [(&str, &[&str], &[&str]); 3] = [
    ("", &["anyhow", "clap", "rayon"], &["cli", "common", "level1-cores"]),
    ("level2", &["mpi"], &["level2-mpi"]),
    ("level3", &["burn"], &["level3-gpu"]),
];

/// How the crate's manifest begins.
const HEAD: &str =
    "# Made by `cargo exercise`, for editors with rust-analyzer, and made anew with each copy.
[package]
name = \"my\"
edition = \"2024\"

[workspace]
";

/// Copies the starter, and adds the copy to the crate.
pub fn make(exercise: &Exercise, copy: &Path) -> anyhow::Result<()> {
    let folder = copy.parent().unwrap_or(copy);
    fs::create_dir_all(folder)
        .and_then(|()| fs::read(exercise.program(STARTERS)))
        .and_then(|starter| fs::write(copy, starter)) // a copy would inherit being read-only
        .and_then(|()| make_crate(folder))
        .with_context(|| format!("making {}", copy.display()))
}

/// Makes a crate of the copies, for rust-analyzer. It is a workspace of its own, so that git sees no
/// change in ours, but it has our versions, features, profiles and target folder: what is built for one
/// of them is not built again for the other. In a folder with a crate of the reader's nothing is made.
fn make_crate(folder: &Path) -> io::Result<()> {
    let file = folder.join("Cargo.toml");
    if fs::read_to_string(&file).is_ok_and(|text| !text.starts_with(HEAD)) {
        return Ok(());
    }
    let root = repository().canonicalize()?;
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_path_buf);
    let is_there = |exercise: &&Exercise| exercise.program(folder).exists();
    let copies: Vec<_> = EXERCISES.iter().filter(is_there).collect();
    let mut manifest = HEAD.to_string();
    for Exercise { name, .. } in &copies {
        manifest += &format!("\n[[bin]]\nname = \"{name}\"\npath = \"{name}.rs\"\n");
    }
    manifest += "\n[dependencies]\n";
    let ours = |name: &str| format!("path = {:?}", root.join("crates").join(name));
    let mut features = Vec::new();
    for (feature, registry, path) in USES {
        if !copies.iter().any(|copy| copy.features().contains(feature)) {
            continue;
        }
        features.push(feature);
        for name in registry {
            // Which version, says the lock file; and `exercises` asks for the features.
            manifest += &format!("{name} = {{ version = \"*\", default-features = false }}\n");
        }
        path.iter().for_each(|name| manifest += &format!("{name} = {{ {} }}\n", ours(name)));
    }
    manifest +=
        &format!("exercises = {{ {}, features = {:?} }}\n\n", ours("exercises"), &features[1..]);
    let workspace = fs::read_to_string(root.join("Cargo.toml"))?;
    for profile in workspace.split("\n\n").filter(|part| part.contains("[profile.")) {
        if features.contains(&"level3") || !profile.contains("gemm") {
            manifest += &format!("{}\n\n", profile.trim());
        }
    }
    fs::write(file, manifest)?;
    fs::write(folder.join("Cargo.lock"), fs::read(root.join("Cargo.lock"))?)?;
    fs::create_dir_all(folder.join(".cargo"))?;
    let config = format!("[build]\ntarget-dir = {:?}\n", target.unwrap_or_default());
    fs::write(folder.join(".cargo/config.toml"), config)
}

pub fn is_untouched(exercise: &Exercise, copy: &Path) -> bool {
    !copy.exists() || fs::read(copy).ok() == fs::read(exercise.program(STARTERS)).ok()
}

/// Makes the copy anew, and keeps what the reader wrote.
pub fn reset(exercise: &Exercise, folder: &Path) -> anyhow::Result<()> {
    let copy = exercise.program(folder);
    if !is_untouched(exercise, &copy) {
        let old = copy.with_extension("rs.old");
        fs::rename(&copy, &old).with_context(|| format!("keeping {}", copy.display()))?;
        println!("what you wrote is in {}", old.display());
    }
    make(exercise, &copy)?;
    println!("{} is the starter again", copy.display());
    Ok(())
}
