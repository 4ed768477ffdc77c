//! Files that a user names, read in bounded memory.

use std::io::Read;
use std::path::Path;

use cli::{cannot_read, read_at_most};
use sha2::{Digest, Sha256};

/// The first bytes of a file that gzip wrote.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, uncompressed if gzip wrote it, whatever its name.
///
/// # Errors
/// [`cli::Misuse`] if it cannot be read to its end, or holds more than `most` bytes: of an endless
/// one, no more than that is read.
pub(crate) fn read(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    // What does not shrink is a little larger in gzip's format than it is.
    let mut bytes = read_at_most(path, most + most / 1000 + 1000)?;
    if bytes.is_empty() {
        return Err(cannot_read(path, "it is empty"));
    }
    if bytes.starts_with(&GZIP) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .take(most as u64 + 1)
            .read_to_end(&mut plain)
            .map_err(|error| cannot_read(path, format!("it is cut short or damaged ({error})")))?;
        bytes = plain;
    }
    if bytes.len() > most {
        let why = format!("it holds more than the {most} bytes that are expected");
        return Err(cannot_read(path, why));
    }
    Ok(bytes)
}

/// The SHA-256 of these bytes, as `sha256sum` writes it.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;
    use flate2::write::GzEncoder;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Default::default());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn refusal(path: &Path, most: usize) -> String {
        let error = read(path, most).unwrap_err();
        assert!(error.is::<cli::Misuse>(), "{error}");
        error.to_string()
    }

    #[test]
    fn a_compressed_file_of_two_members_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two");
        std::fs::write(&path, [gzipped(b"one "), gzipped(b"two")].concat()).unwrap();
        assert_eq!(read(&path, 100).unwrap(), b"one two");
    }

    #[test]
    fn an_empty_file_is_called_empty() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(refusal(file.path(), 10).ends_with("it is empty"));
    }

    #[test]
    fn no_more_is_read_than_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("much");
        // A file of a terabyte that takes no room, and 100 MB of zeros in 100 KB.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(refusal(&path, 1000).contains("more than the 1000 bytes"));
        std::fs::write(&path, gzipped(&vec![0; 100_000_000])).unwrap();
        assert!(refusal(&path, 1_000_000).contains("more than the 1000000 bytes"));
    }

    #[test]
    fn a_compressed_file_that_is_cut_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short");
        let whole = gzipped(&(0..=255).cycle().take(10_000).collect::<Vec<u8>>());
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(refusal(&path, 100_000).contains("cut short"));
    }
}
