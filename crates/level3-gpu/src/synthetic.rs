//! Digits that are drawn, for a machine without files and without network.
//!
//! Each image is one task of level 1's kind: its random numbers begin at its own number, so it
//! looks the same whichever worker draws it, and however many there are.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

use crate::digits::{Digits, Images, TEST_IMAGES, TRAINING_IMAGES};
use crate::model::{DIGITS, SIDE};

type Point = [f32; 2];
type Stroke = Vec<Point>;

/// The strokes of each digit: points `x,y` in hundredths of a square's side, y downwards. A stroke is
/// a curve through its points; after `|` the next one begins.
const STROKES: [&str; DIGITS] = [
    "50,05 22,22 16,55 30,88 55,94 80,74 84,42 72,14 50,05",
    "34,24 54,05 52,50 50,95",
    "18,26 34,08 64,07 78,28 62,54 36,76 16,93 50,90 84,92",
    "20,14 48,05 76,20 70,40 44,48 74,58 80,78 54,94 18,85",
    "34,06 24,34 16,60 50,61 86,58 | 68,10 64,50 58,95",
    "78,07 52,07 30,08 26,26 24,45 | 24,45 54,38 80,58 70,86 42,95 16,84",
    "68,05 38,26 20,58 26,86 52,95 76,78 70,56 44,52 22,70",
    "16,10 50,09 82,08 62,46 50,70 42,95",
    "62,46 32,32 34,12 58,05 74,20 58,42 28,62 26,86 52,95 76,82 70,58 44,44",
    "78,28 60,46 34,44 24,24 44,06 70,12 78,34 70,64 58,95",
];

/// Straight pieces that a curve is drawn with, between two of its points.
const PIECES: usize = 3;

impl Images {
    /// The synthetic digits with these numbers.
    pub fn drawn(numbers: Range<usize>) -> Self {
        let shapes = STROKES.map(strokes);
        let mut pixels = vec![0; numbers.len() * SIDE * SIDE];
        let labels = (pixels.par_chunks_exact_mut(SIDE * SIDE)) // <- level 1
            .zip(numbers)
            .map(|(image, number)| draw_one(&shapes, number as u64, image))
            .collect();
        Self { pixels, labels }
    }
}

impl Digits {
    /// As many synthetic digits as MNIST has. Training and test share none.
    pub(crate) fn drawn() -> Self {
        let training = Images::drawn(0..TRAINING_IMAGES);
        let test = Images::drawn(TRAINING_IMAGES..TRAINING_IMAGES + TEST_IMAGES);
        Self { training, test, name: "synthetic digits" }
    }
}

/// The strokes of a digit, in a square from 0 to 1.
fn strokes(digit: &str) -> Vec<Stroke> {
    let number = |text: &str| text.parse::<f32>().expect("a number") / 100.0;
    let point = |text: &str| text.split_once(',').map(|(x, y)| [number(x), number(y)]);
    digit.split('|').map(|stroke| stroke.split(' ').filter_map(point).collect()).collect()
}

