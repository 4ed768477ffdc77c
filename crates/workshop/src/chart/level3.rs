//! Level 3: what the batch size and the device gain, and what the network saw.

use common::plural;
use plotters::prelude::*;
use serde_json::Value;

use super::plot::{self, Axis, Chart, Look, Note, Series, plain};
use crate::records::{Run, grouped, latest_by, refuse_mixture};

const SIDE: usize = 28;
const NO_GPU: &str = "no GPU run is among these records";

/// The latest run of each batch size on one device, in order of the batch size.
fn on<'a>(runs: &'a [Run], device: &str) -> anyhow::Result<Vec<&'a Run>> {
    let all = runs.iter().filter(|r| r.example == "level3_mnist" && r.setting("device") == device);
    let mut kept = latest_by(all, |run| run.setting_text("batch_size"));
    refuse_mixture(&kept, &["device_name", "images", "data", "epochs", "cpus"])?;
    kept.sort_by_key(|run| run.setting("batch_size").as_u64());
    Ok(kept)
}

/// One series for each device that has records, with a caption that names their hosts.
fn series(
    runs: &[Run],
    point: impl Fn(&Run) -> anyhow::Result<(f64, f64)>,
    look: fn(usize) -> Look,
) -> anyhow::Result<Option<(Vec<Series>, String)>> {
    let mut series = Vec::new();
    let mut captions = Vec::new();
    for (i, device) in ["cpu", "cuda"].into_iter().enumerate() {
        let runs = on(runs, device)?;
        let Some(last) = runs.last() else { continue };
        let points = runs.iter().map(|run| point(run)).collect::<anyhow::Result<Vec<_>>>()?;
        let name = if device == "cpu" { "CPU" } else { "GPU" };
        series.push(Series { name: name.to_string(), points, look: look(i) });
        captions.push(match device {
            "cpu" => last.origin(),
            _ => format!("{} on {}, {}", last.setting_text("device_name"), last.host, last.date()),
        });
        if captions.len() == 1 {
            let epochs = plural(last.setting_text("epochs"), "epoch");
            let (images, data) = (last.setting_text("images"), last.setting_text("data"));
            captions[0] += &format!("; {images} images of {data}, {epochs}");
        }
    }
    if !series.iter().any(|one| one.name == "GPU") {
        captions.push(NO_GPU.to_string());
    }
    Ok((!series.is_empty()).then(|| (series, captions.join("; "))))
}

/// Images per second over the batch size, CPU and GPU.
pub fn throughput(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let point = |run: &Run| Ok((run.setting_number("batch_size")?, run.number("images_per_s")?));
    let Some((series, caption)) = series(runs, point, Look::Measured)? else { return Ok(None) };
    let all: Vec<_> = series.iter().flat_map(|one| one.points.iter().copied()).collect();
    if all.len() < 2 {
        return Ok(None);
    }
    let sizes: Vec<f64> = all.iter().map(|p| p.0).collect();
    let x = Axis::at("batch size", &sizes, |v| grouped(v as u64));
    let highest = all.iter().fold(0.0f64, |most, p| most.max(p.1));
    let wide = highest > 20.0 * all.iter().fold(f64::MAX, |least, p| least.min(p.1));
    let y = if wide {
        Axis::decades("images per second", all.iter().map(|p| p.1), |v| grouped(v as u64))
    } else {
        Axis::linear("images per second", highest * 1.15, |v| grouped(v as u64))
    };
    let svg = plot::plot("The batch feeds the device", &caption, x, y, &series, &[])?;
    Ok(Some(Chart { name: "level3_batch.svg".into(), svg }))
}

/// Accuracy over training time: a run that is faster but less accurate is no gain.
pub fn accuracy(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let point = |run: &Run| Ok((run.number("train_s")?, run.number("accuracy")? * 100.0));
    let Some((series, caption)) = series(runs, point, Look::Marks)? else { return Ok(None) };
    let all: Vec<_> = series.iter().flat_map(|one| one.points.iter().copied()).collect();
    if all.len() < 2 {
        return Ok(None);
    }
    let lowest = all.iter().fold(100.0f64, |least, p| least.min(p.1));
    let start = ((lowest - 1.0) / 10.0).floor().max(0.0) * 10.0;
    let letter = 0.08 * (100.0 - start); // as high as this, in percent of accuracy
    let mut notes = Vec::new();
    for device in ["cpu", "cuda"] {
        for run in on(runs, device)? {
            let (batch, images) =
                (run.setting_number("batch_size")?, run.setting_number("images")?);
            let updates = (images / batch).ceil() * run.setting_number("epochs")?;
            let updates = grouped(updates as u64);
            let text = format!("batch {}: {updates} updates", run.setting_text("batch_size"));
            // A label stands on the right of its point, unless there is another point.
            let at = point(run)?;
            let left = all.iter().any(|other| other.0 > at.0 && (other.1 - at.1).abs() < letter);
            notes.push(Note { at, text, left, ..Note::default() });
        }
    }
    let slowest = all.iter().fold(0.0f64, |most, p| most.max(p.0));
    let x = Axis::linear("training time in seconds", slowest * 1.5, plain);
    let ticks = (0..=5).map(|i| start + (100.0 - start) * f64::from(i) / 5.0).collect();
    let range = start..100.0;
    let percent = |v: f64| format!("{} %", plain(v));
    let y = Axis { title: "accuracy".into(), range, ticks, label: percent, logarithmic: false };
    let svg = plot::plot("Accuracy beside time", &caption, x, y, &series, &notes)?;
    Ok(Some(Chart { name: "level3_accuracy.svg".into(), svg }))
}

