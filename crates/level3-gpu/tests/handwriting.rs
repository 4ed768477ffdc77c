//! Reads digits from pictures as people take them: light, paper, pens, distance.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pictures;

use clap::Parser;
use image::imageops::{self, FilterType};
use image::{GrayImage, ImageFormat, Rgb, RgbImage};
use level3_gpu::{Digits, Images, MnistArgs, SIDE, prepare};
use pictures::{Scene, by_chance, encoded, scenes};
use rayon::prelude::*;
use testkit::{Folder, example, records, run};

/// Pixels and labels of MNIST's first test images, or of drawn digits where there is no MNIST,
/// and the flags that train on the same kind.
fn digits(count: usize) -> (Images, Vec<String>) {
    let folder = std::env::var("MNIST_DIR").unwrap_or_default();
    if folder.is_empty() {
        println!("MNIST_DIR is not set: drawn digits are photographed");
        let mut drawn = Images::drawn(0..count);
        drawn.pixels = drawn.pixels.chunks(SIDE * SIDE).flat_map(as_in_mnist).collect();
        return (drawn, vec!["--synthetic".into()]);
    }
    let mut mnist = Digits::load(&MnistArgs::parse_from(["level3_mnist"])).unwrap().test;
    mnist.pixels.truncate(count * SIDE * SIDE);
    mnist.labels.truncate(count);
    (mnist, vec!["--data".into(), folder])
}

/// A drawn digit as MNIST has its digits: in a box of 20 x 20, its centre of mass in the middle.
fn as_in_mnist(image: &[u8]) -> Vec<u8> {
    let picture = GrayImage::from_raw(SIDE as u32, SIDE as u32, image.to_vec()).unwrap();
    let inked = || picture.enumerate_pixels().filter(|(_, _, value)| value.0[0] > 127);
    let (left, right) = (inked().map(|p| p.0).min().unwrap(), inked().map(|p| p.0).max().unwrap());
    let (top, bottom) = (inked().map(|p| p.1).min().unwrap(), inked().map(|p| p.1).max().unwrap());
    let (width, height) = (right - left + 1, bottom - top + 1);
    let scaled = |side: u32| (20 * side / width.max(height)).max(1);
    let digit = imageops::crop_imm(&picture, left, top, width, height).to_image();
    let small = imageops::resize(&digit, scaled(width), scaled(height), FilterType::Triangle);
    let mass: f32 = small.iter().map(|&value| f32::from(value)).sum();
    let corner = |along: fn(u32, u32) -> u32| {
        let moments =
            small.enumerate_pixels().map(|(x, y, v)| along(x, y) as f32 * f32::from(v.0[0]));
        (13.5 - moments.sum::<f32>() / mass).round() as i64
    };
    let mut moved = GrayImage::new(SIDE as u32, SIDE as u32);
    imageops::replace(&mut moved, &small, corner(|x, _| x), corner(|_, y| y));
    moved.into_raw()
}

/// From -1 to 1: how much two images are alike, at the best of small shifts.
fn likeness(one: &[u8], other: &[u8]) -> f64 {
    let shifts = (-2..=2).flat_map(|y| (-2..=2).map(move |x| y * SIDE as isize + x));
    let centred = |image: &[u8]| {
        let mean = image.iter().map(|&v| f64::from(v)).sum::<f64>() / image.len() as f64;
        image.iter().map(|&v| f64::from(v) - mean).collect::<Vec<_>>()
    };
    let (one, other) = (centred(one), centred(other));
    let length = |image: &[f64]| image.iter().map(|v| v * v).sum::<f64>().sqrt();
    let at = |shift: isize| {
        let pairs = one
            .iter()
            .enumerate()
            .filter_map(|(i, a)| Some(a * other.get(usize::try_from(i as isize + shift).ok()?)?));
        pairs.sum::<f64>() / (length(&one) * length(&other))
    };
    shifts.map(at).fold(-1.0, f64::max)
}

#[test]
fn a_picture_is_prepared_to_look_like_the_digit_that_was_photographed() {
    let (digits, _) = digits(3);
    for scene in scenes() {
        for number in 0..digits.len() {
            let file = scene.picture(digits.image(number), number as u64);
            let prepared =
                prepare(&file).unwrap_or_else(|reason| panic!("{}: {reason}", scene.name));
            let alike = likeness(&prepared, digits.image(number));
            assert!(alike > 0.6, "{}, digit {number}: only {alike:.2} alike", scene.name);
        }
    }
}

