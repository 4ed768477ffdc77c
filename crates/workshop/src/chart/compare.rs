//! The same work in several languages, side by side.

use super::page::{self, Chart, GREY, LABEL, Page};
use super::plot::{Axis, Look, Series, key, seconds, ticks};
use crate::records::{Run, latest, seconds_exact};

/// Names of results in the comparisons' records, in words. Other names are shown as they are.
const NAMES: [(&str, &str); 5] = [
    ("pool_start_s", "start of the workers"),
    ("empty_10_s", "10 empty tasks"),
    ("empty_1000_s", "1000 empty tasks"),
    ("awake_s", "wins from, if awake"),
    ("asleep_s", "wins from, if woken"),
];

/// One row of the chart: a measurement, or a program where all share one.
struct Row {
    label: String,
    /// The number of a colour and its mark, and a time in seconds.
    times: Vec<(usize, f64)>,
}

/// One chart for every level that was compared.
pub fn languages(runs: &[Run]) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for level in 1..=3 {
        let compared = runs.iter().filter(|r| r.example == "compare_python" && r.level == level);
        let mut compared = latest(compared, program, &["cpus"])?;
        compared.retain(|run| run.times().next().is_some()); // others compare what they move
        compared.sort_by_key(|run| !is_ours(run)); // so ours has the same colour in every chart
        let rows = rows(&compared);
        if !rows.is_empty() {
            charts.push(level_chart(level, &compared, &rows));
        }
    }
    Ok(charts)
}

/// `numpy`, or `burn, cpu, batch 512` where the same program ran several times.
fn program(run: &Run) -> String {
    let name = run.text("program");
    match run.get("batch_size").as_u64() {
        Some(batch) => format!("{name}, {}, batch {batch}", run.text("device")),
        None => name,
    }
}

/// Whether this is the workshop's own program, judged by its name in the record.
fn is_ours(run: &Run) -> bool {
    let name = run.text("program").to_lowercase();
    ["rust", "rayon", "burn"].iter().any(|ours| name.starts_with(ours))
}

/// The measurements that several programs share: only these can be compared.
fn shared<'a>(runs: &[&'a Run]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for (run, (name, _)) in runs.iter().flat_map(|run| run.times().map(move |time| (run, time))) {
        // Runs of several batch sizes are compared by their training alone.
        let wanted = name == "train_s" || !run.get("batch_size").is_u64();
        let several = runs.iter().filter(|run| run.get(name).is_number()).count() > 1;
        if wanted && several && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A row for every program if they share one measurement, otherwise a row for every measurement; the
/// slowest first.
fn rows(runs: &[&Run]) -> Vec<Row> {
    let names = shared(runs);
    let mut rows: Vec<Row> = Vec::new();
    for name in &names {
        for (i, run) in runs.iter().enumerate() {
            let Some(time) = run.get(name).as_f64() else { continue };
            let (label, colour) = match names.len() {
                1 => (program(run), usize::from(!is_ours(run))),
                _ => (in_words(name), i),
            };
            match rows.iter_mut().find(|row| row.label == label) {
                Some(row) => row.times.push((colour, time)),
                None => rows.push(Row { label, times: vec![(colour, time)] }),
            }
        }
    }
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

/// A mark for every time.
fn level_chart(level: u64, runs: &[&Run], rows: &[Row]) -> Chart {
    let times: Vec<f64> = rows.iter().flat_map(|row| &row.times).map(|time| time.1).collect();
    let axis = Axis::around("", &times, seconds);
    let scale = if axis.logarithmic { "; logarithmic axis" } else { "" };
    let best = runs.iter().any(|run| run.get("best_s").is_number());
    let best = if best { "; best times" } else { "" };
    let caption = format!("{}{best}{scale}", runs[0].origin());
    let mut page = Page::new("The same work, side by side", &caption);
    let several = rows.iter().any(|row| row.times.len() > 1);
    let programs = runs.iter().enumerate().filter(|_| several);
    let programs: Vec<Series> =
        programs.map(|(i, run)| Series::new(program(run), Vec::new(), Look::Marks(i))).collect();
    let (top, bottom) = (key(&mut page, &programs) + 26, page::SIZE.1 - 78);
    let longest = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let left = 30 + 12 * longest as i32; // a letter is about 12 wide
    // A time may stand to the left of its mark.
    let across = (left + if several { 100 } else { 14 }, page::SIZE.0 - 130);
    ticks(&mut page, &axis, across, (top, bottom));
    let height = f64::from(bottom - top) / rows.len() as f64;
    let readable = format!("{LABEL} stroke='white' stroke-width='6' paint-order='stroke'"); // on lines
    for (i, row) in rows.iter().enumerate() {
        let y = top + ((i as f64 + 0.5) * height) as i32;
        page.text(&row.label, (left, y), "end", LABEL);
        let mut marks: Vec<_> =
            row.times.iter().map(|time| (axis.place(time.1, across), time)).collect();
        marks.sort_by_key(|mark| mark.0);
        let from = if several { marks[0].0 } else { across.0 };
        page.line(&[(from, y), (marks[marks.len() - 1].0, y)], GREY, 1);
        for (j, (x, (colour, time))) in marks.iter().enumerate() {
            page.mark((*x, y), *colour);
            // The fastest time stands to the left of its mark, the others to the right.
            let (x, side) = if several && j == 0 { (x - 16, "end") } else { (x + 16, "start") };
            page.text(&seconds_exact(*time), (x, y), side, &readable);
        }
    }
    page.finish(&format!("level{level}_languages"))
}
