//! A photograph or a scan of one digit, prepared as the digits of MNIST were.
//!
//! The network knows digits that fill a box of 20 x 20 pixels, white on black, with their centre
//! of mass in the middle of 28 x 28. A phone sees a small digit somewhere on a page, in uneven
//! light, drawn with any pen. [`prepare`] turns the one into the other:
//!
//! 1. Paper is what is left when thin dark strokes are painted over by their surroundings (a
//!    *closing*); ink is what is darker than the paper around it, so shadows do not count.
//! 2. The ink that hangs together is cut out; specks and the edge of the table are left behind.
//! 3. It is scaled, a thin pen is made as broad as MNIST's, and it is moved to the middle.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Luma};

use crate::model::SIDE;

/// Pixels of the largest picture that is read.
const MOST_PIXELS: u64 = 40_000_000;

/// The longest side, in pixels, at which the digit is looked for.
const LOOKED_AT: u32 = 1000;

/// Pixels of the box that a digit of MNIST fills.
const BOX: f32 = 20.0;

/// How broad a pen is at least in that box: MNIST's pens are 2 to 3 pixels broad.
const PEN: f32 = 2.2;

/// Ink that takes less than this share of the paper's light is not told from the paper.
const FAINT: f32 = 0.12;

/// A number for each pixel.
type Map = ImageBuffer<Luma<f32>, Vec<f32>>;

/// The digit in a PNG or JPEG file as the network knows digits: `[28, 28]`, white on black.
///
/// The picture may have any size up to 40 megapixels, dark ink on light paper or the reverse.
///
/// # Errors
/// A phrase that says why there is no digit to read: the file is damaged or too large, the paper
/// is blank, or there is more than one digit on it.
pub fn prepare(file: &[u8]) -> Result<Vec<u8>, String> {
    let ink = ink(light(file)?)?;
    Ok(fit(&only_digit(ink)?))
}

/// Whether these are the first bytes of a file that [`prepare`] reads.
pub(crate) fn is_picture(file: &[u8]) -> bool {
    file.starts_with(b"\x89PNG") || file.starts_with(b"\xff\xd8\xff")
}

/// How light each pixel is, at a size that is quick to work with; ink is dark.
fn light(file: &[u8]) -> Result<Map, String> {
    let picture = decode(file)?;
    let grey = if picture.color().has_alpha() { on_paper(picture) } else { picture.into_luma8() };
    let (width, height) = grey.dimensions();
    let longest = width.max(height);
    let grey = if longest > LOOKED_AT {
        let scaled =
            |side: u32| (u64::from(side) * u64::from(LOOKED_AT) / u64::from(longest)).max(1) as u32;
        imageops::thumbnail(&grey, scaled(width), scaled(height))
    } else {
        grey
    };
    let (width, height) = grey.dimensions();
    let values = grey.into_raw().into_iter().map(f32::from).collect();
    let grain = u32::from(width.min(height) > 100); // a tiny picture shows none
    let mut light = blurred(&map(width, height, values), grain);
    if ink_is_light(&light) {
        light.iter_mut().for_each(|value| *value = 255.0 - *value);
    }
    Ok(light)
}

fn decode(file: &[u8]) -> Result<DynamicImage, String> {
    let plain = |error: ImageError| match error {
        ImageError::Unsupported(_) => "this kind of PNG or JPEG is not known here".to_string(),
        ImageError::Limits(_) => "it is too large".to_string(),
        _ => "it is damaged or cut short".to_string(),
    };
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
    let mut decoder = reader.map_err(|error| error.to_string())?.into_decoder().map_err(plain)?;
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
    Ok(picture)
}

/// A picture that is transparent in parts, laid on paper: on the paper that it shows itself, or,
/// if it shows nothing but ink, on paper from which the ink stands out.
fn on_paper(picture: DynamicImage) -> GrayImage {
    let picture = picture.into_luma_alpha8();
    let mut opaque: Vec<u8> = picture.pixels().filter(|p| p.0[1] > 127).map(|p| p.0[0]).collect();
    opaque.sort_unstable();
    let middle = opaque.get(opaque.len() / 2).copied().unwrap_or(255);
    let range = opaque.last().unwrap_or(&0) - opaque.first().unwrap_or(&0);
    let contrast = if middle > 127 { 0 } else { 255 };
    let paper = if range > 64 { middle } else { contrast };
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [value, cover] = picture.get_pixel(x, y).0.map(u32::from);
        Luma([((value * cover + u32::from(paper) * (255 - cover)) / 255) as u8])
    })
}

