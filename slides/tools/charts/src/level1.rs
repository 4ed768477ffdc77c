//! Level 1: where parallel starts to win, what more workers gain, and which worker ran which task.

use std::collections::BTreeMap;

use plotters::prelude::*;

use crate::Chart;
use crate::plot::{self, Axis, Look, Note, Series, plain, seconds, seconds_exact};
use crate::records::{Run, latest_by};

/// The last run of `example` that holds the list `rows`.
fn last_with<'a>(runs: &'a [Run], example: &str, rows: &str) -> Option<&'a Run> {
    runs.iter().rev().find(|run| run.example == example && run.rows(rows).is_some())
}

/// Sequential against parallel over the size of a task, with the crossover marked.
pub fn crossover(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_crossover", "points") else { return Ok(None) };
    let rows = run.rows("points").unwrap_or_default();
    let mut sequential = Vec::new();
    let mut parallel = Vec::new();
    for row in &rows {
        let size = row.number("task_s")?;
        sequential.push((size, row.number("sequential_s")?));
        parallel.push((size, row.number("parallel_s")?));
    }
    for points in [&mut sequential, &mut parallel] {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let sizes = sequential.iter().map(|p| p.0);
    let times: Vec<f64> = sequential.iter().chain(&parallel).map(|p| p.1).collect();
    let x = Axis::decades("size of one task", sizes, seconds);
    let y = Axis::decades("time for all tasks", times.into_iter(), seconds);
    let notes: Vec<Note> = match (run.optional("bracket_low_s"), run.optional("bracket_high_s")) {
        (Some(low), Some(high)) => {
            let text = format!(
                "parallel starts to win between\n{} and {} per task",
                seconds_exact(low),
                seconds_exact(high)
            );
            let top = y.range.end / 1.6;
            vec![
                Note { at: (low, top), text: String::new(), left: false, upright: true },
                Note { at: (high, top), text, left: false, upright: true },
            ]
        }
        _ => Vec::new(),
    };
    let workers = run.setting_text("workers");
    let series = [
        Series { name: "sequential".into(), points: sequential, look: Look::Measured(1) },
        Series { name: format!("{workers} workers"), points: parallel, look: Look::Measured(0) },
    ];
    let caption =
        format!("{}; {} tasks, {workers} workers", run.origin(), run.setting_text("tasks"));
    let svg = plot::plot("Where parallel starts to win", &caption, x, y, &series, &notes)?;
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

/// Speedup over workers, from the part of the crossover run that computes Amdahl's law.
pub fn amdahl(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_crossover", "amdahl") else { return Ok(None) };
    let mut points = Vec::new();
    for row in run.rows("amdahl").unwrap_or_default() {
        points.push((row.number("workers")?, row.number("speedup")?));
    }
    if points.len() < 2 {
        return Ok(None);
    }
    let curves = [("product tree".to_string(), points)];
    let cpus = run.setting_number("cpus")?;
    let svg = speedup("More workers, one serial part", &run.origin(), "workers", &curves, cpus)?;
    Ok(Some(Chart { name: "level1_amdahl.svg".into(), svg }))
}

/// Measured speedups with the ideal line and, for each curve, the Amdahl law that fits it.
pub fn speedup(
    title: &str,
    caption: &str,
    counted: &str,
    curves: &[(String, Vec<(f64, f64)>)],
    cpus: f64,
) -> anyhow::Result<String> {
    let most = curves.iter().flat_map(|(_, points)| points).fold(1.0f64, |most, p| most.max(p.0));
    let mut x = Axis::linear(counted, most * 1.08, plain);
    x.ticks = ticks_up_to(most);
    let y = Axis::linear("speedup", most * 1.08, plain);
    let ideal =
        Series { name: "ideal".into(), points: vec![(0.0, 0.0), (most, most)], look: Look::Guide };
    let mut series = vec![ideal];
    for (i, (name, points)) in curves.iter().enumerate() {
        series.push(Series { name: name.clone(), points: points.clone(), look: Look::Measured(i) });
        // More workers than CPUs take turns: those points say nothing about Amdahl's law.
        let inside: Vec<_> = points.iter().copied().filter(|p| p.0 <= cpus).collect();
        if let Some(serial) = serial_fraction(&inside) {
            let law = |p: f64| (p, 1.0 / (serial + (1.0 - serial) / p));
            series.push(Series {
                name: format!("Amdahl, {:.1} % serial", serial * 100.0),
                points: (0..=60).map(|k| law(1.0 + (most - 1.0) * f64::from(k) / 60.0)).collect(),
                look: Look::Fitted(i),
            });
        }
    }
    let edge = Note {
        at: (cpus, y.range.end * 0.14),
        text: format!("{} CPUs are usable here:\nmore {counted} share them", plain(cpus)),
        left: false,
        upright: true,
    };
    let notes = if most > cpus { vec![edge] } else { Vec::new() };
    plot::plot(title, caption, x, y, &series, &notes)
}

/// Every whole number while they are few, then powers of two.
fn ticks_up_to(most: f64) -> Vec<f64> {
    if most <= 12.0 {
        return (1..=most as u32).map(f64::from).collect();
    }
    (0..)
        .map(|e| 2f64.powi(e))
        .skip_while(|t| *t < most / 16.0)
        .take_while(|t| *t <= most)
        .collect()
}

/// The serial fraction whose Amdahl law lies closest to the measured times (least squares over
/// `1 / speedup`); none without a point beyond one worker.
fn serial_fraction(points: &[(f64, f64)]) -> Option<f64> {
    let (mut xy, mut xx) = (0.0, 0.0);
    for (workers, speedup) in points.iter().filter(|(workers, _)| *workers > 1.0) {
        let x = 1.0 - 1.0 / workers;
        xy += x * (1.0 / speedup - 1.0 / workers);
        xx += x * x;
    }
    (xx > 0.0).then(|| (xy / xx).clamp(0.0, 1.0))
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
    let (left, right, top, bottom) = (150, plot::SIZE.0 - 50, 74, plot::SIZE.1 - 100);
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
            plot::text(area, &label, (left - 14, y), plot::right_aligned(20, plot::INK))?;
        }
        let mut done = BTreeMap::new(); // how many tasks each worker has done
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
                plot::text(area, &plain(*task), middle, plot::centred(20, WHITE))?;
            }
        }
        Ok(())
    })?;
    Ok(Some(Chart { name: "level1_timeline.svg".into(), svg }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_gives_back_the_fraction_it_was_given() {
        for serial in [0.0, 0.05, 0.4] {
            let points: Vec<_> =
                [1.0, 2.0, 4.0, 16.0].map(|p| (p, 1.0 / (serial + (1.0 - serial) / p))).to_vec();
            assert!(serial_fraction(&points).is_some_and(|f| (f - serial).abs() < 1e-9));
        }
        assert_eq!(serial_fraction(&[(1.0, 1.0)]), None);
    }

    #[test]
    fn ticks_stay_few() {
        assert_eq!(ticks_up_to(4.0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks_up_to(64.0), [4.0, 8.0, 16.0, 32.0, 64.0]);
    }
}
