//! The look of every chart: one size, colours that the colour-blind and a grey printer can tell
//! apart, a mark of its own for each series, and a caption that says where the data come from.

use std::ops::Range;

use super::page::{self, Chart, GREY, GRID, LABEL, Page, Place, SMALL};

/// A straight or a logarithmic axis with ticks of our choice.
pub struct Axis {
    /// What is measured, with its unit.
    pub title: String,
    /// From where to where.
    pub range: Range<f64>,
    /// Where the grid lines and their numbers stand.
    pub ticks: Vec<f64>,
    /// How a tick is written.
    pub label: fn(f64) -> String,
    /// Whether equal distances are equal ratios.
    pub logarithmic: bool,
}

impl Axis {
    /// A straight axis from zero, with about six ticks at round numbers.
    pub fn linear(title: &str, end: f64, label: fn(f64) -> String) -> Self {
        let step = round_step(end / 6.0);
        let ticks = (0..).map(|i| f64::from(i) * step).take_while(|t| *t <= end * 1.0001).collect();
        Self { title: title.to_string(), range: 0.0..end, ticks, label, logarithmic: false }
    }

    /// A logarithmic axis around `values`, with a tick at every power of ten.
    pub fn decades(title: &str, values: &[f64], label: fn(f64) -> String) -> Self {
        let (low, high) = extent(values);
        let range = low * 0.6..high * 1.7;
        let powers = range.start.log10().ceil() as i32..=range.end.log10().floor() as i32;
        let ticks = powers.map(|e| 10f64.powi(e)).collect();
        Self { title: title.to_string(), range, ticks, label, logarithmic: true }
    }

    /// A straight axis, or a logarithmic one for values that are far apart.
    pub fn around(title: &str, values: &[f64], label: fn(f64) -> String) -> Self {
        let (low, high) = extent(values);
        match high < 15.0 * low {
            true => Self::linear(title, high * 1.1, label),
            false => Self::decades(title, values, label),
        }
    }

    /// A logarithmic axis with a tick at each of `values`.
    pub fn at(title: &str, values: &[f64], label: fn(f64) -> String) -> Self {
        let (low, high) = extent(values);
        let mut ticks = values.to_vec();
        ticks.sort_by(|one, other| other.total_cmp(one));
        // Where two labels would overlap, the smaller number is left out.
        let apart = (high / low).powf(0.06);
        ticks.dedup_by(|next, kept| *kept / *next < apart);
        let range = low * 0.8..high * 1.25;
        Self { title: title.to_string(), range, ticks, label, logarithmic: true }
    }

    /// The pixel of `value` on an axis that runs from one pixel to another.
    pub fn place(&self, value: f64, (from, to): (i32, i32)) -> i32 {
        let scaled = |v: f64| if self.logarithmic { v.log10() } else { v };
        let (start, end) = (scaled(self.range.start), scaled(self.range.end));
        let share = (scaled(value) - start) / (end - start);
        from + (share * f64::from(to - from)).round() as i32
    }
}

/// A point of a chart, in the units of its axes.
pub type Point = (f64, f64);

/// Points of one kind.
pub struct Series {
    /// What the key says.
    name: String,
    /// In order, if a line joins them.
    pub points: Vec<Point>,
    /// How they are shown.
    look: Look,
}

impl Series {
    /// A series; one without a name is not in the key.
    pub fn new(name: impl Into<String>, points: Vec<Point>, look: Look) -> Self {
        Self { name: name.into(), points, look }
    }
}

/// How a series is shown; the number picks the colour and the mark.
#[derive(Clone, Copy)]
pub enum Look {
    /// Marks joined by a line.
    Measured(usize),
    /// Marks alone.
    Marks(usize),
    /// A dashed line.
    Fitted(usize),
    /// A thin grey line: what would be ideal.
    Guide,
    /// A pale rectangle between two corners, in the colour of a number.
    Region(usize),
}

/// A note at a point of the chart.
#[derive(Default)]
pub struct Note {
    /// Where.
    pub at: Point,
    /// What it says; lines are separated by `\n`.
    pub text: String,
    /// Whether it stands to the left of its point and not to the right.
    pub left: bool,
    /// Where an arrow from the note points to: then it is the finding, and bold.
    pub arrow: Option<Point>,
}

/// A chart of points over two axes.
pub struct Plot<'a> {
    /// The name of its file, without the ending.
    pub name: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// Where the data come from.
    pub caption: &'a str,
    /// The axis below.
    pub x: Axis,
    /// The axis on the left.
    pub y: Axis,
    /// What is drawn, one above the other.
    pub series: Vec<Series>,
    /// What is said about it.
    pub notes: Vec<Note>,
}

