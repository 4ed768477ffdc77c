//! Level 2: speedup over ranks, for a program that hardly communicates and for those that must.

use std::collections::BTreeMap;

use super::page::Chart;
use super::plot::{Axis, Look, Note, Plot, Series, plain};
use crate::records::{Run, latest, middle, points};

/// What is measured with several numbers of ranks: its name in the key, the setting that grows with the
/// problem, and what else the runs of one curve have in common.
const PROGRAMS: [(&str, &str, &str, &str); 3] = [
    ("level2_pi", "pi", "rectangles", "kernel"),
    ("level2_heat", "heat", "size", "steps"),
    ("level2_overlap", "heat, overlap", "size", "steps"),
];

/// Speedup over ranks for each program, with the ideal line.
pub fn scaling(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let mut series = Vec::new();
    let mut problems = Vec::new();
    let forecast = runs.iter().any(|run| run.get("forecast").is_array());
    // A rank that is bound to one CPU sees only that: the runs together saw the most.
    let (mut most, mut cpus, mut origin) = (1.0, 0.0, String::new());
    for (i, (example, name, size, alike)) in PROGRAMS.into_iter().enumerate() {
        // A run with a forecast has a chart of its own, and perhaps another size.
        let own = |run: &&Run| run.example == example && run.get("forecast").is_null();
        let runs = match latest(runs.iter().filter(own), |run| run.text("ranks"), &[size, alike]) {
            Err(_) if forecast => continue, // its chart knows which of these runs belong together
            runs => runs?,
        };
        let mut points = points(&runs, |run| Ok((run.number("ranks")?, run.time()?)))?;
        let Some(&(1.0, one)) = points.first().filter(|_| points.len() > 1) else { continue };
        points.iter_mut().for_each(|point| point.1 = one / point.1);
        most = points.iter().fold(most, |most, point| f64::max(most, point.0));
        for run in &runs {
            if run.number("cpus")? > cpus {
                (cpus, origin) = (run.number("cpus")?, run.origin());
            }
        }
        let size = runs[0].text(size);
        problems.push(match example {
            "level2_pi" => format!("pi {size} rectangles"),
            _ => format!("heat {size} x {size}, {} steps", runs[0].text("steps")),
        });
        series.push(Series::new(name, points, Look::Measured(i)));
    }
    if series.is_empty() {
        return Ok(None);
    }
    problems.dedup();
    series.insert(0, Series::new("ideal", vec![(0.0, 0.0), (most, most)], Look::Guide));
    let mut x = Axis::linear("ranks", most * 1.08, plain);
    x.ticks = ticks_up_to(most);
    let mut y = Axis::linear("speedup", most * 1.08, |v| format!("{}x", plain(v)));
    y.ticks.clone_from(&x.ticks);
    let mut notes = Vec::new();
    if most > cpus {
        series.insert(0, Series::new("", vec![(cpus, 0.0), (cpus, y.range.end)], Look::Guide));
        let text = format!("{} CPUs: from here on\nranks take turns", plain(cpus));
        let (at, arrow) = ((cpus * 1.15, cpus * 0.45), Some((cpus, cpus * 0.92)));
        notes.push(Note { at, text, arrow, ..Note::default() });
    }
    let plot = Plot {
        name: "level2_scaling",
        title: "Speedup over ranks",
        caption: &format!("{origin}; {}", problems.join("; ")),
        x,
        y,
        series,
        notes,
    };
    Ok(Some(plot.draw()))
}

/// Every whole number while they are few, then powers of two.
fn ticks_up_to(most: f64) -> Vec<f64> {
    if most <= 12.0 {
        return (1..=most as u32).map(f64::from).collect();
    }
    let powers = (0..).map(|e| 2f64.powi(e)).skip_while(|t| *t < most / 16.0);
    powers.take_while(|t| *t <= most).collect()
}

/// Efficiency over ranks: the forecast of the last run that has one, for the same problem and for a
/// growing one, and the measured runs that belong to it. None without a forecast.
pub fn forecast(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(made) = runs.iter().rfind(|run| run.get("forecast").is_array()) else {
        return Ok(None);
    };
    let size = if made.example == "level2_pi" { "rectangles" } else { "size" };
    let belongs = |run: &&Run| {
        run.example == made.example
            && run.host == made.host
            && run.get("kernel") == made.get("kernel")
            && run.get("doubt").is_null()
    };
    let base = made.number(size)?;
    // The times of each number of ranks, of the same problem and of the growing one.
    let mut measured = [BTreeMap::<u64, Vec<f64>>::new(), BTreeMap::new()];
    for run in runs.iter().filter(belongs) {
        let (ranks, here) = (run.number("ranks")?, run.number(size)?);
        let growth = if size == "size" { ranks.sqrt() } else { ranks }; // a plate's size is its side
        for (times, expected) in measured.iter_mut().zip([base, (base * growth).round()]) {
            if here == expected {
                times.entry(ranks as u64).or_default().push(run.time()?);
            }
        }
    }
    let rows = made.table("forecast", ["ranks", "strong_efficiency", "weak_efficiency"])?;
    let mut series = Vec::new();
    for (i, (name, times)) in ["same problem", "growing problem"].iter().zip(measured).enumerate() {
        let points = rows.iter().map(|row| (row[0], 100.0 * row[i + 1])).collect();
        series.push(Series::new(format!("{name}, forecast"), points, Look::Fitted(i)));
        let times: BTreeMap<u64, f64> =
            times.into_iter().map(|(ranks, times)| (ranks, middle(times))).collect();
        let Some(one) = times.get(&1) else { continue };
        let efficiency = |(ranks, time): (&u64, &f64)| {
            let (ranks, gain) = (*ranks as f64, 100.0 * one / time);
            (ranks, if i == 0 { gain / ranks } else { gain })
        };
        let points = times.iter().map(efficiency).collect();
        series.push(Series::new("measured", points, Look::Marks(i)));
    }
    let half = series[0].points.iter().find(|(_, percent)| *percent < 50.0);
    let finding = half.map(|&(ranks, percent)| Note {
        at: if ranks > 30.0 { (ranks.powf(0.6), 24.0) } else { (ranks * 1.2, 68.0) }, // where is room
        text: format!("with {ranks} ranks, more than half\nof their time is spent waiting"),
        left: ranks > 30.0,
        arrow: Some((ranks, percent)),
    });
    let ranks: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    let (origin, here, from) = (made.origin(), made.text(size), made.text("ranks"));
    let program = made.example.trim_start_matches("level2_");
    let plot = Plot {
        name: "level2_forecast",
        title: &format!("{program}: how much of the ranks is put to use"),
        caption: &format!(
            "{origin}; {size} {here}; forecast from {from} ranks; growing: each rank keeps its work"
        ),
        x: Axis::at("ranks", &ranks, plain),
        y: Axis::linear("efficiency", 120.0, |v| format!("{} %", plain(v))),
        series,
        notes: finding.into_iter().collect(),
    };
    Ok(Some(plot.draw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stay_few() {
        assert_eq!(ticks_up_to(4.0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks_up_to(64.0), [4.0, 8.0, 16.0, 32.0, 64.0]);
    }
}
