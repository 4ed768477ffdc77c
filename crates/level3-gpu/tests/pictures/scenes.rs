//! The kinds of pictures: which light, paper, pen and distance.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Lines, Pen, Scene};

const WHITE: [f32; 3] = [250.0, 250.0, 248.0];
const BLACK: [f32; 3] = [20.0, 20.0, 24.0];

/// The kinds of pictures.
pub fn scenes() -> Vec<Scene> {
    let plain = Scene {
        name: "a scan: black on white",
        width: 400,
        height: 400,
        scale: 12.0,
        middle: [0.5, 0.5],
        turned: 0.0,
        pen: Pen::Own,
        ink: BLACK,
        paper: WHITE,
        light: |_, _| 1.0,
        lines: Lines::None,
        noise: 0.0,
        jpeg: false,
        tight: false,
        table: false,
    };
    let page = Scene { width: 450, height: 600, noise: 4.0, jpeg: true, ..plain };
    vec![
        plain,
        Scene { name: "dim paper: 115 of 255", paper: [115.0; 3], ink: [10.0; 3], ..plain },
        Scene { name: "in a corner of the page", middle: [0.15, 0.12], scale: 3.0, ..page },
        Scene { name: "cut out tightly", tight: true, ..plain },
        Scene {
            name: "cut out tightly, white on black",
            tight: true,
            ink: [255.0; 3],
            paper: [0.0; 3],
            ..plain
        },
        Scene { name: "on a page of 3:4", scale: 11.0, ..page },
        Scene {
            name: "from afar: a twentieth of the page",
            width: 900,
            height: 1200,
            scale: 2.2,
            ..page
        },
        Scene { name: "light from one side", light: |x, y| 1.0 - 0.6 * x - 0.2 * y, ..page },
        Scene {
            name: "dark in the corners",
            light: |x, y| 1.0 - 1.2 * ((x - 0.5).powi(2) + (y - 0.5).powi(2)),
            ..page
        },
        Scene {
            name: "the phone's shadow, a sharp edge",
            light: |x, y| if x + 0.4 * y > 0.72 { 0.5 } else { 1.0 },
            ..page
        },
        Scene {
            name: "a soft shadow across the digit",
            light: |x, y| 0.7 + 0.3 * (12.0 * (x - y)).clamp(-1.0, 1.0),
            scale: 10.0,
            ..page
        },
        Scene { name: "blue ballpoint", ink: [40.0, 60.0, 150.0], pen: Pen::Thin(1.0), ..page },
        Scene { name: "red felt pen", ink: [190.0, 40.0, 40.0], ..page },
        Scene { name: "pencil", ink: [130.0, 130.0, 135.0], pen: Pen::Thin(1.2), ..page },
        Scene { name: "thin pen", pen: Pen::Thin(0.6), ..page },
        Scene { name: "thick marker", pen: Pen::Broader(0.6), scale: 13.0, ..page },
        Scene {
            name: "thick marker, cut out tightly",
            pen: Pen::Broader(0.6),
            tight: true,
            ..plain
        },
        Scene {
            name: "yellow paper, blue ink",
            paper: [240.0, 215.0, 110.0],
            ink: [40.0, 50.0, 130.0],
            ..page
        },
        Scene { name: "red paper, black ink", paper: [190.0, 60.0, 50.0], ..page },
        Scene { name: "brown cardboard", paper: [150.0, 115.0, 80.0], noise: 10.0, ..page },
        Scene {
            name: "chalk on a blackboard",
            paper: [45.0, 60.0, 50.0],
            ink: [225.0; 3],
            noise: 8.0,
            ..page
        },
        Scene { name: "ruled paper", lines: Lines::Ruled, scale: 9.0, ..page },
        Scene { name: "squared paper", lines: Lines::Squared, scale: 8.0, ..page },
        Scene {
            name: "squared paper, thin blue pen, shade",
            lines: Lines::Squared,
            scale: 8.0,
            ink: [40.0, 60.0, 150.0],
            pen: Pen::Thin(1.0),
            light: |x, _| 1.0 - 0.5 * x,
            ..page
        },
        Scene { name: "on a dark table", table: true, ..page },
        Scene {
            name: "a hand's shadow in the middle",
            light: |x, y| if (x - 0.5).hypot(y - 0.6) < 0.2 { 0.65 } else { 1.0 },
            ..page
        },
        Scene { name: "turned by 10 degrees", turned: 0.17, ..page },
        Scene { name: "noise of a dark room", noise: 22.0, light: |_, _| 0.55, ..page },
    ]
}

/// Light, paper, pen, distance and place as chance has it.
pub fn by_chance(number: u64) -> Scene {
    let mut rng = StdRng::seed_from_u64(number);
    let mut one_of = |kinds: &[Scene]| kinds[rng.random_range(0..kinds.len())];
    let kinds: Vec<Scene> = scenes().into_iter().filter(|scene| scene.jpeg).collect();
    let (page, pen, lamp, turned) =
        (one_of(&kinds), one_of(&kinds), one_of(&kinds), one_of(&kinds));
    let dark_page = page.paper[0] < 100.0;
    Scene {
        name: "all of these, by chance",
        pen: pen.pen,
        ink: if dark_page { page.ink } else { pen.ink },
        light: lamp.light,
        table: lamp.table && !dark_page,
        turned: turned.turned,
        ..page
    }
}
