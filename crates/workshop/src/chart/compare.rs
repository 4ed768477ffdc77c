//! The same work in several languages, side by side.

use plotters::prelude::*;

use super::plot::{self, Axis, Chart, seconds};
use crate::records::{Run, latest_by, refuse_mixture, seconds_exact};

/// Names of results in the comparisons' records, in words. Other names are shown as they are.
const NAMES: [(&str, &str); 5] = [
    ("pool_start_s", "start of the workers"),
    ("empty_10_s", "10 empty tasks"),
    ("empty_1000_s", "1000 empty tasks"),
    ("crossover_high_s", "parallel wins from"),
    ("train_s", "one epoch"),
];

/// One row of the chart: what was measured, and each program's time.
struct Row {
    label: String,
    /// The number of the program, which picks its colour, and its time in seconds.
    times: Vec<(usize, f64)>,
}

/// One chart for every level that was compared.
pub fn languages(runs: &[Run]) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for level in 1..=3 {
        let compared = runs.iter().filter(|r| r.example == "compare_python" && r.level == level);
        let mut compared = latest_by(compared, program);
        compared.sort_by_key(|run| !is_ours(run)); // so ours has the same colour in every chart
        refuse_mixture(&compared, &["cpus"])?;
        if !compared.is_empty() {
            charts.push(level_chart(level, &compared)?);
        }
    }
    Ok(charts)
}

/// `numpy`, or `burn, cpu, batch 512` where the same program ran several times.
fn program(run: &Run) -> String {
    let name = run.setting_text("program");
    match run.setting("batch_size").as_u64() {
        Some(batch) => format!("{name}, {}, batch {batch}", run.setting_text("device")),
        None => name,
    }
}

/// Whether this is the workshop's own program, judged by its name in the record.
fn is_ours(run: &Run) -> bool {
    let name = run.setting_text("program").to_lowercase();
    ["rust", "rayon", "burn"].iter().any(|ours| name.starts_with(ours))
}

/// A row for every program if they share one measurement, otherwise a row for every measurement.
fn rows(runs: &[&Run]) -> Vec<Row> {
    // Only a measurement that several programs share can be compared.
    let shared = |name: &str| runs.iter().filter(|run| run.optional(name).is_some()).count() > 1;
    let mut names: Vec<String> = Vec::new();
    let all = runs.iter().flat_map(|run| run.times().into_iter().map(move |time| (run, time.0)));
    for (run, name) in all {
        // Of an interval, the upper end is enough.
        let lower_end = name.ends_with("_low_s");
        // Runs of several batch sizes are compared by their training alone.
        let beside = run.setting("batch_size").is_u64() && name != "train_s";
        if shared(name) && !beside && !lower_end && !names.iter().any(|known| known == name) {
            names.push(name.to_string());
        }
    }
    if let [name] = names.as_slice() {
        let mut rows: Vec<Row> = runs
            .iter()
            .filter_map(|run| {
                let colour = usize::from(!is_ours(run));
                Some(Row { label: program(run), times: vec![(colour, run.optional(name)?)] })
            })
            .collect();
        rows.sort_by(|a, b| b.times[0].1.total_cmp(&a.times[0].1));
        return rows;
    }
    let row = |name: &String| Row {
        label: in_words(name),
        times: runs
            .iter()
            .enumerate()
            .filter_map(|(i, run)| Some((i, run.optional(name)?)))
            .collect(),
    };
    let mut rows: Vec<Row> = names.iter().map(row).collect();
    let slowest = |row: &Row| row.times.iter().fold(0.0f64, |most, (_, time)| most.max(*time));
    rows.sort_by(|a, b| slowest(b).total_cmp(&slowest(a)));
    rows
}

/// `factorial_500_s`: "500!"
fn in_words(name: &str) -> String {
    if let Some((_, words)) = NAMES.iter().find(|(known, _)| *known == name) {
        return words.to_string();
    }
    let plain = name.trim_end_matches("_s");
    match plain.strip_prefix("factorial_") {
        Some(n) => format!("{n}!"),
        None => plain.replace('_', " "),
    }
}

/// Marks on a logarithmic axis: the range is too wide for bars.
fn level_chart(level: u64, runs: &[&Run]) -> anyhow::Result<Chart> {
    let rows = rows(runs);
    let times = || rows.iter().flat_map(|row| row.times.iter());
    if rows.is_empty() {
        return Err(cli::misuse(format!(
            "{}: this comparison has no time (a result whose name ends in _s) in common with \
             another program's",
            runs[0].place
        )));
    }
    let several = rows.iter().any(|row| row.times.len() > 1);
    let (least, most) = times().fold((f64::MAX, 0.0f64), |(a, b), (_, t)| (a.min(*t), b.max(*t)));
    let (axis, scale) = if most < 10.0 * least {
        (Axis::linear("", most * 1.05, seconds), "")
    } else {
        (Axis::decades("", times().map(|(_, time)| *time), seconds), "; logarithmic axis")
    };
    let longest = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let left = 360.max(12 * longest as i32 + 30); // a letter is about 12 wide
    let (right, top, bottom) =
        (plot::SIZE.0 - 130, if several { 84 } else { 44 }, plot::SIZE.1 - 78);
    let labels = if several { left - 100 } else { left - 14 };
    let x = |s: f64| axis.place(s, (left, right));
    let height = f64::from(bottom - top) / rows.len() as f64;
    let best = runs.iter().any(|run| run.optional("best_s").is_some());
    let best = if best { "; best times" } else { "" };
    let caption = format!("{}{best}{scale}", runs[0].origin());
    let svg = plot::page("The same work, side by side", &caption, |area| {
        if several {
            let mut key = left - 100;
            for (i, run) in runs.iter().enumerate() {
                plot::mark(area, (key, 58), i)?;
                let name = program(run);
                plot::text(area, &name, (key + 18, 58), plot::beside(24, plot::INK))?;
                key += 60 + 12 * name.chars().count() as i32;
            }
        }
        plot::ticks(area, &axis, (left, right), (top, bottom))?;
        for (i, row) in rows.iter().enumerate() {
            let y = top + ((i as f64 + 0.5) * height) as i32;
            plot::text(area, &row.label, (labels, y), plot::right_aligned(24, plot::INK))?;
            let ends: Vec<i32> = row.times.iter().map(|(_, time)| x(*time)).collect();
            let (least, most) = (ends.iter().min(), ends.iter().max());
            let stem = match (several, least, most) {
                (true, Some(least), Some(most)) => vec![(*least, y), (*most, y)],
                (_, _, most) => vec![(left, y), (most.copied().unwrap_or(left), y)],
            };
            area.draw(&PathElement::new(stem, plot::GREY.mix(0.6).stroke_width(2)))?;
            for (colour, time) in &row.times {
                plot::mark(area, (x(*time), y), *colour)?;
                // The faster time stands to the left of its mark, the slower to the right.
                let leftmost = several && Some(&x(*time)) == least && least != most;
                if leftmost {
                    let at = (x(*time) - 16, y);
                    plot::text(
                        area,
                        &seconds_exact(*time),
                        at,
                        plot::right_aligned(23, plot::INK),
                    )?;
                } else {
                    let at = (x(*time) + 16, y);
                    plot::text(area, &seconds_exact(*time), at, plot::beside(23, plot::INK))?;
                }
            }
        }
        Ok(())
    })?;
    Ok(Chart { name: format!("level{level}_languages.svg"), svg })
}
