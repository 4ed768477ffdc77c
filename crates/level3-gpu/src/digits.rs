//! MNIST from its four files, checked; or digits that are drawn.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cli::misuse;
use sha2::{Digest, Sha256};

use crate::args::Args;
use crate::model::SIDE;
use crate::synthetic;

/// Images in MNIST's training set, and in the one that is drawn.
pub const TRAINING_IMAGES: usize = 60_000;

/// Images in MNIST's test set, and in the one that is drawn.
pub const TEST_IMAGES: usize = 10_000;

/// Where `scripts/get-mnist.sh` puts the files.
const FOLDER: &str = "data/mnist";

/// A file of MNIST and the SHA-256 of its uncompressed bytes.
struct Source {
    name: &'static str,
    sha256: &'static str,
}

const TRAINING_PIXELS: Source = Source {
    name: "train-images-idx3-ubyte",
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
};
const TRAINING_LABELS: Source = Source {
    name: "train-labels-idx1-ubyte",
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
};
const TEST_PIXELS: Source = Source {
    name: "t10k-images-idx3-ubyte",
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
};
const TEST_LABELS: Source = Source {
    name: "t10k-labels-idx1-ubyte",
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};
const SOURCES: [&Source; 4] = [&TRAINING_PIXELS, &TRAINING_LABELS, &TEST_PIXELS, &TEST_LABELS];

/// Images and what they show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// `[images, 28, 28]`: 0 is black paper, 255 is white ink.
    pub pixels: Vec<u8>,
    /// `[images]`: 0 to 9.
    pub labels: Vec<u8>,
}

impl Images {
    /// So many synthetic digits.
    pub fn drawn(count: usize) -> Self {
        let [images] = synthetic::draw([count]);
        images
    }

    /// The pixels of one image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * SIDE * SIDE..][..SIDE * SIDE]
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// What the network learns from, and what it is tested with.
#[derive(Debug)]
pub struct Digits {
    /// 60,000 images to learn from.
    pub training: Images,
    /// 10,000 images that it never sees while it learns.
    pub test: Images,
    /// `MNIST`, or `synthetic digits`: to stand beside every result.
    pub name: &'static str,
}

impl Digits {
    /// Reads MNIST from `--data`, `MNIST_DIR` or `data/mnist`; draws digits if that is what
    /// was asked for, or if nobody named a folder and there is nothing in the usual one.
    ///
    /// # Errors
    /// [`cli::Misuse`] with the file that is missing, damaged or another, and the cure.
    pub fn load(args: &Args) -> anyhow::Result<Self> {
        if args.synthetic {
            return Ok(Self::drawn());
        }
        let variable = std::env::var_os("MNIST_DIR").filter(|value| !value.is_empty());
        let named = args.data.clone().or_else(|| variable.map(PathBuf::from));
        let folder = named.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
        let nothing_there = SOURCES.iter().all(|source| source.find(&folder).is_none());
        if named.is_none() && nothing_there {
            println!("no MNIST in {FOLDER} (scripts/get-mnist.sh fetches it): synthetic digits");
            return Ok(Self::drawn());
        }
        Self::read(&folder)
    }

    fn drawn() -> Self {
        let [training, test] = synthetic::draw([TRAINING_IMAGES, TEST_IMAGES]);
        Self { training, test, name: "synthetic digits" }
    }

    fn read(folder: &Path) -> anyhow::Result<Self> {
        // Four files, four tasks: level 1's shape. Unpacking and checking takes most of the time.
        let read = |pixels: &Source, labels: &Source| {
            let (pixels, labels) = rayon::join(|| pixels.read(folder), || labels.read(folder));
            let (pixels, labels) = (pixels?, labels?);
            // The checksum vouches for the headers: 16 bytes before pixels, 8 before labels.
            anyhow::Ok(Images { pixels: pixels[16..].to_vec(), labels: labels[8..].to_vec() })
        };
        let (training, test) = rayon::join(
            || read(&TRAINING_PIXELS, &TRAINING_LABELS),
            || read(&TEST_PIXELS, &TEST_LABELS),
        );
        Ok(Self { training: training?, test: test?, name: "MNIST" })
    }
}

impl Source {
    /// The plain file, or the compressed one.
    fn find(&self, folder: &Path) -> Option<PathBuf> {
        let candidates = [self.name.to_string(), format!("{}.gz", self.name)];
        candidates.into_iter().map(|name| folder.join(name)).find(|path| path.exists())
    }

