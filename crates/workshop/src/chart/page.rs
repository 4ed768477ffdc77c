//! What a picture is made of, as SVG: lines, rectangles, marks and words, placed in pixels.

/// Width and height in pixels: as wide as a slide's text, so that no word is below 22 pixels there.
pub const SIZE: (i32, i32) = (1152, 460);
/// Okabe and Ito's blue, vermilion and green (here darker), and a purple.
const COLOURS: [&str; 4] = ["#0072B2", "#D55E00", "#008060", "#AA4499"];
/// Text.
pub const INK: &str = "#222222";
/// Guides, axes and captions.
pub const GREY: &str = "#5F5F5F";
/// The lines of ticks.
pub const GRID: &str = "#E1E1E1";
/// How words are written: the attributes of SVG's `text`.
pub const LABEL: &str = "font-size='24' fill='#222222'";
/// The same for numbers at ticks and for captions.
pub const SMALL: &str = "font-size='23' fill='#5F5F5F'";

/// A place on a page, in pixels from its upper left corner.
pub type Place = (i32, i32);

/// A finished picture and the name of its file.
pub struct Chart {
    /// `level1_timeline.svg`
    pub name: String,
    /// The picture.
    pub svg: String,
}

/// A picture in the making.
pub struct Page(String);

impl Page {
    /// A white page with its title above and its caption below.
    pub fn new(title: &str, caption: &str) -> Self {
        let (width, height) = SIZE;
        let mut page = Self(format!(
            "<svg width='{width}' height='{height}' viewBox='0 0 {width} {height}' \
             font-family='sans-serif' xmlns='http://www.w3.org/2000/svg'>\n"
        ));
        page.rectangle([(0, 0), SIZE], "white", 1.0);
        page.text(title, (4, 15), "start", &format!("font-size='26' fill='{INK}'"));
        page.text(caption, (4, height - 16), "start", SMALL);
        page
    }

    /// The picture, as a file `NAME.svg`.
    pub fn finish(self, name: &str) -> Chart {
        Chart { name: format!("{name}.svg"), svg: self.0 + "</svg>\n" }
    }

    /// Words in one line; their `start`, `middle` or `end` stands at the place.
    pub fn text(&mut self, words: &str, (x, y): Place, anchor: &str, style: &str) {
        // A terminal may lack the letter, a picture does not.
        let micro = words.strip_suffix(" us").map(|number| format!("{number} µs"));
        let words = micro.as_deref().unwrap_or(words).replace('&', "&amp;").replace('<', "&lt;");
        self.0 += &format!(
            "<text x='{x}' y='{y}' dy='0.35em' text-anchor='{anchor}' {style}>{words}</text>\n"
        );
    }

    /// A line through some places.
    pub fn line(&mut self, places: &[Place], colour: &str, width: i32) {
        self.shape("polyline", places, &stroke(colour, width));
    }

    /// The same, dashed.
    pub fn dashes(&mut self, places: &[Place], colour: &str, width: i32) {
        self.shape("polyline", places, &(stroke(colour, width) + " stroke-dasharray='8 6'"));
    }

    /// A rectangle between two opposite corners; what is behind it shines through below 1.0.
    pub fn rectangle(&mut self, [a, b]: [Place; 2], colour: &str, opacity: f64) {
        let ((x, y), width, height) =
            ((a.0.min(b.0), a.1.min(b.1)), a.0.abs_diff(b.0), a.1.abs_diff(b.1));
        self.0 += &format!(
            "<rect x='{x}' y='{y}' width='{width}' height='{height}' fill='{colour}' \
             opacity='{opacity}'/>\n"
        );
    }

    /// The mark of the series number `i`: a disc, a square, a triangle, a diamond.
    pub fn mark(&mut self, (x, y): Place, i: usize) {
        let fill = format!("fill='{}'", colour(i));
        let corners: &[Place] = match i % COLOURS.len() {
            0 => return self.0 += &format!("<circle cx='{x}' cy='{y}' r='7' {fill}/>\n"),
            1 => &[(-6, -6), (6, -6), (6, 6), (-6, 6)],
            2 => &[(0, -9), (8, 5), (-8, 5)],
            _ => &[(0, -9), (9, 0), (0, 9), (-9, 0)],
        };
        let corners: Vec<Place> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        self.shape("polygon", &corners, &fill);
    }

    /// A line with a head, which stops short of the place that it shows.
    pub fn arrow(&mut self, from: Place, to: Place) {
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = dx.hypot(dy).max(1.0);
        let (dx, dy) = (dx / length, dy / length);
        // A place so far before the end, and so far beside the line.
        let at = |before: f64, beside: f64| {
            let x = f64::from(to.0) - before * dx - beside * dy;
            let y = f64::from(to.1) - before * dy + beside * dx;
            (x.round() as i32, y.round() as i32)
        };
        self.line(&[from, at(26.0, 0.0)], INK, 3);
        let head = [at(12.0, 0.0), at(28.0, 8.0), at(28.0, -8.0)];
        self.shape("polygon", &head, &format!("fill='{INK}'"));
    }

    fn shape(&mut self, tag: &str, places: &[Place], style: &str) {
        let places: Vec<String> = places.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.0 += &format!("<{tag} points='{}' {style}/>\n", places.join(" "));
    }
}

fn stroke(colour: &str, width: i32) -> String {
    format!("fill='none' stroke='{colour}' stroke-width='{width}'")
}

/// The colour of the series number `i`.
pub fn colour(i: usize) -> &'static str {
    COLOURS[i % COLOURS.len()]
}
