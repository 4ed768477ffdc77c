//! Level 3: what the batch size and the device gain, and what the network saw.

use common::plural;

use super::page::{self, Chart, INK, Page, Place};
use super::plot::{Axis, Look, Note, Plot, Point, Series, plain};
use crate::records::{Run, grouped, latest, points};

/// Of each device that has records the latest run of each batch size, and a caption about them.
struct Devices<'a> {
    /// The name of a device, and its runs.
    runs: Vec<(&'static str, Vec<&'a Run>)>,
    caption: String,
}

impl<'a> Devices<'a> {
    fn of(runs: &'a [Run]) -> anyhow::Result<Self> {
        let alike = ["device_name", "images", "data", "epochs", "cpus"];
        let mut devices = Vec::new();
        let mut captions = Vec::new();
        for (device, name) in [("cpu", "CPU"), ("gpu", "GPU")] {
            let own = |run: &&Run| run.example == "level3_mnist" && run.get("device") == device;
            let own = latest(runs.iter().filter(own), |run| run.text("batch_size"), &alike)?;
            let Some(last) = own.last() else { continue };
            captions.push(match device {
                "cpu" => last.origin(),
                _ => format!("{} on {}, {}", last.text("device_name"), last.host, last.date()),
            });
            if captions.len() == 1 {
                let epochs = plural(last.text("epochs"), "epoch");
                let [images, data] = ["images", "data"].map(|name| last.text(name));
                captions.push(format!("{images} images of {data}, {epochs}"));
            }
            devices.push((name, own));
        }
        if !devices.iter().any(|(name, _)| *name == "GPU") {
            captions.push("no GPU run is among these records".to_string());
        }
        Ok(Self { runs: devices, caption: captions.join("; ") })
    }

    /// A series for each device, and all its points.
    fn series(
        &self,
        point: fn(&Run) -> anyhow::Result<Point>,
        look: fn(usize) -> Look,
    ) -> anyhow::Result<(Vec<Series>, Vec<Point>)> {
        let mut series = Vec::new();
        for (i, (name, runs)) in self.runs.iter().enumerate() {
            let points = points(runs, point)?;
            series.push(Series::new(*name, points, look(i)));
        }
        let all = series.iter().flat_map(|one| one.points.iter().copied()).collect();
        Ok((series, all))
    }
}

/// Images per second over the batch size, CPU and GPU.
pub fn throughput(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let devices = Devices::of(runs)?;
    let point = |run: &Run| Ok((run.number("batch_size")?, run.number("images_per_s")?));
    let (series, all) = devices.series(point, Look::Measured)?;
    if all.len() < 2 {
        return Ok(None);
    }
    let (sizes, speeds): (Vec<f64>, Vec<f64>) = all.into_iter().unzip();
    let images = |v| grouped(v as u64);
    let plot = Plot {
        name: "level3_batch",
        title: "The batch feeds the device",
        caption: &devices.caption,
        x: Axis::at("batch size", &sizes, images),
        y: Axis::around("images per second", &speeds, images),
        series,
        notes: Vec::new(),
    };
    Ok(Some(plot.draw()))
}

/// Accuracy over training time: a run that is faster but less accurate is no gain.
pub fn accuracy(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let devices = Devices::of(runs)?;
    let point = |run: &Run| Ok((run.number("train_s")?, run.number("accuracy")? * 100.0));
    let (series, all) = devices.series(point, Look::Marks)?;
    if all.len() < 2 {
        return Ok(None);
    }
    let lowest = all.iter().fold(100.0f64, |least, p| least.min(p.1));
    let start = ((lowest - 1.0) / 10.0).floor().max(0.0) * 10.0;
    let letter = 0.08 * (100.0 - start); // as high as this, in percent of accuracy
    let mut notes = Vec::new();
    for run in devices.runs.iter().flat_map(|(_, runs)| runs) {
        let (batch, images) = (run.number("batch_size")?, run.number("images")?);
        let updates = (images / batch).ceil() * run.number("epochs")?;
        let updates = plural(grouped(updates as u64), "update");
        let text = format!("batch {}: {updates}", run.text("batch_size"));
        // A label stands on the right of its point, unless there is another point.
        let at = point(run)?;
        let left = all.iter().any(|other| other.0 > at.0 && (other.1 - at.1).abs() < letter);
        notes.push(Note { at, text, left, ..Note::default() });
    }
    let mut y = Axis::linear("accuracy", 100.0, |v| format!("{} %", plain(v)));
    y.range.start = start;
    y.ticks = (0..=5).map(|i| start + (100.0 - start) * f64::from(i) / 5.0).collect();
    let slowest = all.iter().fold(0.0f64, |most, p| most.max(p.0));
    let plot = Plot {
        name: "level3_accuracy",
        title: "Accuracy beside time",
        caption: &devices.caption,
        x: Axis::linear("training time in seconds", slowest * 1.5, plain),
        y,
        series,
        notes,
    };
    Ok(Some(plot.draw()))
}

/// The side of a picture, in its own pixels.
const SIDE: usize = 28;

/// The digits that the most accurate run kept, each with its prediction.
pub fn digits(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let accuracy = |run: &Run| run.get("accuracy").as_f64().unwrap_or_default();
    let with_samples = runs.iter().filter(|run| run.get("samples").is_array());
    let best = with_samples.max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)));
    let Some(run) = best else { return Ok(None) };
    let rows = run.table("samples", ["prediction", "label", "confidence"])?;
    let rows = &rows[..rows.len().min(10)];
    let [data, images, batch] = ["data", "images", "batch_size"].map(|name| run.text(name));
    let (origin, percent) = (run.origin(), 100.0 * accuracy(run));
    let caption = format!(
        "{origin}; {data}, {images} training images, batch {batch}, accuracy {percent:.1} %"
    );
    let title = format!("What the network sees in {} of the test images", rows.len());
    let mut page = Page::new(&title, &caption);
    for (i, [seen, label, confidence]) in rows.iter().enumerate() {
        let (left, top) = (40 + (i % 5) as i32 * 220, 44 + (i / 5) as i32 * 192);
        let pixels: Vec<u8> = serde_json::from_value(run.get("samples")[i]["pixels"].clone())?;
        draw_digit(&mut page, &pixels, (left, top), 5);
        let words = format!("{seen} at {:.0} %", confidence * 100.0);
        let (words, colour) = match seen == label {
            true => (words, INK),
            false => (format!("{words}, is a {label}"), page::colour(1)),
        };
        let style = format!("font-size='24' fill='{colour}'");
        page.text(&words, (left + 70, top + 160), "middle", &style);
    }
    Ok(Some(page.finish("level3_digits")))
}

/// Draws one picture, dark on white: a rectangle for each run of equal grey in a line.
fn draw_digit(page: &mut Page, pixels: &[u8], (left, top): Place, zoom: i32) {
    let side = SIDE as i32 * zoom;
    page.rectangle([(left, top), (left + side, top + side)], "#F4F4F4", 1.0);
    for (line, y) in pixels.chunks(SIDE).zip((top..).step_by(zoom as usize)) {
        let mut x = left;
        // Eight greys are enough for the eye.
        for alike in line.chunk_by(|one, other| one / 32 == other / 32) {
            let end = x + alike.len() as i32 * zoom;
            let shade = 244 - alike[0] / 32 * 32;
            if shade < 244 {
                let grey = format!("#{shade:02X}{shade:02X}{shade:02X}");
                page.rectangle([(x, y), (end, y + zoom)], &grey, 1.0);
            }
            x = end;
        }
    }
}