/// Whether light ink was written on dark paper. Most of a picture is paper: ink is what departs
/// from the middle value the most, compared by ratio, because in the shade all is darker.
fn ink_is_light(light: &Map) -> bool {
    let mut sorted = light.as_raw().clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f32| sorted[((sorted.len() - 1) as f32 * share) as usize] + 16.0;
    let (darkest, middle, lightest) = (at(0.0002), at(0.5), at(0.9998));
    if lightest / middle <= middle / darkest {
        return false;
    }
    // A broad stroke that fills the picture can be most of it. Then it is the paper that comes in
    // several pieces along the edge, and the stroke in one.
    let between = (darkest + lightest) / 2.0 - 16.0;
    let (width, height) = light.dimensions();
    let pieces = |dark: bool| {
        let mask: Vec<bool> = light.iter().map(|&value| (value < between) == dark).collect();
        let counts = |g: &&Group| g.pixels.len() > mask.len() / 50 && g.touches_edge(width, height);
        groups(&mask, width, height).iter().filter(counts).count()
    };
    pieces(true) >= pieces(false)
}

/// How much of the paper's light the ink takes at each pixel, from 0 to 1.
fn ink(light: Map) -> Result<Map, String> {
    let (width, height) = light.dimensions();
    let few = (light.len() / 50).clamp(1, 100);
    // The same with paper found by larger and larger windows, until no stroke is too broad.
    let mut covers = Vec::new();
    let mut paper = light.clone();
    let (mut radius, mut step) = (0, 1);
    while radius < width.max(height) as usize {
        widen(&mut paper, step, f32::max);
        radius += step;
        let mut closed = paper.clone();
        let (mut done, mut back) = (0, 1);
        while done < radius {
            widen(&mut closed, back, f32::min);
            done += back;
            back = 2 * done + 1;
        }
        let cover =
            light.iter().zip(closed.iter()).map(|(l, p)| 1.0 - (l + 1.0) / (p.max(24.0) + 1.0));
        covers.push(map(width, height, cover.collect()));
        step = 2 * radius + 1;
    }
    let level = |cover: &Map| {
        let mut values = cover.as_raw().clone();
        *values.select_nth_unstable_by(few - 1, |a, b| b.total_cmp(a)).1
    };
    let most = covers.last().map_or(0.0, level);
    let inked = |cover: &Map| cover.iter().filter(|&&value| value > most / 2.0).count() as f32;
    let enough =
        |pair: &[Map]| level(&pair[0]) > 0.75 * most && inked(&pair[0]) > 0.8 * inked(&pair[1]);
    let at = covers.windows(2).position(enough).unwrap_or(covers.len() - 1);
    let mut cover = covers.swap_remove(at);
    let level = level(&cover);
    if level < FAINT {
        return Err("there is no ink to be seen".to_string());
    }
    // Lines that are printed on the paper are fainter than the ink, most of the time.
    cover.iter_mut().for_each(|value| *value = ((*value / level - 0.3) / 0.5).clamp(0.0, 1.0));
    Ok(cover)
}

/// The largest (or smallest) value among each pixel's neighbours `step` away. Called with steps
/// of 1, 3, 9 and so on, it covers a square window without a gap.
fn widen(map: &mut Map, step: usize, pick: fn(f32, f32) -> f32) {
    let (width, height) = (map.width() as usize, map.height() as usize);
    for (columns, rows) in [(step, 0), (0, step)] {
        let old = map.as_raw().clone();
        for (y, line) in map.chunks_exact_mut(width).enumerate() {
            let above = &old[y.saturating_sub(rows) * width..][..width];
            let below = &old[(y + rows).min(height - 1) * width..][..width];
            for (x, value) in line.iter_mut().enumerate() {
                let (left, right) = (x.saturating_sub(columns), (x + columns).min(width - 1));
                *value = pick(*value, pick(above[left], below[right]));
            }
        }
    }
}

