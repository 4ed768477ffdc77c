//! MNIST from its four files, checked.

use std::path::{Path, PathBuf};

use cli::misuse;

use crate::args::Args;
use crate::digits::{Digits, Images, TEST_IMAGES, TRAINING_IMAGES};
use crate::files;
use crate::model::SIDE;

/// Where `scripts/get-mnist.sh` puts the files.
const FOLDER: &str = "data/mnist";

/// The names of the files and the SHA-256 of their uncompressed bytes, as `sha256sum` writes and
/// reads them; the scripts read them, too.
const CHECKSUMS: &str = include_str!("../mnist.sha256");

/// A file of MNIST: its name, and how many bytes it holds when it is not compressed.
#[derive(Clone, Copy)]
struct Source(&'static str, usize);

const TRAINING_PIXELS: Source =
    Source("train-images-idx3-ubyte", 16 + TRAINING_IMAGES * SIDE * SIDE);
const TRAINING_LABELS: Source = Source("train-labels-idx1-ubyte", 8 + TRAINING_IMAGES);
const TEST_PIXELS: Source = Source("t10k-images-idx3-ubyte", 16 + TEST_IMAGES * SIDE * SIDE);
const TEST_LABELS: Source = Source("t10k-labels-idx1-ubyte", 8 + TEST_IMAGES);
const SOURCES: [Source; 4] = [TRAINING_PIXELS, TRAINING_LABELS, TEST_PIXELS, TEST_LABELS];

impl Digits {
    /// Reads MNIST from `--data`, `MNIST_DIR` or `data/mnist`; draws digits if that is what
    /// was asked for, or if nobody named a folder and there is nothing in the usual one.
    ///
    /// # Errors
    /// [`cli::Misuse`] with the file that is missing, unreadable, damaged or another, and the cure.
    pub fn load(args: &Args) -> anyhow::Result<Self> {
        if args.synthetic {
            return Ok(Self::drawn());
        }
        let (folder, named) = folder(args);
        if !named && nothing_in(&folder)? {
            println!("no MNIST in {FOLDER} (scripts/get-mnist.sh fetches it): synthetic digits");
            return Ok(Self::drawn());
        }
        read(&folder)
    }
}

/// Only looks whether all four files are there and right, and says so: `--check-data`.
///
/// # Errors
/// [`cli::Misuse`] with the file that is missing, unreadable, damaged or another, and the cure.
pub(crate) fn check(args: &Args) -> anyhow::Result<()> {
    let (folder, _) = folder(args);
    if nothing_in(&folder)? {
        return Err(misuse(format!(
            "no MNIST in {} ({} fetches it; without it, synthetic digits)",
            folder.display(),
            get_mnist(&folder)
        )));
    }
    read(&folder)?;
    println!("{}: MNIST, four files with the right checksums", folder.display());
    Ok(())
}

/// The folder to look in, and whether somebody named it.
fn folder(args: &Args) -> (PathBuf, bool) {
    let variable = std::env::var_os("MNIST_DIR").filter(|value| !value.is_empty());
    let named = args.data.clone().or_else(|| variable.map(PathBuf::from));
    let is_named = named.is_some();
    (named.unwrap_or_else(|| PathBuf::from(FOLDER)), is_named)
}

/// The command that fetches MNIST into this folder.
fn get_mnist(folder: &Path) -> String {
    let script = "scripts/get-mnist.sh";
    match folder == Path::new(FOLDER) {
        true => script.to_string(),
        false => format!("{script} {}", cli::quoted(folder)),
    }
}

fn nothing_in(folder: &Path) -> anyhow::Result<bool> {
    let found: anyhow::Result<Vec<_>> = SOURCES.iter().map(|source| source.find(folder)).collect();
    Ok(found?.iter().all(Option::is_none))
}

fn read(folder: &Path) -> anyhow::Result<Digits> {
    // Four files, four tasks: level 1's shape. Unpacking and checking takes most of the time.
    let read = |pixels: Source, labels: Source| {
        let (pixels, labels) = rayon::join(|| pixels.read(folder), || labels.read(folder));
        let (pixels, labels) = (pixels?, labels?);
        // The checksum vouches for the headers: 16 bytes before pixels, 8 before labels.
        anyhow::Ok(Images { pixels: pixels[16..].to_vec(), labels: labels[8..].to_vec() })
    };
    let (training, test) =
        rayon::join(|| read(TRAINING_PIXELS, TRAINING_LABELS), || read(TEST_PIXELS, TEST_LABELS));
    Ok(Digits { training: training?, test: test?, name: "MNIST" })
}

impl Source {
    /// The file, plain or compressed. Some sites write a dot where others write a dash.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the system does not say whether it is there.
    fn find(self, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
        let dotted = self.0.replace("-idx", ".idx");
        for name in [self.0, &dotted].into_iter().flat_map(|n| [n.to_string(), format!("{n}.gz")]) {
            let path = folder.join(name);
            match path.try_exists() {
                Ok(true) => return Ok(Some(path)),
                Ok(false) => {}
                Err(error) => {
                    return Err(misuse(format!("cannot look into {}: {error}", folder.display())));
                }
            }
        }
        Ok(None)
    }

    /// The uncompressed bytes, checked.
    fn read(self, folder: &Path) -> anyhow::Result<Vec<u8>> {
        let Some(path) = self.find(folder)? else {
            return Err(misuse(format!(
                "{} holds no {} (plain or .gz); {} fetches it, --synthetic does without",
                folder.display(),
                self.0,
                get_mnist(folder)
            )));
        };
        let bytes = files::read(&path, self.1)?;
        let sha256 = files::sha256(&bytes);
        let is_of = |name: &str| CHECKSUMS.lines().any(|line| line == format!("{sha256}  {name}"));
        if is_of(self.0) {
            return Ok(bytes);
        }
        let shown = path.display();
        let reason = match SOURCES.iter().find(|source| is_of(source.0)) {
            Some(other) => format!("{shown} holds {}: the files are swapped", other.0),
            None => format!("{shown} is damaged or not MNIST's {} (SHA-256 {sha256})", self.0),
        };
        Err(misuse(format!("{reason}; move it away and run {}", get_mnist(folder))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a folder that holds nothing but this file.
    fn refusal(file: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), bytes).unwrap();
        let error = TEST_LABELS.read(folder.path()).unwrap_err();
        assert!(error.is::<cli::Misuse>());
        error.to_string()
    }

    #[test]
    fn a_missing_file_is_named_with_the_cure() {
        let line = refusal("other", b"");
        assert!(line.contains(TEST_LABELS.0) && line.contains("get-mnist.sh"), "{line}");
    }

    #[test]
    fn a_damaged_or_foreign_file_is_named_with_its_checksum_whichever_name_it_has() {
        for ending in ["-idx1-ubyte", ".idx1-ubyte", "-idx1-ubyte.gz", ".idx1-ubyte.gz"] {
            let name = format!("t10k-labels{ending}");
            let line = refusal(&name, b"something else");
            assert!(line.contains(&name) && line.contains("SHA-256"), "{line}");
        }
    }

    #[test]
    fn a_file_larger_than_the_known_one_is_refused() {
        let line = refusal(TEST_LABELS.0, &[0; 20_000]);
        assert!(line.contains("more than the 10008 bytes"), "{line}");
    }

    #[test]
    fn a_folder_that_cannot_be_looked_into_is_not_called_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        std::fs::write(&file, b"a file where a folder should be").unwrap();
        let error = nothing_in(&file.join("mnist")).unwrap_err();
        assert!(error.is::<cli::Misuse>());
        assert!(error.to_string().contains("cannot look into"), "{error}");
    }
}