    /// The uncompressed bytes, checked.
    fn read(&self, folder: &Path) -> anyhow::Result<Vec<u8>> {
        let Some(path) = self.find(folder) else {
            return Err(misuse(format!(
                "{} holds no {} (plain or .gz); scripts/get-mnist.sh fetches it, \
                 --synthetic does without",
                folder.display(),
                self.name
            )));
        };
        let bytes = read_file(&path)?;
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        if sha256 == self.sha256 {
            return Ok(bytes);
        }
        let shown = path.display();
        let reason = match SOURCES.iter().find(|source| source.sha256 == sha256) {
            Some(other) => format!("{shown} holds {}: the files are swapped", other.name),
            None => format!("{shown} is damaged or not MNIST's {} (SHA-256 {sha256})", self.name),
        };
        Err(misuse(format!("{reason}; delete it and run scripts/get-mnist.sh")))
    }
}

/// The bytes of a file, uncompressed if its name ends in `.gz`.
///
/// # Errors
/// [`cli::Misuse`] if it cannot be read to its end.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| misuse(format!("cannot open {shown}: {error}")))?;
    let mut bytes = Vec::new();
    let read = if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(io::BufReader::new(file)).read_to_end(&mut bytes)
    } else {
        io::BufReader::new(file).read_to_end(&mut bytes)
    };
    read.map_err(|error| {
        misuse(format!("{shown} is cut short or damaged ({error}); delete it and fetch it again"))
    })?;
    Ok(bytes)
}

/// The images in an IDX file of any length: `[images, 28, 28]`.
///
/// # Errors
/// A phrase that says what is wrong with it.
pub(crate) fn images_from_idx(bytes: &[u8]) -> Result<&[u8], String> {
    let (header, pixels) = bytes.split_at_checked(16).ok_or("it is too short for an IDX file")?;
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize
    };
    if number(0) != 0x0803 {
        return Err("it is no IDX file of images".to_string());
    }
    if (number(8), number(12)) != (SIDE, SIDE) {
        return Err(format!("its images are {}x{}, not {SIDE}x{SIDE}", number(8), number(12)));
    }
    if number(4).checked_mul(SIDE * SIDE) != Some(pixels.len()) || pixels.is_empty() {
        return Err(format!("it promises {} images and holds {} bytes", number(4), pixels.len()));
    }
    Ok(pixels)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many images show each digit.
#[cfg(test)]
pub(crate) fn census(images: &Images) -> [usize; 10] {
    let mut count = [0; 10];
    images.labels.iter().for_each(|&label| count[usize::from(label)] += 1);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A folder with one file in it; the others are missing.
    fn folder(name: &str, file: &str, bytes: &[u8]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("digits-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), bytes).unwrap();
        folder
    }

    fn refusal(name: &str, file: &str, bytes: &[u8]) -> String {
        let folder = folder(name, file, bytes);
        let error = TEST_LABELS.read(&folder).unwrap_err();
        std::fs::remove_dir_all(folder).unwrap();
        assert!(error.is::<cli::Misuse>());
        error.to_string()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_missing_file_is_named_with_the_cure() {
        let line = refusal("missing", "other", b"");
        assert!(line.contains(TEST_LABELS.name) && line.contains("get-mnist.sh"), "{line}");
    }

    #[test]
    fn a_damaged_or_foreign_file_is_named_with_its_checksum() {
        let line = refusal("foreign", TEST_LABELS.name, b"something else");
        assert!(line.contains(TEST_LABELS.name) && line.contains("SHA-256"), "{line}");
        let line = refusal("foreign-gz", "t10k-labels-idx1-ubyte.gz", &gzipped(b"something else"));
        assert!(line.contains("SHA-256"), "{line}");
    }

    #[test]
    fn a_file_that_is_cut_short_is_named() {
        let whole = gzipped(&[7; 10_000]);
        let line = refusal("short", "t10k-labels-idx1-ubyte.gz", &whole[..whole.len() / 2]);
        assert!(line.contains("cut short"), "{line}");
    }

    #[test]
    fn an_idx_file_keeps_its_promises() {
        let header = |magic: u32, count: u32, side: u32| {
            [magic, count, side, side].map(u32::to_be_bytes).concat()
        };
        let two = [header(0x0803, 2, 28), vec![1; 2 * SIDE * SIDE]].concat();
        assert_eq!(images_from_idx(&two).unwrap().len(), 2 * SIDE * SIDE);
        assert!(images_from_idx(&two[..1000]).unwrap_err().contains("promises 2 images"));
        assert!(images_from_idx(&header(0x0801, 2, 28)).unwrap_err().contains("no IDX file"));
        assert!(images_from_idx(&header(0x0803, 2, 32)).unwrap_err().contains("32x32"));
        assert!(images_from_idx(b"short").unwrap_err().contains("too short"));
    }
}