impl Plot<'_> {
    /// Draws it.
    pub fn draw(&self) -> Chart {
        let mut page = Page::new(self.title, self.caption);
        let top = key(&mut page, &self.series) + 30;
        let (across, down) = ((134, page::SIZE.0 - 40), (page::SIZE.1 - 106, top));
        let at = |(x, y): Point| (self.x.place(x, across), self.y.place(y, down));
        ticks(&mut page, &self.x, across, (top, down.0));
        for tick in &self.y.ticks {
            let y = self.y.place(*tick, down);
            page.line(&[(across.0 - 6, y), (across.1, y)], GRID, 1);
            page.text(&(self.y.label)(*tick), (across.0 - 12, y), "end", SMALL);
        }
        let middle = ((across.0 + across.1) / 2, (top + down.0) / 2);
        page.text(&self.x.title, (middle.0, down.0 + 56), "middle", LABEL);
        let upright = format!("{LABEL} transform='rotate(-90 22 {})'", middle.1);
        page.text(&self.y.title, (22, middle.1), "middle", &upright);
        for one in &self.series {
            let points: Vec<Place> = one.points.iter().copied().map(at).collect();
            draw(&mut page, one.look, &points, &points);
        }
        page.line(&[(across.0, top), (across.0, down.0), (across.1, down.0)], GREY, 1);
        for note in &self.notes {
            let (x, y) = at(note.at);
            let style = match note.arrow {
                Some(point) => {
                    page.arrow((x, y), at(point));
                    &format!("{LABEL} font-weight='bold'")
                }
                None => LABEL,
            };
            let (x, side) = if note.left { (x - 14, "end") } else { (x + 14, "start") };
            for (line, y) in note.text.lines().zip((y..).step_by(28)) {
                page.text(line, (x, y), side, style);
            }
        }
        page.finish(self.name)
    }
}

/// One series in its look: its line through some places, its marks at others.
fn draw(page: &mut Page, look: Look, line: &[Place], marks: &[Place]) {
    match look {
        Look::Measured(i) => page.line(line, page::colour(i), 3),
        Look::Fitted(i) => page.dashes(line, page::colour(i), 3),
        Look::Guide => page.line(line, GREY, 2),
        Look::Region(i) => page.rectangle([line[0], line[1]], page::colour(i), 0.2),
        Look::Marks(_) => {}
    }
    if let Look::Measured(i) | Look::Marks(i) = look {
        for place in marks {
            page.mark(*place, i);
        }
    }
}

/// The key under the title, on several lines if one is too short. Returns where it ends.
pub fn key(page: &mut Page, series: &[Series]) -> i32 {
    let named: Vec<&Series> = series.iter().filter(|one| !one.name.is_empty()).collect();
    let (mut x, mut y) = (22, if named.is_empty() { 18 } else { 58 });
    for one in named {
        let width = 70 + 12 * one.name.chars().count() as i32; // a letter is about 12 wide
        if x + width > page::SIZE.0 {
            (x, y) = (22, y + 28);
        }
        let half = if let Look::Region(_) = one.look { 11 } else { 0 }; // of its height
        draw(page, one.look, &[(x, y - half), (x + 34, y + half)], &[(x + 17, y)]);
        page.text(&one.name, (x + 44, y), "start", LABEL);
        x += width;
    }
    y
}

/// An upright line at each tick of a horizontal axis, labelled below.
pub fn ticks(page: &mut Page, axis: &Axis, across: (i32, i32), (top, bottom): (i32, i32)) {
    for tick in &axis.ticks {
        let x = axis.place(*tick, across);
        page.line(&[(x, top), (x, bottom + 6)], GRID, 1);
        page.text(&(axis.label)(*tick), (x, bottom + 24), "middle", SMALL);
    }
}

/// The least and the greatest of some positive numbers.
fn extent(values: &[f64]) -> (f64, f64) {
    let positive = values.iter().filter(|v| **v > 0.0 && v.is_finite());
    positive.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), v| (low.min(*v), high.max(*v)))
}

/// The round number (1, 2 or 5 times a power of ten) at or above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let round = [1.0, 2.0, 5.0].map(|m| m * power).into_iter().find(|s| *s >= step * 0.999);
    round.unwrap_or(10.0 * power)
}

/// A time on an axis: `0`, `10 us`, `1 s`.
pub fn seconds(value: f64) -> String {
    let (number, unit) = match value {
        0.0 => return "0".to_string(),
        v if v < 0.9e-6 => (v * 1e9, "ns"),
        v if v < 0.9e-3 => (v * 1e6, "us"),
        v if v < 0.9 => (v * 1e3, "ms"),
        v => (v, "s"),
    };
    format!("{} {unit}", plain(number))
}

/// A number without needless zeros.
pub fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_covers_its_values_and_has_a_tick_at_every_power() {
        let axis = Axis::decades("", &[2e-6, 0.5], seconds);
        assert!(axis.range.contains(&2e-6) && axis.range.contains(&0.5));
        let labels: Vec<String> = axis.ticks.iter().map(|t| (axis.label)(*t)).collect();
        assert_eq!(labels, ["10 us", "100 us", "1 ms", "10 ms", "100 ms"]);
    }

    #[test]
    fn equal_ratios_are_equal_distances() {
        let axis = Axis::at("", &[1.25, 800.0], plain); // reaches from 1 to 1000
        let at = |v: f64| axis.place(v, (0, 3000));
        assert_eq!((at(1.0), at(10.0), at(100.0), at(1000.0)), (0, 1000, 2000, 3000));
    }

    #[test]
    fn of_two_ticks_whose_labels_would_overlap_the_greater_is_kept() {
        assert_eq!(Axis::at("", &[64.0, 8192.0, 10_000.0], plain).ticks, [10_000.0, 64.0]);
    }

    #[test]
    fn the_beginning_of_time_has_no_unit() {
        assert_eq!([0.0, 20.0, 0.5].map(seconds), ["0", "20 s", "500 ms"]);
    }

    #[test]
    fn a_straight_axis_has_round_ticks() {
        assert_eq!(Axis::linear("", 1.55, plain).ticks, [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(Axis::linear("", 4.0, plain).ticks, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
}
