//! A photograph or a scan of one digit, prepared as the digits of MNIST were.
//!
//! The network knows digits that fill a box of 20 x 20 pixels, white on black, with their centre
//! of mass in the middle of 28 x 28. A phone sees a small digit somewhere on a page, in uneven
//! light, drawn with any pen. [`prepare`] turns the one into the other in four steps, and each is
//! a function below:
//!
//! 1. [`light`]: the picture in greys, small enough to work with, with dark ink on light paper.
//! 2. [`ink`]: what is darker than the paper around it, so that shadows do not count.
//! 3. [`cut_out`]: the largest piece of ink; specks and the edge of the table are left behind.
//! 4. [`fit`]: the digit scaled to its box and moved to the middle, a thin pen made broader.

mod decode;

use image::GrayImage;
use image::imageops::{self, FilterType};

pub(crate) use decode::is_picture;

use crate::model::SIDE;
use decode::decode;

/// The longest side, in pixels, at which the digit is looked for.
const LOOKED_AT: f32 = 800.0;

/// Pixels of the box that a digit of MNIST fills.
const BOX: f32 = 20.0;

/// How broad a pen is at least in that box: MNIST's pens are 2 to 3 pixels broad.
const PEN: f32 = 2.2;

/// Ink that takes less than this of the paper's light, of 255, is not told from the paper.
const FAINT: u8 = 30;

const NO_INK: &str = "there is no single digit to see: no ink, or too little of it; \
                      go nearer, or crop the picture";
const NO_DIGIT: &str = "there is no single digit to see; \
                        one at a time is read, drawn with a pen: crop the picture to it";

/// The digit in a PNG or JPEG file as the network knows digits: `[28, 28]`, white on black.
///
/// The picture may have any size up to 40 megapixels, dark ink on light paper or the reverse.
///
/// # Errors
/// A phrase that says why there is no digit to read: the file is damaged or too large, the paper
/// is blank, or there is more than one digit on it.
pub fn prepare(file: &[u8]) -> Result<Vec<u8>, String> {
    let light = light(file)?;
    let digit = ink(&light).and_then(|ink| cut_out(&ink));
    // A picture full of light ink looks like light paper, and the hole of a 0 like dark ink on it. So
    // where nothing dark was found, or nothing that a pen draws, look for light ink once more.
    if !digit.as_ref().is_ok_and(is_a_line_inside)
        && let Some(digit) = light_and_tight(light)
    {
        return Ok(fit(digit));
    }
    digit.map(fit)
}

/// How light each pixel is, at a size that is quick to work with; ink is dark.
fn light(file: &[u8]) -> Result<GrayImage, String> {
    let grey = decode(file)?;
    let longest = grey.width().max(grey.height()) as f32;
    let shrunk = |side: u32| ((side as f32 * (LOOKED_AT / longest).min(1.0)) as u32).max(1);
    let small = imageops::thumbnail(&grey, shrunk(grey.width()), shrunk(grey.height()));
    // A camera's noise is one pixel wide. A tiny picture has none, and no pixel to spare.
    let noise = longest.min(LOOKED_AT) / 600.0;
    let mut light = imageops::blur(&small, noise);
    if ink_is_light(&light) {
        imageops::invert(&mut light);
    }
    Ok(light)
}

/// Whether light ink was written on dark paper. Paper is most of the picture, and most of its edge.
fn ink_is_light(light: &GrayImage) -> bool {
    let all = sorted(light.iter().copied());
    ink_is_lighter_than(all[all.len() / 2], light) && ink_is_lighter_than(edge(light), light)
}

/// Whether lighter pixels depart more from the paper than darker ones. Compared by ratio, because in
/// the shade all is darker.
fn ink_is_lighter_than(paper: u8, light: &GrayImage) -> bool {
    let (all, few) = (sorted(light.iter().copied()), few(light));
    let ratio = |high: u8, low: u8| (f32::from(high) + 16.0) / (f32::from(low) + 16.0);
    ratio(all[all.len() - few], paper) > ratio(paper, all[few - 1])
}

/// The median of the pixels at the edge of a picture.
fn edge(light: &GrayImage) -> u8 {
    let (right, bottom) = (light.width() - 1, light.height() - 1);
    let at_edge = |x, y| x == 0 || y == 0 || x == right || y == bottom;
    let edge = light.enumerate_pixels().filter(|&(x, y, _)| at_edge(x, y)).map(|(_, _, v)| v.0[0]);
    let edge = sorted(edge);
    edge[edge.len() / 2]
}

