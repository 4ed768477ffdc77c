//! MNIST from its four files, checked.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cli::misuse;

use crate::args::MnistArgs;
use crate::digits::{Digits, Images, TEST_IMAGES, TRAINING_IMAGES};
use crate::files;
use crate::model::SIDE;

/// Where `scripts/get-mnist.sh` puts the files.
const FOLDER: &str = "data/mnist";

/// The SHA-256 of the four files' uncompressed bytes and their names, as `sha256sum` writes them;
/// `scripts/get-mnist.sh` reads them, too.
const CHECKSUMS: &str = include_str!("../mnist.sha256");

impl Digits {
    /// Reads MNIST from `--data`, `MNIST_DIR` or `data/mnist`; draws digits if that is what
    /// was asked for, or if nobody named a folder and MNIST is not in the usual one.
    ///
    /// # Errors
    /// [`cli::Misuse`] with the file that is missing, unreadable, damaged or another, and the cure.
    pub fn load(args: &MnistArgs) -> anyhow::Result<Self> {
        let variable = std::env::var_os("MNIST_DIR").filter(|value| !value.is_empty());
        let flag = args.data.clone().map(|folder| ("--data", folder));
        let named = flag.or_else(|| Some(("MNIST_DIR", PathBuf::from(variable?))));
        let usual = named.is_none();
        let (source, folder) = named.unwrap_or_else(|| ("the digits", FOLDER.into()));
        let missing = usual && find(&folder, "train-images-idx3-ubyte").is_none();
        if missing && !args.synthetic {
            println!("no MNIST in {FOLDER} (scripts/get-mnist.sh fetches it): synthetic digits");
        }
        if missing || args.synthetic {
            return Ok(Self::drawn());
        }
        // Four files, four tasks: level 1's shape. Unpacking and checking takes most of the time.
        let (training, test) = rayon::join(
            || images(&folder, "train", TRAINING_IMAGES).context(source),
            || images(&folder, "t10k", TEST_IMAGES).context(source),
        );
        Ok(Self { training: training?, test: test?, name: "MNIST" })
    }
}

/// The training set or the test set. Its two files are checked, so their headers need no look.
fn images(folder: &Path, set: &str, count: usize) -> anyhow::Result<Images> {
    let (pixels, labels) = rayon::join(
        || read(folder, &format!("{set}-images-idx3-ubyte"), 16 + count * SIDE * SIDE),
        || read(folder, &format!("{set}-labels-idx1-ubyte"), 8 + count),
    );
    Ok(Images { pixels: pixels?[16..].to_vec(), labels: labels?[8..].to_vec() })
}

/// The file, plain or compressed. Some sites write a dot where others write a dash.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let names = [name, &dotted].into_iter().flat_map(|n| [n.to_string(), format!("{n}.gz")]);
    names.map(|name| folder.join(name)).find(|path| path.exists())
}

/// The bytes of one of the four files, uncompressed and checked.
fn read(folder: &Path, name: &str, length: usize) -> anyhow::Result<Vec<u8>> {
    let get_mnist = format!("scripts/get-mnist.sh {}", cli::quoted(folder));
    let Some(path) = find(folder, name) else {
        return Err(misuse(format!(
            "{} holds no {name} (plain or .gz); {get_mnist} fetches it, --synthetic does without",
            folder.display()
        )));
    };
    let bytes = files::read(&path, length)?;
    let line = format!("{}  {name}", files::checksum(&bytes));
    if CHECKSUMS.lines().any(|known| known == line) {
        return Ok(bytes);
    }
    Err(misuse(format!(
        "{} is damaged or not MNIST's {name} (its SHA-256 is another); \
         move it away and run {get_mnist}",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: &str = "t10k-labels-idx1-ubyte";

    /// What is said about a folder that holds nothing but this file.
    fn refusal(file: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), bytes).unwrap();
        let error = read(folder.path(), LABELS, 8 + TEST_IMAGES).unwrap_err();
        assert!(error.is::<cli::Misuse>());
        error.to_string()
    }

    #[test]
    fn a_missing_file_is_named_with_the_cure() {
        let line = refusal("other", b"");
        assert!(line.contains(LABELS) && line.contains("get-mnist.sh"), "{line}");
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
        let line = refusal(LABELS, &[0; 20_000]);
        assert!(line.contains("more than the 10008 bytes"), "{line}");
    }
}
