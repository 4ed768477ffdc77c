//! Digits of MNIST as a phone or a scanner would see them, drawn in code: light, paper, pens,
//! distance. Every picture is the same in every run.

mod scenes;

pub use scenes::{by_chance, scenes};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How a digit is photographed.
#[derive(Clone, Copy)]
pub struct Scene {
    pub name: &'static str,
    width: u32,
    height: u32,
    /// Pixels of the picture for one of the digit's 28.
    scale: f32,
    /// Where the digit's middle is, from 0 to 1.
    middle: [f32; 2],
    /// In radians.
    turned: f32,
    pen: Pen,
    ink: [f32; 3],
    paper: [f32; 3],
    /// How much light falls on a place, both from 0 to 1.
    light: fn(f32, f32) -> f32,
    lines: Lines,
    noise: f32,
    jpeg: bool,
    /// Only the digit, without paper around.
    tight: bool,
    /// The page ends before the picture does.
    table: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Pen {
    /// As broad as it was.
    Own,
    /// One line of this breadth, in pixels of the digit.
    Thin(f32),
    /// So much broader, in pixels of the digit.
    Broader(f32),
}

#[derive(Clone, Copy, PartialEq)]
enum Lines {
    None,
    Ruled,
    Squared,
}

impl Scene {
    /// Light where it is dark, on black.
    pub fn negative(&self) -> Self {
        Self { ink: [255.0; 3], paper: [0.0; 3], ..*self }
    }

    /// Whether there is no paper around the digit.
    pub fn is_tight(&self) -> bool {
        self.tight
    }

    /// The file that the camera writes of this image of MNIST, `[28, 28]`.
    pub fn picture(&self, digit: &[u8], number: u64) -> Vec<u8> {
        let ink = Ink::new(digit, self.pen);
        let mut rng = StdRng::seed_from_u64(number);
        let (mut width, mut height, mut middle) = (self.width, self.height, [0.0; 2]);
        let mut origin = [14.0, 14.0]; // this place of the digit ...
        if self.tight {
            let [left, right, top, bottom] = ink.bounds();
            width = ((right - left) * self.scale) as u32;
            height = ((bottom - top) * self.scale) as u32;
            origin = [left, top];
        } else {
            let mut about =
                |middle: f32, side: u32| middle * side as f32 + rng.random_range(-8.0..8.0);
            middle = [about(self.middle[0], width), about(self.middle[1], height)]; // ... lies here.
        }
        let (sine, cosine) = self.turned.sin_cos();
        let mut picture = RgbImage::new(width, height);
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let (dx, dy) =
                ((x as f32 - middle[0]) / self.scale, (y as f32 - middle[1]) / self.scale);
            let cover = ink.cover(
                origin[0] + dx * cosine + dy * sine,
                origin[1] - dx * sine + dy * cosine,
                self.scale,
            );
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let printed = match self.lines {
                Lines::Ruled => y % 45 < 2,
                Lines::Squared => x % 23 < 1 || y % 23 < 1,
                Lines::None => false,
            };
            let paper = if printed { [150.0, 175.0, 215.0] } else { self.paper };
            let light = (self.light)(u, v);
            let grain = self.noise * 1.7 * rng.random_range(-1.0f32..1.0);
            *pixel = Rgb([0, 1, 2].map(|c| {
                let on_table = self.table && (u < 0.1 || v > 0.9 - 0.05 * u);
                let paper = if on_table { 60.0 } else { paper[c] };
                let colour = cover * self.ink[c] + (1.0 - cover) * paper;
                (colour * light + grain).clamp(0.0, 255.0) as u8
            }));
        }
        let format = if self.jpeg { ImageFormat::Jpeg } else { ImageFormat::Png };
        encoded(picture, format)
    }
}

