//! The look of every chart: one size, colours that the colour-blind and a grey printer can tell
//! apart, a mark of its own for each series, and a caption that says where the data come from.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width and height in pixels: as wide as a slide's text, so that no word is below 22 pixels there.
pub const SIZE: (i32, i32) = (1152, 460);
/// Okabe and Ito's palette: blue, vermilion, green, and black for what is only a guide.
const COLOURS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 128, 96)];
/// Text.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Guides, ticks and captions.
pub const GREY: RGBColor = RGBColor(95, 95, 95);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// A finished picture and the name of its file.
pub struct Chart {
    /// `level1_timeline.svg`
    pub name: String,
    /// The picture.
    pub svg: String,
}

/// What one chart is drawn on.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A straight or a logarithmic axis with ticks of our choice.
#[derive(Clone)]
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
    pub fn decades(
        title: &str,
        values: impl Iterator<Item = f64>,
        label: fn(f64) -> String,
    ) -> Self {
        let (low, high) = extent(values);
        let (low, high) = (low * 0.6, high * 1.7);
        let powers = low.log10().ceil() as i32..=high.log10().floor() as i32;
        let ticks = powers.map(|e| 10f64.powi(e)).collect();
        Self { title: title.to_string(), range: low..high, ticks, label, logarithmic: true }
    }

    /// A logarithmic axis with a tick at each of `values`.
    pub fn at(title: &str, values: &[f64], label: fn(f64) -> String) -> Self {
        let (low, high) = extent(values.iter().copied());
        let mut ticks = values.to_vec();
        ticks.sort_by(f64::total_cmp);
        // Where two labels would overlap, the smaller number is left out.
        let apart = (high / low).powf(0.06);
        let crowded: Vec<bool> = ticks.windows(2).map(|pair| pair[1] / pair[0] < apart).collect();
        let mut crowded = crowded.into_iter();
        ticks.retain(|_| !crowded.next().unwrap_or(false));
        Self {
            title: title.to_string(),
            range: low * 0.8..high * 1.25,
            ticks,
            label,
            logarithmic: true,
        }
    }

    /// The pixel of `value` on an axis that runs from one pixel to another.
    pub fn place(&self, value: f64, (from, to): (i32, i32)) -> i32 {
        let scaled = |v: f64| if self.logarithmic { v.log10() } else { v };
        let (start, end) = (scaled(self.range.start), scaled(self.range.end));
        let share = (scaled(value) - start) / (end - start);
        from + (share * f64::from(to - from)).round() as i32
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, pixels: (i32, i32)) -> i32 {
        self.place(*value, pixels)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        (self.label)(*value)
    }
}

/// Points of one kind.
pub struct Series {
    /// What the key says.
    pub name: String,
    /// In the units of the axes.
    pub points: Vec<(f64, f64)>,
    /// How they are shown.
    pub look: Look,
}

/// How a series is shown; the number picks the colour and the mark.
#[derive(Clone, Copy, PartialEq)]
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
    pub at: (f64, f64),
    /// What it says; lines are separated by `\n`.
    pub text: String,
    /// Whether it stands to the left of its point and not to the right.
    pub left: bool,
    /// A thin line through its point, from the bottom to the top.
    pub upright: bool,
    /// Where an arrow from the note points to: then it is the finding, and bold.
    pub arrow: Option<(f64, f64)>,
}

