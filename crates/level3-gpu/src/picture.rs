//! Digits in the terminal: two pixels in a character, 28 columns by 14 rows.

use std::fmt::Write;

use crate::digits::Images;
use crate::evaluate::Predictions;
use crate::model::SIDE;

/// Pictures that fit beside each other into 80 columns.
const IN_A_ROW: usize = 2;

/// Above this a pixel is ink, where there are no greys.
const INK: u8 = 100;

/// The images with these numbers, and what the network says about them.
pub(crate) fn of_predictions(
    numbers: &[usize],
    images: &Images,
    predictions: &Predictions,
) -> String {
    let caption = |image: usize| {
        let (digit, sure) = predictions.best(image);
        let label = images.labels[image];
        let wrong = if digit == label { String::new() } else { format!(", but it is a {label}") };
        format!("{digit} at {:.0} %{wrong}", 100.0 * sure)
    };
    let pictures: Vec<_> =
        (numbers.iter()).map(|&image| (images.image(image), caption(image))).collect();
    draw(&pictures, cli::colour())
}

/// Pictures, `[28, 28]` each, with a caption.
pub(crate) fn draw(pictures: &[(&[u8], String)], greys: bool) -> String {
    let mut text = String::new();
    for row in pictures.chunks(IN_A_ROW) {
        for y in (0..SIDE).step_by(2) {
            let lines: Vec<String> =
                row.iter().map(|(image, _)| line_of(&image[y * SIDE..], greys)).collect();
            let _ = writeln!(text, "  {}", lines.join("    ").trim_end());
        }
        let captions: Vec<String> =
            row.iter().map(|(_, caption)| format!("{caption:<SIDE$}")).collect();
        let _ = writeln!(text, "  {}", captions.join("    ").trim_end());
    }
    text
}

/// Two lines of pixels in one line of characters.
fn line_of(pixels: &[u8], greys: bool) -> String {
    let pairs = (0..SIDE).map(|x| (pixels[x], pixels[x + SIDE]));
    if greys {
        // 24 greys of a terminal's 256 colours, from black to white.
        let grey = |pixel: u8| 232 + u32::from(pixel) * 23 / 255;
        let cells =
            pairs.map(|(top, bottom)| format!("\x1b[38;5;{};48;5;{}m▀", grey(top), grey(bottom)));
        return cells.collect::<String>() + "\x1b[0m";
    }
    pairs
        .map(|(top, bottom)| match (top > INK, bottom > INK) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_28_columns_by_14_rows() {
        let image = [255; SIDE * SIDE];
        let text = draw(&[(&image, "1 at 98 %".to_string())], false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), SIDE / 2 + 1);
        assert_eq!(lines[0], format!("  {}", "█".repeat(SIDE)));
        assert_eq!(lines[SIDE / 2], "  1 at 98 %");
    }

    #[test]
    fn half_a_character_is_a_pixel() {
        let mut image = [0; SIDE * SIDE];
        (image[0], image[SIDE + 1]) = (255, 255);
        assert!(draw(&[(&image, String::new())], false).starts_with("  ▀▄\n"));
    }
}