/// The digits that the most accurate run kept, each with its prediction.
pub fn digits(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let accuracy = |run: &&Run| run.optional("accuracy").unwrap_or_default();
    let with_samples = runs.iter().filter(|run| run.rows("samples").is_some());
    let best = with_samples.max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)));
    let Some(run) = best else { return Ok(None) };
    let rows = run.rows("samples").unwrap_or_default();
    let rows: Vec<_> = rows.iter().take(10).collect();
    let accuracy = format!("{:.1} %", run.number("accuracy")? * 100.0);
    let title = format!("What the network sees in {} of the test images", rows.len());
    let caption = format!(
        "{}; {}, {} training images, batch {}, accuracy {accuracy}",
        run.origin(),
        run.setting_text("data"),
        run.setting_text("images"),
        run.setting_text("batch_size")
    );
    let svg = plot::page(&title, &caption, |area| {
        for (i, row) in rows.iter().enumerate() {
            let (column, line) = ((i % 5) as i32, (i / 5) as i32);
            let (left, top) = (40 + column * 220, 44 + line * 192);
            let pixels = pixels(&row.value["pixels"]).ok_or_else(|| {
                cli::misuse(format!(
                    "{}: results.samples[{i}].pixels are not {} grey values",
                    run.place,
                    SIDE * SIDE
                ))
            })?;
            draw_digit(area, &pixels, (left, top), 5)?;
            let (seen, label) = (row.number("prediction")?, row.number("label")?);
            let right = seen == label;
            let mut words =
                format!("{} at {:.0} %", plain(seen), row.number("confidence")? * 100.0);
            if !right {
                words += &format!(", is a {}", plain(label));
            }
            let colour = if right { plot::INK } else { plot::colour(1) };
            plot::text(area, &words, (left + 70, top + 160), plot::centred(24, colour))?;
        }
        Ok(())
    })?;
    Ok(Some(Chart { name: "level3_digits.svg".into(), svg }))
}

/// Draws one picture, dark on white: a rectangle for each run of equal grey in a line.
fn draw_digit(
    area: &plot::Area,
    pixels: &[u8],
    (left, top): (i32, i32),
    zoom: i32,
) -> anyhow::Result<()> {
    let side = SIDE as i32 * zoom;
    area.draw(&Rectangle::new(
        [(left, top), (left + side, top + side)],
        RGBColor(244, 244, 244).filled(),
    ))?;
    for (y, line) in pixels.chunks(SIDE).enumerate() {
        let grey = |x: usize| line[x] / 32; // eight greys are enough for the eye
        let mut start = 0;
        while start < SIDE {
            let end = (start..SIDE).find(|x| grey(*x) != grey(start)).unwrap_or(SIDE);
            if grey(start) > 0 {
                let shade = 244 - grey(start) * 32;
                let x = |column: usize| left + column as i32 * zoom;
                let corner = top + y as i32 * zoom;
                let box_of = [(x(start), corner), (x(end), corner + zoom)];
                area.draw(&Rectangle::new(box_of, RGBColor(shade, shade, shade).filled()))?;
            }
            start = end;
        }
    }
    Ok(())
}

/// The grey values (0 to 255) of one picture; `None` unless there is one for each pixel.
fn pixels(value: &Value) -> Option<Vec<u8>> {
    let pixels: Vec<u8> = serde_json::from_value(value.clone()).ok()?;
    (pixels.len() == SIDE * SIDE).then_some(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grey_values_of_28_by_28_pixels_are_drawn() {
        assert_eq!(pixels(&serde_json::json!(vec![255; 784])), Some(vec![255; 784]));
        assert_eq!(pixels(&serde_json::json!(vec![255; 783])), None);
        assert_eq!(pixels(&serde_json::json!(vec![256; 784])), None);
        assert_eq!(pixels(&serde_json::json!(vec![0.5; 784])), None);
    }
}