#[test]
fn the_network_reads_pictures_of_every_kind() {
    const EACH: usize = 20;
    let (digits, flags) = digits(EACH);
    let folder = Folder::new();
    let [model, idx, json] = ["model", "idx", "json"].map(|name| folder.file(name));
    let mut training = example("level3_mnist");
    training.args(["--device", "cpu", "--batch-size", "64", "--images", "10000", "--workers", "2"]);
    run(training.args(flags).args(["--save", &model])).succeeded();

    let mixed = (0..EACH).map(|number| (by_chance(number as u64), number));
    let pictures: Vec<_> = (scenes().into_iter())
        .flat_map(|scene| (0..EACH).map(move |number| (scene, number)))
        .chain(mixed)
        .collect();
    let images: Vec<Vec<u8>> = (pictures.par_iter())
        .map(|(scene, number)| prepare(&scene.picture(digits.image(*number), *number as u64)))
        .map(|image| image.unwrap_or_else(|_| vec![0; SIDE * SIDE]))
        .collect();
    let header = [0x0803u32, images.len() as u32, 28, 28].map(u32::to_be_bytes).concat();
    std::fs::write(&idx, [header, images.concat()].concat()).unwrap();
    let reading = ["--predict", &idx, "--model", &model, "--json", &json];
    run(example("level3_mnist").args(reading)).succeeded();
    let record = records(json).remove(0);
    let readings = record["results"]["readings"].as_array().unwrap();

    let mut in_all = 0;
    for (kind, readings) in pictures.chunks(EACH).zip(readings.chunks(EACH)) {
        let right = (readings.iter().zip(&digits.labels))
            .filter(|(reading, label)| reading["prediction"] == **label)
            .count();
        in_all += right;
        let name = kind[0].0.name;
        println!("{right} of {EACH}: {name}");
        assert!(right >= 15, "{name}: only {right} of {EACH}");
    }
    let most = pictures.len();
    assert!(10 * in_all >= 9 * most, "only {in_all} of {most}");
}

fn refusal(picture: RgbImage) -> String {
    prepare(&encoded(picture, ImageFormat::Png)).unwrap_err()
}

#[test]
fn paper_without_a_digit_is_said_to_be_blank() {
    assert!(refusal(RgbImage::from_pixel(300, 400, Rgb([240; 3]))).contains("no ink"));
    let shaded = RgbImage::from_fn(300, 400, |x, _| Rgb([(250 - x / 3) as u8; 3]));
    assert!(refusal(shaded).contains("no ink"));
    assert!(refusal(RgbImage::new(1, 1)).contains("no ink"));
}

/// A picture of 400 x 400 with ink where `inked` says.
fn drawn(inked: impl Fn(f32, f32) -> bool) -> RgbImage {
    RgbImage::from_fn(400, 400, |x, y| Rgb([if inked(x as f32, y as f32) { 10 } else { 240 }; 3]))
}

#[test]
fn what_is_no_digit_or_several_is_not_read_as_one() {
    let (digits, _) = digits(100);
    let inked = |number: usize, x: f32, y: f32| {
        (0.0..28.0).contains(&x)
            && (0.0..28.0).contains(&y)
            && digits.image(number)[y as usize * SIDE + x as usize] > 127
    };
    let text = |x: f32, y: f32| {
        let (column, line) = ((x - 20.0) / 12.0, (y - 20.0) / 18.0);
        let letter = column as usize + 31 * line as usize;
        let page = (0.0..30.0).contains(&column) && (0.0..20.0).contains(&line);
        page && !letter.is_multiple_of(7)
            && inked(letter % 100, column.fract() * 21.0 + 4.0, line.fract() * 30.0)
    };
    let page = |x: f32, y: f32| (x - 200.0).abs() < 170.0 && (y - 200.0).abs() < 170.0;
    let strokes = |x: f32, y: f32| (x % 200.0 - 100.0).abs() < 10.0 && (y - 200.0).abs() < 100.0;
    for (name, picture) in [
        ("a dot", drawn(|x, y| (x - 200.0).hypot(y - 150.0) < 30.0)),
        ("a square that fills the frame", drawn(|x, y| x.min(y) > 3.0 && x.max(y) < 397.0)),
        ("a dash", drawn(|x, y| (x - 200.0).abs() < 120.0 && (y - 200.0).abs() < 10.0)),
        ("a page of text", drawn(text)),
        ("two strokes", drawn(strokes)),
        ("two strokes on a page on a dark table", drawn(|x, y| strokes(x, y) || !page(x, y))),
    ] {
        let prepared = prepare(&encoded(picture, ImageFormat::Png));
        assert!(prepared.is_err_and(|why| why.contains("no single digit")), "{name}");
    }
    // Two digits that touch may look like one: most do not.
    let read = |&first: &usize| {
        let at = |n: usize, x: f32, y: f32| inked(first + 50 * n, x - 16.0 * n as f32, y);
        let pair = drawn(|x, y| (0..2).any(|n| at(n, x / 8.0 - 4.0, y / 8.0 - 10.0)));
        prepare(&encoded(pair, ImageFormat::Png)).is_ok()
    };
    let read = (0..50).into_par_iter().filter(read).count();
    assert!(read < 25, "{read} of 50");
}

#[test]
fn an_upright_stroke_is_a_digit() {
    let stroke = drawn(|x, y| (x - 200.0).abs() < 10.0 && (y - 200.0).abs() < 120.0);
    assert!(prepare(&encoded(stroke, ImageFormat::Png)).is_ok());
}