/// The bytes of a file.
pub fn encoded(picture: RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Finer than a pixel of the digit, to draw a pen's line.
const FINE: usize = 3;
const SIDE: usize = 28;
const FINE_SIDE: usize = FINE * SIDE;

/// Where the ink of a digit is.
struct Ink {
    digit: Vec<f32>,
    /// Distance from the pen's line, in pixels of the digit, `[84, 84]`; empty for the digit's own pen.
    distance: Vec<f32>,
    reach: f32,
}

impl Ink {
    fn new(digit: &[u8], pen: Pen) -> Self {
        let digit: Vec<f32> = digit.iter().map(|&value| f32::from(value) / 255.0).collect();
        let mut ink = Self { digit, distance: Vec::new(), reach: 0.0 };
        if pen == Pen::Own {
            return ink;
        }
        let at = |i: usize| (i as f32 + 0.5) / FINE as f32;
        let mut mask: Vec<bool> = (0..FINE_SIDE * FINE_SIDE)
            .map(|i| ink.grey(at(i % FINE_SIDE), at(i / FINE_SIDE)) > 0.5)
            .collect();
        match pen {
            Pen::Thin(breadth) => {
                thinned(&mut mask);
                ink.reach = breadth / 2.0;
            }
            Pen::Broader(more) => ink.reach = more,
            Pen::Own => {}
        }
        let line: Vec<[f32; 2]> = (0..mask.len())
            .filter(|&i| mask[i])
            .map(|i| [at(i % FINE_SIDE), at(i / FINE_SIDE)])
            .collect();
        ink.distance = (0..mask.len())
            .map(|i| {
                let (x, y) = (at(i % FINE_SIDE), at(i / FINE_SIDE));
                line.iter()
                    .map(|p| (p[0] - x).powi(2) + (p[1] - y).powi(2))
                    .fold(f32::MAX, f32::min)
                    .sqrt()
            })
            .collect();
        ink
    }

    /// The digit's grey at a place, in its own pixels: smooth between their middles.
    fn grey(&self, x: f32, y: f32) -> f32 {
        smooth(&self.digit, SIDE, x - 0.5, y - 0.5, 0.0)
    }

    /// How much of a place is inked, from 0 to 1, with edges as sharp as the picture's pixels.
    fn cover(&self, x: f32, y: f32, scale: f32) -> f32 {
        if self.distance.is_empty() {
            return ((self.grey(x, y) - 0.5) * (scale / 3.0).max(1.0) + 0.5).clamp(0.0, 1.0);
        }
        let fine = FINE as f32;
        let distance = smooth(&self.distance, FINE_SIDE, x * fine - 0.5, y * fine - 0.5, 9.0);
        ((self.reach - distance) * scale + 0.5).clamp(0.0, 1.0)
    }

    /// Left, right, top and bottom of the ink, in pixels of the digit.
    fn bounds(&self) -> [f32; 4] {
        let at = |i: usize| (i as f32 + 0.5) / FINE as f32;
        let inked: Vec<usize> = (0..FINE_SIDE * FINE_SIDE)
            .filter(|&i| self.cover(at(i % FINE_SIDE), at(i / FINE_SIDE), 10.0) > 0.5)
            .collect();
        let (xs, ys) =
            (inked.iter().map(|i| at(i % FINE_SIDE)), inked.iter().map(|i| at(i / FINE_SIDE)));
        let low = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::MAX, f32::min) - 0.1;
        let high = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max) + 0.1;
        [low(&mut xs.clone()), high(&mut xs.clone()), low(&mut ys.clone()), high(&mut ys.clone())]
    }
}

/// A value between those of a grid.
fn smooth(grid: &[f32], side: usize, x: f32, y: f32, outside: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let at = |x: f32, y: f32| {
        let range = 0.0..side as f32;
        if range.contains(&x) && range.contains(&y) {
            grid[y as usize * side + x as usize]
        } else {
            outside
        }
    };
    let (right, down) = (x - left, y - top);
    let row = |y: f32| at(left, y) * (1.0 - right) + at(left + 1.0, y) * right;
    row(top) * (1.0 - down) + row(top + 1.0) * down
}

/// Takes pixels from the edge until lines are one pixel broad (Zhang and Suen, 1984).
fn thinned(mask: &mut [bool]) {
    loop {
        let mut changed = false;
        for second in [false, true] {
            let remove: Vec<usize> = (0..mask.len())
                .filter(|&i| {
                    let (x, y) = (i % FINE_SIDE, i / FINE_SIDE);
                    if !mask[i] || x == 0 || y == 0 || x + 1 == FINE_SIDE || y + 1 == FINE_SIDE {
                        return false;
                    }
                    let w = FINE_SIDE;
                    let n =
                        [i - w, i - w + 1, i + 1, i + w + 1, i + w, i + w - 1, i - 1, i - w - 1]
                            .map(|i| mask[i]);
                    let count = n.iter().filter(|&&inked| inked).count();
                    let turns = (0..8).filter(|&k| !n[k] && n[(k + 1) % 8]).count();
                    let (a, b) = if second {
                        (n[0] && n[2] && n[6], n[0] && n[4] && n[6])
                    } else {
                        (n[0] && n[2] && n[4], n[2] && n[4] && n[6])
                    };
                    (2..=6).contains(&count) && turns == 1 && !a && !b
                })
                .collect();
            changed |= !remove.is_empty();
            remove.into_iter().for_each(|i| mask[i] = false);
        }
        if !changed {
            return;
        }
    }
}
