//! Level 1: where parallel starts to win, what more workers gain, and which worker ran which task.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::plot::{self, Axis, Chart, Look, Note, Series, plain, seconds};
use crate::records::{Run, latest_by, seconds_exact};

/// The last run of `example` that holds the list `rows`.
fn last_with<'a>(runs: &'a [Run], example: &str, rows: &str) -> Option<&'a Run> {
    runs.iter().rev().find(|run| run.example == example && run.rows(rows).is_some())
}

/// Speedup over the size of a task: red where several workers lose, green where they win.
pub fn crossover(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_crossover", "points") else { return Ok(None) };
    let mut points = Vec::new();
    for row in run.rows("points").unwrap_or_default() {
        let speedup = row.number("sequential_s")? / row.number("parallel_s")?;
        points.push((row.number("task_s")?, speedup));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let workers = run.setting_number("workers")?;
    let most = points.iter().fold(workers, |most, point| most.max(point.1));
    let x = Axis::decades("size of one task", points.iter().map(|point| point.0), seconds);
    let y = Axis::linear("speedup", most * 1.08, |v| format!("{}x", plain(v)));
    let (first, last, top) = (x.range.start, x.range.end, y.range.end);
    let mut notes = Vec::new();
    if let (Some(low), Some(high)) = (run.optional("bracket_low_s"), run.optional("bracket_high_s"))
    {
        let text =
            format!("parallel wins from\n{} to {} on", seconds_exact(low), seconds_exact(high));
        let at = ((high * last).sqrt(), 0.55);
        let arrow = Some(((low * high).sqrt(), 1.0));
        notes.push(Note { at, text, arrow, ..Note::default() });
    }
    let region = |name: &str, look, from, to| Series {
        name: name.to_string(),
        points: vec![(first, from), (last, to)],
        look: Look::Region(look),
    };
    let series = [
        region("slower than one", 1, 0.0, 1.0),
        region("faster", 2, 1.0, top),
        Series { name: String::new(), points: vec![(first, 1.0), (last, 1.0)], look: Look::Guide },
        Series { name: format!("{} workers", plain(workers)), points, look: Look::Measured(0) },
    ];
    let caption = format!("{}; {} tasks", run.origin(), run.setting_text("tasks"));
    let svg = plot::plot("Several workers against one", &caption, x, y, &series, &notes)?;
    Ok(Some(Chart { name: "level1_crossover.svg".into(), svg }))
}

/// Speedup over the size of a task, from an array of jobs: three or more races that only compute and
/// differ in their factorial alone.
pub fn array(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let alike = ["weight_s", "tasks", "workers"];
    let Some(last) = runs.iter().rev().find(|run| run.example == "level1_cores") else {
        return Ok(None);
    };
    let races = runs.iter().filter(|run| {
        run.example == last.example
            && alike.iter().all(|name| run.setting(name) == last.setting(name))
    });
    let mut points = Vec::new();
    for run in latest_by(races, |run| run.setting_text("factorial")) {
        points.push((run.setting_number("factorial")?, run.number("speedup")?));
    }
    if points.len() < 3 || last.setting_number("weight_s")? > 0.0 {
        return Ok(None);
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let workers = last.setting_number("workers")?;
    let sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
    let most = points.iter().fold(workers, |most, point| most.max(point.1));
    let (x, y) = (
        Axis::at("each task computes the factorial of", &sizes, plain),
        Axis::linear("speedup", most * 1.1, plain),
    );
    let ends = vec![(sizes[0], workers), (sizes[sizes.len() - 1], workers)];
    let series = [
        Series { name: "ideal".into(), points: ends, look: Look::Guide },
        Series { name: format!("{} workers", plain(workers)), points, look: Look::Measured(0) },
    ];
    let caption = format!("{}; {} tasks in each race", last.origin(), last.setting_text("tasks"));
    let svg = plot::plot("The same race with many sizes", &caption, x, y, &series, &[])?;
    Ok(Some(Chart { name: "level1_array.svg".into(), svg }))
}

/// Amdahl's law for several serial shares, and the crossover run's own share with its points.
pub fn amdahl(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    const MOST: f64 = 64.0;
    let Some(run) = last_with(runs, "level1_crossover", "amdahl") else { return Ok(None) };
    let mut points = Vec::new();
    for row in run.rows("amdahl").unwrap_or_default() {
        points.push((row.number("workers")?, row.number("speedup")?));
    }
    points.retain(|(workers, _)| (2.0..=MOST).contains(workers));
    let Some(&(workers, measured)) = points.last() else { return Ok(None) };
    let ours = run.number("last_multiplication")?;
    let law = |serial: f64, p: f64| 1.0 / (serial + (1.0 - serial) / p);
    let curve = |serial: f64| {
        (0..=60).map(|k| MOST.powf(f64::from(k) / 60.0)).map(|p| (p, law(serial, p))).collect()
    };
    let powers = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MOST];
    let mut x = Axis::at("workers", &powers, plain);
    x.range.end = MOST * 7.0; // room for the words beside the curves
    let y = Axis::at("speedup", &powers, |v| format!("{}x", plain(v)));
    let mut series = Vec::new();
    let mut notes = Vec::new();
    for (serial, look) in
        [(0.0, Look::Guide), (0.05, Look::Guide), (0.1, Look::Guide), (ours, Look::Fitted(1))]
    {
        let words = format!("{:.0} % serial: {:.1}x", serial * 100.0, law(serial, MOST));
        series.push(Series { name: String::new(), points: curve(serial), look });
        let at = (MOST, law(serial, MOST));
        notes.push(Note { at, text: words, ..Note::default() });
    }
    series.push(Series { name: String::new(), points, look: Look::Marks(1) });
    let text = format!("we measured {measured:.2}x on {} workers", plain(workers));
    let arrow = Some((workers, measured));
    notes.push(Note { at: (2.9, 1.1), text, arrow, ..Note::default() });
    let title = "What a serial share allows (Amdahl's law)";
    let svg = plot::plot(title, &run.origin(), x, y, &series, &notes)?;
    Ok(Some(Chart { name: "level1_amdahl.svg".into(), svg }))
}

/// Which worker did which task, and when.
pub fn timeline(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_cores", "timeline") else { return Ok(None) };
    let mut bars = Vec::new();
    for row in run.rows("timeline").unwrap_or_default() {
        let span = (row.number("start_s")?, row.number("end_s")?);
        bars.push((row.number("task")?, row.number("worker")?, span));
    }
    bars.sort_by(|a, b| a.2.0.total_cmp(&b.2.0));
    let workers = run.setting_number("workers")?.max(1.0);
    let end = bars.iter().fold(0.0f64, |end, bar| end.max(bar.2.1));
    let axis = Axis::linear("", end, |s| format!("{} s", plain(s)));
    let (left, right, top, bottom) = (150, plot::SIZE.0 - 50, 56, plot::SIZE.1 - 84);
    let x = |s: f64| axis.place(s, (left, right));
    let height = f64::from(bottom - top) / workers;
    let title = format!(
        "{} tasks of {} s on {} workers",
        run.setting_text("tasks"),
        plain(run.setting_number("weight_s")?),
        plain(workers)
    );
    let caption = format!(
        "{}; expected {}, measured {}",
        run.origin(),
        seconds_exact(run.number("expected_s")?),
        seconds_exact(run.number("parallel_s")?)
    );
    let svg = plot::page(&title, &caption, |area| {
        plot::ticks(area, &axis, (left, right), (top, bottom))?;
        for worker in 0..workers as u32 {
            let y = top + ((f64::from(worker) + 0.5) * height) as i32;
            let label = format!("worker {worker}");
            plot::text(area, &label, (left - 14, y), plot::right_aligned(24, plot::INK))?;
        }
        let mut done = BTreeMap::new(); // how many tasks each worker has done
        for worker in 0..workers as u32 {
            let own = bars.iter().filter(|bar| bar.1 == f64::from(worker));
            let last = own.fold(0.0f64, |last, bar| last.max(bar.2.1));
            if last < 0.8 * end {
                let y = top + ((f64::from(worker) + 0.5) * height) as i32;
                let middle = (x((last + end) / 2.0), y);
                plot::text(area, "no task left", middle, plot::centred(26, plot::GREY))?;
            }
        }
        for (task, worker, (start, end)) in &bars {
            let corner = |s: f64, share: f64| (x(s), top + ((worker + share) * height) as i32);
            // The wave of a task is its place in the order of its worker's tasks.
            let wave = done.entry(*worker as u64).or_insert(0u32);
            let colour = plot::colour(0).mix(if wave.is_multiple_of(2) { 1.0 } else { 0.82 });
            *wave += 1;
            let (a, b) = (corner(*start, 0.12), corner(*end, 0.88));
            area.draw(&Rectangle::new([a, b], colour.filled()))?;
            area.draw(&Rectangle::new([a, b], WHITE.stroke_width(2)))?;
            if b.0 - a.0 > 26 {
                let middle = ((a.0 + b.0) / 2, (a.1 + b.1) / 2);
                plot::text(area, &plain(*task), middle, plot::centred(28, WHITE))?;
            }
        }
        Ok(())
    })?;
    Ok(Some(Chart { name: "level1_timeline.svg".into(), svg }))
}
