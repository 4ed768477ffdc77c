//! Reading digits from image files with a model that was saved.

use std::path::Path;

use burn_flex::Flex;
use cli::misuse;

use crate::digits::{Images, images_from_idx, read_file};
use crate::evaluate::Predictions;
use crate::model::{Cnn, SIDE};
use crate::on_device::OnDevice;
use crate::picture;

/// Images of a file that are drawn, not only named.
const DRAWN: usize = 4;

/// Says which digits a PNG or IDX file shows, and how sure the model is.
///
/// # Errors
/// [`cli::Misuse`] if the file or the model cannot be read.
pub fn predict(file: &Path, model: &Path) -> anyhow::Result<()> {
    let model = Cnn::<Flex>::load(model, &Default::default())?;
    let bytes = read_file(file)?;
    let refused = |reason: String| misuse(format!("cannot read {}: {reason}", file.display()));
    let pixels = if bytes.starts_with(b"\x89PNG") {
        digit_from_png(&bytes).map_err(refused)?
    } else {
        let reason = |reason| refused(format!("no PNG, and {reason}"));
        images_from_idx(&bytes).map_err(reason)?.to_vec()
    };
    let images = Images { labels: vec![0; pixels.len() / (SIDE * SIDE)], pixels };
    let predictions =
        Predictions::of(&model, &OnDevice::new(&images, images.len(), &Default::default()))?;
    let says = |index: usize| {
        let (digit, sure) = predictions.best(index);
        format!("{digit} at {:.0} %", 100.0 * sure)
    };
    let greys = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let shown: Vec<_> =
        (0..images.len().min(DRAWN)).map(|index| (images.image(index), says(index))).collect();
    print!("{}", picture::draw(&shown, greys));
    (DRAWN..images.len()).for_each(|index| println!("image {}: {}", index + 1, says(index)));
    Ok(())
}

/// A PNG of any size as MNIST shows digits: 28x28, white on black.
fn digit_from_png(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    let (width, height) = (info.width as usize, info.height as usize);
    if width < SIDE || height < SIDE {
        return Err(format!("{width}x{height} pixels are too few; {SIDE}x{SIDE} is the least"));
    }
    let channels = info.color_type.samples();
    // The mean of red, green and blue; what is transparent is paper, like white.
    let grey: Vec<f32> = (pixels[..info.buffer_size()].chunks_exact(channels))
        .map(|pixel| {
            let colours = if channels >= 3 { &pixel[..3] } else { &pixel[..1] };
            let mean = colours.iter().map(|&c| f32::from(c)).sum::<f32>() / colours.len() as f32;
            let cover =
                if channels % 2 == 0 { f32::from(pixel[channels - 1]) / 255.0 } else { 1.0 };
            cover * mean + (1.0 - cover) * 255.0
        })
        .collect();
    // Ink covers less than paper: more light than dark means dark ink on light paper.
    let dark_ink = grey.iter().sum::<f32>() > 127.5 * grey.len() as f32;
    let ink = |x: usize, y: usize| {
        let value = grey[y * width + x];
        if dark_ink { 255.0 - value } else { value }
    };
    // The mean over the part of the picture that each of the 28x28 pixels covers.
    let part = |index: usize, of: usize| index * of / SIDE..(index + 1) * of / SIDE;
    let mean = |row: usize, column: usize| {
        let (rows, columns) = (part(row, height), part(column, width));
        let count = rows.len() * columns.len();
        let sum: f32 =
            rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| ink(x, y)).sum();
        (sum / count as f32).round() as u8
    };
    Ok((0..SIDE * SIDE).map(|index| mean(index / SIDE, index % SIDE)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let data: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect();
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        bytes
    }

    #[test]
    fn dark_ink_on_light_paper_is_turned_round_and_shrunk() {
        let bar = png(56, 84, |x, _| if (20..28).contains(&x) { 0 } else { 255 });
        let image = digit_from_png(&bar).unwrap();
        let line: Vec<u8> = image[..SIDE].to_vec();
        assert!(
            line.iter()
                .enumerate()
                .all(|(x, &ink)| ink == if (10..14).contains(&x) { 255 } else { 0 })
        );
    }

    #[test]
    fn an_image_of_mnist_stays_as_it_is() {
        let image = digit_from_png(&png(28, 28, |x, y| if x == y { 200 } else { 3 })).unwrap();
        assert_eq!((image[0], image[1], image[29]), (200, 3, 200));
    }

    #[test]
    fn what_is_too_small_or_broken_is_refused() {
        assert!(digit_from_png(&png(27, 28, |_, _| 0)).unwrap_err().contains("28x28"));
        let whole = png(28, 28, |_, _| 0);
        assert!(digit_from_png(&whole[..whole.len() / 2]).is_err());
    }
}