/// A chart of points over two axes, as SVG.
pub fn plot(
    title: &str,
    caption: &str,
    x: Axis,
    y: Axis,
    series: &[Series],
    notes: &[Note],
) -> anyhow::Result<String> {
    page(title, caption, |area| {
        keys(area, series)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(if series.iter().all(|one| one.name.is_empty()) { 48 } else { 88 })
            .margin_right(40)
            .margin_bottom(36)
            .margin_left(10)
            .x_label_area_size(70)
            .y_label_area_size(124)
            .build_cartesian_2d(x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GREY)
            .label_style(font(23, GREY))
            .axis_desc_style(font(24, INK))
            .x_desc(&x.title)
            .y_desc(&y.title)
            .draw()?;
        for one in series {
            let points = one.points.iter().copied();
            match one.look {
                Look::Measured(i) => {
                    chart.draw_series(LineSeries::new(points, colour(i).stroke_width(3)))?;
                }
                Look::Fitted(i) => {
                    let dashes = colour(i).stroke_width(3);
                    chart.draw_series(DashedLineSeries::new(points, 8, 6, dashes))?;
                }
                Look::Guide => {
                    chart.draw_series(LineSeries::new(points, GREY.stroke_width(2)))?;
                }
                Look::Region(i) => {
                    let corners = [one.points[0], one.points[1]];
                    chart.draw_series([Rectangle::new(corners, colour(i).mix(0.16).filled())])?;
                }
                Look::Marks(_) => {}
            }
        }
        let plane = chart.plotting_area();
        for one in series {
            if let Look::Measured(i) | Look::Marks(i) = one.look {
                for point in &one.points {
                    mark(area, chart.backend_coord(point), i)?;
                }
            }
        }
        for note in notes {
            if note.upright {
                let ends = [(note.at.0, y.range.start), (note.at.0, y.range.end)];
                plane.draw(&PathElement::new(ends.to_vec(), GREY.stroke_width(1)))?;
            }
            let (x, y) = chart.backend_coord(&note.at);
            if let Some(point) = &note.arrow {
                arrow(area, (x, y), chart.backend_coord(point))?;
            }
            for (i, line) in note.text.lines().enumerate() {
                let top = y + 28 * i as i32;
                let style = if note.left { right_aligned(24, INK) } else { beside(24, INK) };
                let bold = if note.arrow.is_some() { FontStyle::Bold } else { FontStyle::Normal };
                let style = TextStyle { font: style.font.style(bold), ..style };
                text(area, line, (if note.left { x - 14 } else { x + 14 }, top), style)?;
            }
        }
        Ok(())
    })
}

/// A line with a head, which stops short of the point that it shows.
fn arrow(area: &Area, from: (i32, i32), to: (i32, i32)) -> anyhow::Result<()> {
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    // A point so far before the end, and so far beside the line.
    let at = |before: f64, beside: f64| {
        let x = f64::from(to.0) - before * dx - beside * dy;
        let y = f64::from(to.1) - before * dy + beside * dx;
        (x.round() as i32, y.round() as i32)
    };
    area.draw(&PathElement::new(vec![from, at(26.0, 0.0)], INK.stroke_width(3)))?;
    let head = vec![at(12.0, 0.0), at(28.0, 8.0), at(28.0, -8.0)];
    Ok(area.draw(&Polygon::new(head, INK.filled()))?)
}

/// An empty chart with its title and its caption; `draw` fills the middle.
pub fn page(
    title: &str,
    caption: &str,
    draw: impl FnOnce(&Area) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area =
            SVGBackend::with_string(&mut svg, (SIZE.0 as u32, SIZE.1 as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        text(&area, title, (4, 2), font(26, INK))?;
        text(&area, caption, (4, SIZE.1 - 28), font(23, GREY))?;
        draw(&area)?;
        area.present()?;
    }
    Ok(svg)
}

/// An upright line at each tick of a horizontal axis, labelled below.
pub fn ticks(
    area: &Area,
    axis: &Axis,
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
) -> anyhow::Result<()> {
    for tick in &axis.ticks {
        let x = axis.place(*tick, (left, right));
        let line = vec![(x, top - 6), (x, bottom + 6)];
        area.draw(&PathElement::new(line, GREY.mix(0.3).stroke_width(1)))?;
        text(area, &(axis.label)(*tick), (x, bottom + 26), centred(23, GREY))?;
    }
    Ok(())
}

/// Writes `line` with its upper left corner at `at`.
pub fn text(area: &Area, line: &str, at: (i32, i32), style: TextStyle) -> anyhow::Result<()> {
    Ok(area.draw(&Text::new(line.to_string(), at, style))?)
}

/// The one typeface, in a size and a colour.
pub fn font(size: i32, colour: RGBColor) -> TextStyle<'static> {
    // plotters writes 1 / 1.24 of the size that it is given; with this, a size is about its pixels.
    ("sans-serif", f64::from(size) * 1.2).into_font().color(&colour)
}