/// Ink that hangs together, and the box around it.
#[derive(Debug, Clone)]
struct Group {
    pixels: Vec<usize>,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Group {
    fn size(&self) -> usize {
        (self.right - self.left).max(self.bottom - self.top) + 1
    }

    fn touches_edge(&self, width: u32, height: u32) -> bool {
        let (right, bottom) = (self.right as u32 + 1, self.bottom as u32 + 1);
        self.left == 0 || self.top == 0 || right == width || bottom == height
    }

    /// How many pixels of paper lie between two boxes; 0 where they touch.
    fn gap(&self, other: &Self) -> usize {
        let between = |low: usize, high: usize| low.saturating_sub(high);
        let across = between(other.left, self.right).max(between(self.left, other.right));
        let down = between(other.top, self.bottom).max(between(self.top, other.bottom));
        across.max(down)
    }

    fn join(&mut self, other: Self) {
        self.pixels.extend(other.pixels);
        self.left = self.left.min(other.left);
        self.right = self.right.max(other.right);
        self.top = self.top.min(other.top);
        self.bottom = self.bottom.max(other.bottom);
    }
}

/// Pixels of the mask that touch each other, the largest group first.
fn groups(mask: &[bool], width: u32, height: u32) -> Vec<Group> {
    let (width, height) = (width as usize, height as usize);
    let mut left_over = mask.to_vec();
    let mut groups = Vec::new();
    for start in 0..mask.len() {
        if !std::mem::take(&mut left_over[start]) {
            continue;
        }
        let (x, y) = (start % width, start / width);
        let mut group = Group { pixels: vec![start], left: x, right: x, top: y, bottom: y };
        let mut next = 0;
        while let Some(&pixel) = group.pixels.get(next) {
            next += 1;
            let (x, y) = (pixel % width, pixel / width);
            group.left = group.left.min(x);
            group.right = group.right.max(x);
            group.top = group.top.min(y);
            group.bottom = group.bottom.max(y);
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    if std::mem::take(&mut left_over[y * width + x]) {
                        group.pixels.push(y * width + x);
                    }
                }
            }
        }
        groups.push(group);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.pixels.len()));
    groups
}

/// The digit alone, cut out.
fn only_digit(ink: Map) -> Result<Map, String> {
    let (width, height) = ink.dimensions();
    let mask: Vec<bool> = ink.iter().map(|&value| value > 0.5).collect();
    let mut groups = groups(&mask, width, height);
    // What touches the edge of the picture is the table or a shadow, if there is something else.
    let inside = |group: &Group| !group.touches_edge(width, height);
    let largest = groups.first().map_or(0, |group| group.pixels.len());
    let least = largest / 10;
    if groups.iter().any(|group| inside(group) && group.pixels.len() > least) {
        groups.retain(inside);
    }
    let mut groups = groups.into_iter();
    let mut digit = groups.next().ok_or("there is no ink to be seen")?;
    if digit.size() < 6 || digit.size() < ink.width().max(ink.height()) as usize / 50 {
        return Err("there is nothing larger than specks on the paper".to_string());
    }
    // A digit may come in pieces: a bar that does not quite touch.
    let main = digit.pixels.len();
    let mut others: Vec<Group> = groups.filter(|group| group.pixels.len() > main / 50).collect();
    while let Some(near) = others.iter().position(|g| digit.gap(g) <= digit.size() / 10) {
        digit.join(others.remove(near));
    }
    let (across, down) = (digit.right - digit.left + 1, digit.bottom - digit.top + 1);
    if others.iter().any(|g| g.pixels.len() > main / 4) || 2 * across > 3 * down {
        return Err("there is more than one digit, or something else beside it; \
                    one digit at a time can be read"
            .to_string());
    }
    // The soft edge of a stroke belongs to it.
    let mut own = vec![0.0; mask.len()];
    digit.pixels.iter().for_each(|&pixel| own[pixel] = 1.0);
    let mut own = map(width, height, own);
    widen(&mut own, 1, f32::max);
    let values = ink.iter().zip(own.iter()).map(|(value, own)| value * own).collect();
    let ink = map(width, height, values);
    let (left, top) = (digit.left.saturating_sub(1) as u32, digit.top.saturating_sub(1) as u32);
    let right = (digit.right as u32 + 2).min(width);
    let bottom = (digit.bottom as u32 + 2).min(height);
    Ok(imageops::crop_imm(&ink, left, top, right - left, bottom - top).to_image())
}

