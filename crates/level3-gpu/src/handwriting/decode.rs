//! The picture in a PNG or JPEG file.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Luma};

/// Pixels of the largest picture that is read.
const MOST_PIXELS: u64 = 40_000_000;

/// Marks in a JPEG.
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Whether these are the first bytes of a PNG or JPEG file.
pub(crate) fn is_picture(file: &[u8]) -> bool {
    file.starts_with(b"\x89PNG") || file.starts_with(b"\xff\xd8\xff")
}

/// The picture in a file in greys, upright. Its size is looked at before memory is asked for.
///
/// # Errors
/// A phrase that says what is wrong with the file.
pub(super) fn decode(file: &[u8]) -> Result<GrayImage, String> {
    let plain = |error: ImageError| match error {
        ImageError::Unsupported(_) => "this kind of PNG or JPEG is not known here".to_string(),
        ImageError::Limits(_) => "it is too large".to_string(),
        _ => "it is damaged or cut short".to_string(),
    };
    let format = if file.starts_with(b"\x89PNG") { ImageFormat::Png } else { ImageFormat::Jpeg };
    if format == ImageFormat::Jpeg && !reaches_its_end(file) {
        return Err("it is damaged or cut short".to_string()); // the decoder would make up the rest
    }
    let reader = ImageReader::with_format(Cursor::new(file), format);
    let mut decoder = reader.into_decoder().map_err(plain)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!(
            "its {width} x {height} pixels are too many; at most {} million are read",
            MOST_PIXELS / 1_000_000
        ));
    }
    // A phone keeps the picture as its sensor lies, and notes how it was held.
    let held = decoder.orientation().map_err(plain)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(plain)?;
    picture.apply_orientation(held);
    Ok(if picture.color().has_alpha() { on_white(picture) } else { picture.into_luma8() })
}

/// Whether a JPEG goes on to the mark of its end. Before the picture lie parts with their length; there may
/// be a small picture in one, with an end of its own.
fn reaches_its_end(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, kind, high, low]) = jpeg.get(at..at + 4)
        && kind != START_OF_SCAN
    {
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    jpeg.get(at..).is_some_and(|picture| picture.windows(2).any(|pair| pair == END_OF_IMAGE))
}

/// A picture that is transparent in parts, laid on white paper, as a viewer shows it.
fn on_white(picture: DynamicImage) -> GrayImage {
    let picture = picture.into_luma_alpha8();
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [value, cover] = picture.get_pixel(x, y).0.map(u32::from);
        Luma([((value * cover + 255 * (255 - cover)) / 255) as u8])
    })
}