/// The same, written to both sides of its point.
pub fn centred(size: i32, colour: RGBColor) -> TextStyle<'static> {
    font(size, colour).pos(Pos::new(HPos::Center, VPos::Center))
}

/// The same, written to the right of its point.
pub fn beside(size: i32, colour: RGBColor) -> TextStyle<'static> {
    font(size, colour).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The same, written to the left of its point.
pub fn right_aligned(size: i32, colour: RGBColor) -> TextStyle<'static> {
    font(size, colour).pos(Pos::new(HPos::Right, VPos::Center))
}

/// The colour of the series number `i`.
pub fn colour(i: usize) -> RGBColor {
    COLOURS[i % COLOURS.len()]
}

/// The mark of the series number `i`: a disc, a square, a triangle.
pub fn mark(area: &Area, (x, y): (i32, i32), i: usize) -> anyhow::Result<()> {
    let fill = colour(i).filled();
    match i % COLOURS.len() {
        0 => area.draw(&Circle::new((x, y), 7, fill))?,
        1 => area.draw(&Rectangle::new([(x - 6, y - 6), (x + 6, y + 6)], fill))?,
        _ => area.draw(&TriangleMarker::new((x, y), 9, fill))?,
    }
    Ok(())
}

/// The key under the title, on two lines if one is too short.
fn keys(area: &Area, series: &[Series]) -> anyhow::Result<()> {
    let width = |one: &Series| 44 + (one.name.chars().count() as f64 * 12.0) as i32 + 26;
    let (mut x, mut y) = (22, 58);
    for one in series.iter().filter(|one| !one.name.is_empty()) {
        if x + width(one) > SIZE.0 {
            (x, y) = (22, y + 28);
        }
        let ends = vec![(x, y), (x + 34, y)];
        match one.look {
            Look::Measured(i) => area.draw(&PathElement::new(ends, colour(i).stroke_width(3)))?,
            Look::Fitted(i) => {
                for start in [x, x + 13, x + 26] {
                    let dash = vec![(start, y), (start + 8, y)];
                    area.draw(&PathElement::new(dash, colour(i).stroke_width(3)))?;
                }
            }
            Look::Guide => area.draw(&PathElement::new(ends, GREY.stroke_width(2)))?,
            Look::Region(i) => {
                let corners = [(x, y - 11), (x + 34, y + 11)];
                area.draw(&Rectangle::new(corners, colour(i).mix(0.3).filled()))?;
            }
            Look::Marks(_) => {}
        }
        if let Look::Measured(i) | Look::Marks(i) = one.look {
            mark(area, (x + 17, y), i)?;
        }
        text(area, &one.name, (x + 44, y), beside(24, INK))?;
        x += width(one);
    }
    Ok(())
}

/// The least and the greatest of some positive numbers.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|v| *v > 0.0 && v.is_finite())
        .fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), v| (low.min(v), high.max(v)))
}

/// The round number (1, 2 or 5 times a power of ten) at or above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= step * 0.999)
        .unwrap_or(10.0 * power)
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
        let axis = Axis::decades("", [2e-6, 0.5].into_iter(), seconds);
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
    fn the_beginning_of_time_has_no_unit() {
        assert_eq!([0.0, 20.0, 0.5].map(seconds), ["0", "20 s", "500 ms"]);
    }

    #[test]
    fn a_straight_axis_has_round_ticks() {
        assert_eq!(Axis::linear("", 1.55, plain).ticks, [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(Axis::linear("", 4.0, plain).ticks, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
}