/// The digit in a box of 20 x 20, drawn with a pen like MNIST's, its centre of mass in the middle.
fn fit(digit: &Map) -> Vec<u8> {
    let (width, height) = digit.dimensions();
    let scale = BOX / width.max(height) as f32;
    // A stroke has two edges as long as itself: its breadth is its area by half of its edge.
    let area: f32 = digit.iter().sum();
    let pen = 2.0 * area / edge(digit).max(1.0) * scale;
    let digit = if pen < PEN {
        let reach = ((PEN - pen) / scale / 2.0).round() as u32;
        blurred(&padded(digit, reach), reach)
    } else {
        digit.clone()
    };
    let (width, height) = digit.dimensions();
    let scale = BOX / width.max(height) as f32;
    let scaled = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, BOX as u32);
    let small = imageops::resize(&digit, scaled(width), scaled(height), FilterType::Triangle);

    // Ink is white in the middle of its strokes.
    let mut values: Vec<f32> = small.iter().copied().filter(|&value| value > 0.1).collect();
    values.sort_unstable_by(f32::total_cmp);
    let white = values.get(values.len() * 7 / 10).copied().unwrap_or(1.0);
    let mass: f32 = small.iter().sum();
    let centre = |along: fn(u32, u32) -> u32| {
        small.enumerate_pixels().map(|(x, y, v)| along(x, y) as f32 * v.0[0]).sum::<f32>() / mass
    };
    let middle = (SIDE as f32 - 1.0) / 2.0;
    let place = |centre: f32, side: u32| {
        ((middle - centre).round() as i64).clamp(0, (SIDE as u32 - side).into()) as usize
    };
    let left = place(centre(|x, _| x), small.width());
    let top = place(centre(|_, y| y), small.height());
    let mut image = vec![0; SIDE * SIDE];
    for (x, y, value) in small.enumerate_pixels() {
        let value = (255.0 * value.0[0] / white).min(255.0) as u8;
        image[(top + y as usize) * SIDE + left + x as usize] = value;
    }
    image
}

/// How long the edge between ink and paper is, in pixels: the sum of the slopes.
fn edge(digit: &Map) -> f32 {
    let digit = padded(digit, 1);
    let at = |x: u32, y: u32| digit.get_pixel(x, y).0[0];
    let inner = (0..digit.height() - 1).flat_map(|y| (0..digit.width() - 1).map(move |x| (x, y)));
    inner.map(|(x, y)| (at(x + 1, y) - at(x, y)).hypot(at(x, y + 1) - at(x, y))).sum()
}

/// With so many pixels of paper around.
fn padded(ink: &Map, around: u32) -> Map {
    let mut wide = Map::new(ink.width() + 2 * around, ink.height() + 2 * around);
    imageops::replace(&mut wide, ink, around.into(), around.into());
    wide
}

/// The mean over a square window around each pixel, as far as it lies in the picture.
fn blurred(values: &Map, radius: u32) -> Map {
    let (width, height) = values.dimensions();
    let mut old = values.clone();
    for vertical in [false, true] {
        let (lines, length) = if vertical { (width, height) } else { (height, width) };
        let mut new = old.clone();
        for line in 0..lines {
            let place = |i: u32| if vertical { (line, i) } else { (i, line) };
            let at = |i: u32| {
                let (x, y) = place(i);
                old.get_pixel(x, y).0[0]
            };
            let mut sum: f32 = (0..radius.min(length)).map(at).sum();
            for i in 0..length {
                if i + radius < length {
                    sum += at(i + radius);
                }
                if i > radius {
                    sum -= at(i - radius - 1);
                }
                let count = (i + radius).min(length - 1) - i.saturating_sub(radius) + 1;
                let (x, y) = place(i);
                new.put_pixel(x, y, Luma([sum / count as f32]));
            }
        }
        old = new;
    }
    old
}

fn map(width: u32, height: u32, values: Vec<f32>) -> Map {
    Map::from_raw(width, height, values).expect("a value for each pixel")
}