/// A light digit that was cut out so tightly that most of the picture is ink. Then it fills the
/// picture, and only the edge is still paper.
fn light_and_tight(mut light: GrayImage) -> Option<GrayImage> {
    if !ink_is_lighter_than(edge(&light), &light) {
        return None;
    }
    imageops::invert(&mut light);
    let digit = cut_out(&ink(&light).ok()?).ok()?;
    let [left, right, top, bottom] = bounds(inked(&digit));
    let fills = |side: u32, whole: u32| 10 * side > 9 * whole;
    (fills(right - left + 1, light.width()) && fills(bottom - top + 1, light.height()))
        .then_some(digit)
}

/// Whether this is a line with paper around it. A spot is none, and what reaches the picture's edge
/// may be paper beside a light digit.
fn is_a_line_inside(digit: &GrayImage) -> bool {
    let (width, height) = digit.dimensions();
    let [left, right, top, bottom] = bounds(inked(digit));
    let margin = width.max(height) / 30 + 1;
    let inside =
        left > margin && right + margin < width && top > margin && bottom + margin < height;
    inside && area(digit) > 14.0 * pen(digit).powi(2)
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values
}

/// Pixels that are enough to be more than dust.
fn few(picture: &GrayImage) -> usize {
    (picture.len() / 50).clamp(1, 100)
}

/// How much of the paper's light the ink takes at each pixel: 0 is paper, 255 the darkest ink.
fn ink(light: &GrayImage) -> Result<GrayImage, String> {
    let mut ink = light.clone();
    for (value, paper) in ink.iter_mut().zip(paper(light).iter()) {
        // 16 is added so that noise in the dark is no ink.
        *value = 255 - (255 * (u32::from(*value) + 16) / (u32::from(*paper) + 16)) as u8;
    }
    let darkest = sorted(ink.iter().copied())[ink.len() - few(light)];
    if darkest < FAINT {
        return Err(NO_INK.to_string());
    }
    // Lines that are printed on the paper, and what is left of a shadow, are fainter than the ink.
    for value in ink.iter_mut() {
        *value = (255.0 * (f32::from(*value) / f32::from(darkest) - 0.3) / 0.5) as u8;
    }
    Ok(ink)
}

/// The paper without the ink: a pixel is as light as the lightest one in a window around it, for
/// the window among all those around it where that is least. The field calls it a *closing*. Strokes
/// are narrower than the window, so paper covers them; a shadow is broader, or goes on beyond
/// the picture, so it stays.
fn paper(light: &GrayImage) -> GrayImage {
    let (width, height) = light.dimensions();
    let radius = width.max(height) / 4;
    let paper = spread(spread(padded(light, radius), radius, u8::max), radius, u8::min);
    imageops::crop_imm(&paper, radius, radius, width, height).to_image()
}
/// The largest (or the smallest) value in a square window around each pixel.
fn spread(mut values: GrayImage, radius: u32, pick: impl Fn(u8, u8) -> u8) -> GrayImage {
    let (width, height) = (values.width() as usize, values.height() as usize);
    // Windows of three pixels, then three of those windows side by side, and so on.
    let (mut done, radius) = (0, radius as usize);
    while done < radius {
        let step = (2 * done + 1).min(radius - done);
        for (across, down) in [(step, 0), (0, step)] {
            let old = values.to_vec();
            for (y, line) in values.chunks_exact_mut(width).enumerate() {
                let above = &old[y.saturating_sub(down) * width..][..width];
                let below = &old[(y + down).min(height - 1) * width..][..width];
                for (value, &other) in line[across.min(width)..].iter_mut().zip(above) {
                    *value = pick(*value, other);
                }
                for (value, &other) in line.iter_mut().zip(&below[across.min(width)..]) {
                    *value = pick(*value, other);
                }
            }
        }
        done += step;
    }
    values
}

/// Ink that hangs together: the places of its pixels.
type Piece = Vec<(u32, u32)>;

/// The pieces of ink, the largest first.
fn pieces(ink: &GrayImage) -> Vec<Piece> {
    let (width, height) = ink.dimensions();
    let mut left = ink.clone(); // what is in no piece yet
    let mut take = |x, y| std::mem::take(&mut left.get_pixel_mut(x, y).0[0]) > 127;
    let mut pieces = Vec::new();
    for (x, y, _) in ink.enumerate_pixels() {
        if !take(x, y) {
            continue;
        }
        let mut piece = vec![(x, y)];
        let mut next = 0;
        while let Some(&(x, y)) = piece.get(next) {
            next += 1;
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    if take(x, y) {
                        piece.push((x, y));
                    }
                }
            }
        }
        pieces.push(piece);
    }
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces
}