#[test]
fn handwriting_is_not_refused() {
    let (digits, _) = digits(10_000);
    let refused = (0..digits.len()).into_par_iter().filter(|&number| {
        let pixels = digits.image(number).to_vec();
        let picture = GrayImage::from_raw(SIDE as u32, SIDE as u32, pixels).unwrap();
        prepare(&encoded(image::DynamicImage::ImageLuma8(picture).into(), ImageFormat::Png))
            .is_err()
    });
    let refused = refused.count();
    assert!(refused <= 50, "{refused} of 10,000"); // in pieces that lie far apart
}

#[test]
fn a_digit_that_is_too_small_needs_a_closer_look() {
    let tiny = |x: u32, y: u32| (500..502).contains(&x) && (20..30).contains(&y);
    for height in [50, 1500] {
        let picture =
            RgbImage::from_fn(2000, height, |x, y| Rgb([if tiny(x, y) { 10 } else { 240 }; 3]));
        assert!(refusal(picture).contains("go nearer, or crop"));
    }
}

/// A slanted bar, as a 1 is written: only thin corners of the paper are left.
#[test]
fn a_broad_digit_cut_out_tightly_is_read_dark_or_light() {
    let bar = |x: u32, y: u32| (40..80).contains(&(x + y / 6));
    let [dark, light] = [[20, 240], [240, 20]].map(|[ink, paper]| {
        let value = |x, y| if bar(x + 1, y) { ink } else { paper };
        let picture = RgbImage::from_fn(79, 238, |x, y| Rgb([value(x, y); 3]));
        prepare(&encoded(picture, ImageFormat::Png))
    });
    assert!(likeness(&dark.unwrap(), &light.unwrap()) > 0.9);
}

/// Most of such a picture is ink, and the hole of a light 0 is a dark spot on light ground.
#[test]
fn a_digit_cut_out_tightly_is_read_alike_dark_or_light() {
    let (digits, _) = digits(100);
    for scene in scenes().into_iter().filter(Scene::is_tight) {
        let negative = scene.negative();
        let unlike = |&number: &usize| {
            let read = |scene: &Scene| prepare(&scene.picture(digits.image(number), 0));
            match (read(&scene), read(&negative)) {
                (Ok(one), Ok(other)) => likeness(&one, &other) < 0.9,
                (one, other) => one.is_ok() != other.is_ok(),
            }
        };
        let unlike = (0..digits.len()).into_par_iter().filter(unlike).count();
        assert!(unlike <= 5, "{}: {unlike} of {}", scene.name, digits.len());
    }
}

#[test]
fn an_image_of_mnist_stays_nearly_as_it_is() {
    let (digits, _) = digits(8);
    for number in 0..digits.len() {
        let image = digits.image(number);
        let at = |x: u32, y: u32| image[y as usize * SIDE + x as usize];
        let picture = RgbImage::from_fn(28, 28, |x, y| Rgb([at(x, y); 3]));
        let prepared = prepare(&encoded(picture, ImageFormat::Png)).unwrap();
        assert!(likeness(&prepared, image) > 0.9, "digit {number}");
    }
}

/// As a viewer shows it: on white.
#[test]
fn transparent_paper_is_white() {
    let (digits, _) = digits(1);
    let [black, white] = [0, 255].map(|ink| {
        let picture = image::RgbaImage::from_fn(280, 280, |x, y| {
            let cover = digits.image(0)[(y / 10 * 28 + x / 10) as usize];
            image::Rgba([ink, ink, ink, cover])
        });
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).unwrap();
        prepare(&file.into_inner())
    });
    assert!(likeness(&black.unwrap(), digits.image(0)) > 0.8);
    assert!(white.unwrap_err().contains("no ink"));
}

#[test]
fn a_picture_that_is_too_large_is_refused_before_memory_is_asked_for() {
    // A PNG's header alone: 60,000 x 60,000 pixels, with the checksum that belongs to it.
    let mut crc = flate2::Crc::new();
    let header =
        [b"IHDR".as_slice(), &60_000u32.to_be_bytes(), &60_000u32.to_be_bytes(), &[8, 2, 0, 0, 0]]
            .concat();
    crc.update(&header);
    let start = b"\x89PNG\r\n\x1a\n\0\0\0\x0d";
    let file =
        [start.as_slice(), &header, &crc.sum().to_be_bytes(), &[0; 4], b"IDAT", &[0; 4]].concat();
    let reason = prepare(&file).unwrap_err();
    assert!(reason.contains("too many") || reason.contains("too large"), "{reason}");
}

#[test]
fn a_damaged_picture_is_refused_in_plain_words() {
    let whole = encoded(RgbImage::new(100, 100), ImageFormat::Png);
    for file in [&whole[..60], &whole[..20], b"\x89PNG", b"\xff\xd8\xff\xe0"] {
        assert!(prepare(file).unwrap_err().contains("damaged"), "{:?}", prepare(file));
    }
    let whole = encoded(drawn(|x, y| (x - y).abs() < 20.0), ImageFormat::Jpeg);
    for cut in [&whole[..whole.len() * 6 / 10], &whole[..whole.len() - 1]] {
        assert!(prepare(cut).unwrap_err().contains("cut short"));
    }
    assert!(prepare(&[&whole[..], b"what a telephone adds"].concat()).is_ok());
}
