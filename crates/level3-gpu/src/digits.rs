//! Digits: pictures, and what they show.

use common::plural;

use crate::model::SIDE;

/// Images in MNIST's training set, and in the one that is drawn.
pub const TRAINING_IMAGES: usize = 60_000;

/// Images in MNIST's test set, and in the one that is drawn.
pub const TEST_IMAGES: usize = 10_000;

/// Images and what they show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// `[images, 28, 28]`: 0 is black paper, 255 is white ink.
    pub pixels: Vec<u8>,
    /// `[images]`: 0 to 9.
    pub labels: Vec<u8>,
}

impl Images {
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

/// The images in an IDX file of any length: `[images, 28, 28]`.
///
/// # Errors
/// A phrase that says what is wrong with it.
pub(crate) fn images_from_idx(bytes: &[u8]) -> Result<&[u8], String> {
    let (header, pixels) = bytes.split_at_checked(16).ok_or("it is too short for an IDX file")?;
    let words = header.as_chunks().0;
    let [kind, count, rows, columns] = [0, 1, 2, 3].map(|n| u32::from_be_bytes(words[n]) as usize);
    if kind != 0x0803 {
        return Err("it is no IDX file of images".to_string());
    }
    if (rows, columns) != (SIDE, SIDE) {
        return Err(format!("its images are {rows}x{columns}, not {SIDE}x{SIDE}"));
    }
    if count.checked_mul(SIDE * SIDE) != Some(pixels.len()) || pixels.is_empty() {
        let promised = plural(count, "image");
        return Err(format!("it promises {promised} and holds {}", plural(pixels.len(), "byte")));
    }
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

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