/// The digit alone, where it was: the largest piece of ink with what lies close to it.
fn cut_out(ink: &GrayImage) -> Result<GrayImage, String> {
    let (width, height) = ink.dimensions();
    let largest = |ink: &GrayImage| {
        let mut pieces = pieces(ink);
        // What touches the edge is the table or a shadow, if there is as much somewhere else.
        let inside = |piece: &Piece| {
            let [left, right, top, bottom] = bounds(piece.iter().copied());
            left > 0 && top > 0 && right + 1 < width && bottom + 1 < height
        };
        let least = pieces.first().map_or(0, |piece| piece.len() / 10);
        if pieces.iter().any(|piece| piece.len() > least && inside(piece)) {
            pieces.retain(inside);
        }
        pieces
    };
    let size = largest(ink).first().map_or(0, |piece| {
        let [left, right, top, bottom] = bounds(piece.iter().copied());
        (right - left).max(bottom - top) + 1
    });
    if size < 6 || size < width.max(height) / 50 {
        return Err(NO_DIGIT.to_string());
    }
    // A bar that does not quite touch belongs to the digit: made a little broader, it touches.
    let pieces = largest(&spread(ink.clone(), size / 10, u8::max));
    let digit = &pieces[0];
    let another = pieces.get(1).is_some_and(|other| other.len() > digit.len() / 4);
    // The pieces were made broader; the digit is the ink that lies in them.
    let mut alone = GrayImage::new(width, height);
    digit.iter().for_each(|&(x, y)| alone.put_pixel(x, y, *ink.get_pixel(x, y)));
    if another || !is_a_line(&alone) { Err(NO_DIGIT.to_string()) } else { Ok(alone) }
}

/// Whether this is what a pen draws for one digit: a line that is much longer than broad, and at most five
/// times as long as the digit is high. Of MNIST's digits all are; a spot, a dash, a page of text and
/// most pairs of digits that touch are not.
fn is_a_line(digit: &GrayImage) -> bool {
    let [_, _, top, bottom] = bounds(inked(digit));
    let (pen, height) = (pen(digit), (bottom - top + 1) as f32);
    let length = area(digit) / pen;
    length > 5.2 * pen && length < 5.0 * height
}

/// Pixels with ink.
fn inked(digit: &GrayImage) -> impl Iterator<Item = (u32, u32)> {
    digit.enumerate_pixels().filter(|(_, _, value)| value.0[0] > 127).map(|(x, y, _)| (x, y))
}

/// The first and the last column of some pixels, and the first and the last row.
fn bounds(places: impl Iterator<Item = (u32, u32)>) -> [u32; 4] {
    places.fold([u32::MAX, 0, u32::MAX, 0], |[left, right, top, bottom], (x, y)| {
        [left.min(x), right.max(x), top.min(y), bottom.max(y)]
    })
}

fn area(digit: &GrayImage) -> f32 {
    inked(digit).count() as f32
}

/// How broad the pen was, in pixels. A stroke has two edges as long as itself: its breadth is its
/// area by half of its edge.
fn pen(digit: &GrayImage) -> f32 {
    let core = area(&spread(padded(digit, 1), 1, u8::min));
    2.0 * area(digit) / (area(digit) - core).max(1.0)
}

/// The digit in a box of 20 x 20, drawn with a pen like MNIST's, its centre of mass in the middle.
fn fit(digit: GrayImage) -> Vec<u8> {
    let [left, right, top, bottom] = bounds(inked(&digit));
    let digit =
        imageops::crop_imm(&digit, left, top, right - left + 1, bottom - top + 1).to_image();
    let scale = BOX / digit.width().max(digit.height()) as f32;
    let missing = ((PEN / scale - pen(&digit)) / 2.0).max(0.0).round() as u32;
    let digit = spread(padded(&digit, missing), missing, u8::max);

    let scale = BOX / digit.width().max(digit.height()) as f32;
    let scaled = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, BOX as u32);
    let (width, height) = (scaled(digit.width()), scaled(digit.height()));
    let small = imageops::resize(&digit, width, height, FilterType::Triangle);
    let brightest = f32::from(*small.iter().max().unwrap_or(&255)).max(1.0);
    let mass: f32 = small.iter().map(|&value| f32::from(value)).sum();
    let place = |along: fn(u32, u32) -> u32, side: u32| {
        let moments =
            small.enumerate_pixels().map(|(x, y, v)| along(x, y) as f32 * f32::from(v.0[0]));
        let centre = moments.sum::<f32>() / mass.max(1.0);
        let middle = (SIDE as f32 - 1.0) / 2.0;
        (middle - centre).round().clamp(0.0, SIDE as f32 - side as f32) as usize
    };
    let (left, top) = (place(|x, _| x, width), place(|_, y| y, height));
    let mut image = vec![0; SIDE * SIDE];
    for (x, y, value) in small.enumerate_pixels() {
        image[(top + y as usize) * SIDE + left + x as usize] =
            (255.0 * f32::from(value.0[0]) / brightest) as u8;
    }
    image
}

/// The picture with so many black pixels around.
fn padded(picture: &GrayImage, around: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let mut wide = GrayImage::new(width + 2 * around, height + 2 * around);
    imageops::replace(&mut wide, picture, around.into(), around.into());
    wide
}