/// Draws the image with this number and says which digit it shows.
fn draw_one(shapes: &[Vec<Stroke>], number: u64, image: &mut [u8]) -> u8 {
    let mut rng = StdRng::seed_from_u64(number);
    let digit = rng.random_range(0..DIGITS);
    let mut around = |middle: f32, spread: f32| middle + spread * (rng.random::<f32>() * 2.0 - 1.0);

    // A hand: how it leans and turns, how large it writes, where on the paper, with which pen.
    let (slant, turn) = (around(0.15, 0.45), around(0.0, 0.30));
    let (width, height) = (around(13.0, 5.0), around(18.0, 4.0));
    let (left, top) = (around(14.0, 2.6), around(14.0, 2.6));
    let (pen, ink) = (around(1.35, 0.75), around(215.0, 40.0));
    let (sine, cosine) = turn.sin_cos();
    let mut place = |[x, y]: Point| {
        let (x, y) = (x - 0.5 + around(0.0, 0.065), y - 0.5 + around(0.0, 0.065));
        let (x, y) = ((x - slant * y) * width, y * height);
        [left + x * cosine - y * sine, top + x * sine + y * cosine]
    };

    let mut paper = [0.0f32; SIDE * SIDE];
    for stroke in &shapes[digit] {
        let points: Stroke = stroke.iter().map(|&point| place(point)).collect();
        let curve = smooth(&points);
        curve.windows(2).for_each(|ends| draw_line(&mut paper, [ends[0], ends[1]], pen));
    }
    // Paper and scanner: a stain over some images, and noise in all of them.
    let (stain_x, stain_y, stain) = (around(14.0, 12.0), around(14.0, 12.0), around(0.0, 2.6));
    for (index, (pixel, darkness)) in image.iter_mut().zip(paper).enumerate() {
        let (x, y) = ((index % SIDE) as f32, (index / SIDE) as f32);
        let hidden = (x - stain_x).hypot(y - stain_y) < stain;
        let seen = if hidden { 0.0 } else { darkness * ink };
        *pixel = around(seen, 22.0).clamp(0.0, 255.0) as u8;
    }
    digit as u8
}

/// A Catmull-Rom curve through the points, as a line of short pieces.
fn smooth(points: &[Point]) -> Stroke {
    let at = |index: usize| points[index.min(points.len() - 1)];
    let mut curve = vec![points[0]];
    for i in 0..points.len() - 1 {
        let (before, from, to, after) = (at(i.saturating_sub(1)), at(i), at(i + 1), at(i + 2));
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            curve.push(std::array::from_fn(|axis| {
                let (p, q, r, s) = (before[axis], from[axis], to[axis], after[axis]);
                let bend = (2.0 * p - 5.0 * q + 4.0 * r - s) * t * t;
                let twist = (3.0 * (q - r) + s - p) * t * t * t;
                q + 0.5 * ((r - p) * t + bend + twist)
            }));
        }
    }
    curve
}

/// Inks the pixels near a line: fully within the pen, fading over the next pixel.
fn draw_line(paper: &mut [f32; SIDE * SIDE], [from, to]: [Point; 2], pen: f32) {
    let range = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]), from[axis].max(to[axis]));
        let clamp = |value: f32| value.clamp(0.0, SIDE as f32) as usize;
        clamp(low - pen - 1.0)..clamp(high + pen + 2.0)
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(1e-6);
    for y in range(1) {
        for x in range(0) {
            let offset = [x as f32 - from[0], y as f32 - from[1]];
            let part = ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0);
            let distance = (offset[0] - part * along[0]).hypot(offset[1] - part * along[1]);
            let pixel = &mut paper[y * SIDE + x];
            *pixel = pixel.max((pen + 0.5 - distance).clamp(0.0, 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many images show each digit.
    fn census(images: &Images) -> [usize; DIGITS] {
        let mut count = [0; DIGITS];
        images.labels.iter().for_each(|&label| count[usize::from(label)] += 1);
        count
    }

    #[test]
    fn the_same_digits_are_drawn_whoever_draws_them() {
        let drawn = |workers| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
            pool.install(|| Images::drawn(300..400))
        };
        assert_eq!(drawn(1), drawn(5));
    }

    #[test]
    fn training_and_test_share_no_image() {
        let [training, test] = [0..50, 50..100].map(Images::drawn);
        assert!((0..50).all(|i| (0..50).all(|j| training.image(i) != test.image(j))));
    }

    #[test]
    fn every_digit_is_drawn_about_as_often() {
        let images = Images::drawn(0..5000);
        assert!(census(&images).iter().all(|&count| (400..600).contains(&count)));
    }

    #[test]
    fn an_image_has_ink_and_paper() {
        let images = Images::drawn(0..200);
        for index in 0..images.len() {
            let image = images.image(index);
            assert!(image.iter().filter(|&&pixel| pixel > 128).count() > 10, "{index}: no ink");
            assert!(image.iter().filter(|&&pixel| pixel < 64).count() > 300, "{index}: no paper");
        }
    }
}
