//! Level 2: speedup over ranks, for a program that hardly communicates and one that must.

use std::collections::BTreeMap;

use super::plot::{self, Axis, Chart, Look, Note, Series, plain};
use crate::records::{Run, latest_by, refuse_mixture};

/// Speedup over ranks for pi and heat, with the ideal line.
pub fn scaling(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let of = |example: &'static str| runs.iter().filter(move |run| run.example == example);
    let mut curves = Vec::new();
    let mut captions = Vec::new();
    if let Some(points) = speedups(of("level2_pi"), "median_s", &["rectangles", "kernel"])? {
        curves.push(("pi".to_string(), points));
        captions.extend(
            of("level2_pi")
                .next_back()
                .map(|run| format!("pi {} rectangles", run.setting_text("rectangles"))),
        );
    }
    for exchange in ["blocking", "overlap"] {
        // A run with a forecast has a chart of its own, and perhaps another size.
        let mut heat = of("level2_heat")
            .filter(|run| run.setting("exchange") == exchange && run.rows("forecast").is_none());
        let alike = ["size", "steps"];
        if let Some(points) = speedups(heat.clone(), "total_s", &alike)? {
            curves.push((format!("heat, {exchange}"), points));
            captions.extend(heat.next_back().map(|run| {
                format!(
                    "heat {} x {0}, {} steps",
                    run.setting_text("size"),
                    run.setting_text("steps")
                )
            }));
        }
    }
    if curves.is_empty() {
        return Ok(None);
    }
    captions.dedup();
    // A rank that is bound to one CPU sees only that: the runs together saw the most.
    let drawn = runs.iter().filter(|run| run.level == 2 && run.example != "compare_python");
    let (mut cpus, mut origin) = (1.0, String::new());
    for run in drawn {
        if run.setting_number("cpus")? >= cpus {
            (cpus, origin) = (run.setting_number("cpus")?, run.origin());
        }
    }
    let caption = format!("{origin}; {}", captions.join("; "));
    let svg = speedup(&caption, &curves, cpus)?;
    Ok(Some(Chart { name: "level2_scaling.svg".into(), svg }))
}

/// Speedups with the ideal line, and a note where ranks begin to share CPUs.
fn speedup(
    caption: &str,
    curves: &[(String, Vec<(f64, f64)>)],
    cpus: f64,
) -> anyhow::Result<String> {
    let most = curves.iter().flat_map(|(_, points)| points).fold(1.0f64, |most, p| most.max(p.0));
    let mut x = Axis::linear("ranks", most * 1.08, plain);
    x.ticks = ticks_up_to(most);
    let mut y = Axis::linear("speedup", most * 1.08, |v| format!("{}x", plain(v)));
    y.ticks.clone_from(&x.ticks);
    let ideal =
        Series { name: "ideal".into(), points: vec![(0.0, 0.0), (most, most)], look: Look::Guide };
    let mut series = vec![ideal];
    for (i, (name, points)) in curves.iter().enumerate() {
        series.push(Series { name: name.clone(), points: points.clone(), look: Look::Measured(i) });
    }
    let mut notes = Vec::new();
    if most > cpus {
        let words = format!("{} CPUs: from here on\nranks take turns", plain(cpus));
        let (at, arrow) = ((cpus * 1.15, cpus * 0.45), Some((cpus, cpus * 0.92)));
        notes.push(Note { at: (cpus, 0.0), upright: true, ..Note::default() });
        notes.push(Note { at, text: words, arrow, ..Note::default() });
    }
    plot::plot("Speedup over ranks", caption, x, y, &series, &notes)
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

/// The speedup of each run over the run with one rank: `(ranks, speedup)`, in order.
fn speedups<'a>(
    runs: impl Iterator<Item = &'a Run>,
    time: &str,
    alike: &[&str],
) -> anyhow::Result<Option<Vec<(f64, f64)>>> {
    let runs = latest_by(runs, |run| run.setting_text("ranks"));
    refuse_mixture(&runs, alike)?;
    let mut times = Vec::new();
    for run in &runs {
        times.push((run.setting_number("ranks")?, run.number(time)?));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    match times.first() {
        Some(&(1.0, one)) if times.len() > 1 => {
            Ok(Some(times.into_iter().map(|(ranks, time)| (ranks, one / time)).collect()))
        }
        _ => Ok(None),
    }
}

/// Efficiency over ranks: the forecast of the last run that has one, for the same problem and for a
/// growing one, and the measured runs that belong to it. None without a forecast.
pub fn forecast(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let with_forecast = |run: &&Run| run.level == 2 && run.rows("forecast").is_some();
    let Some(made) = runs.iter().rev().find(with_forecast) else { return Ok(None) };
    let rows = made.rows("forecast").unwrap_or_default();
    let heat = made.example == "level2_heat";
    let (size, time, alike): (_, _, &[&str]) = match heat {
        true => ("size", "step_median_s", &["exchange"]),
        false => ("rectangles", "median_s", &["kernel"]),
    };
    let base = made.setting_number(size)?;
    let belongs = |run: &&Run| {
        run.example == made.example
            && run.host == made.host
            && !run.is_doubtful()
            && run.optional(time).is_some()
            && alike.iter().all(|name| run.setting(name) == made.setting(name))
    };
    // The middle time of each number of ranks, of the same problem and of the growing one.
    let mut times = [BTreeMap::<u64, Vec<f64>>::new(), BTreeMap::new()];
    for run in runs.iter().filter(belongs) {
        let (ranks, here) = (run.setting_number("ranks")?, run.setting_number(size)?);
        let grown = base * if heat { ranks.sqrt() } else { ranks };
        for (times, expected) in times.iter_mut().zip([base, grown.round()]) {
            if here == expected {
                times.entry(ranks as u64).or_default().push(run.number(time)?);
            }
        }
    }
    let mut series = Vec::new();
    for (i, (name, times)) in ["same problem", "growing problem"].iter().zip(times).enumerate() {
        let field = ["strong_efficiency", "weak_efficiency"][i];
        let mut points = Vec::new();
        for row in &rows {
            points.push((row.number("ranks")?, 100.0 * row.number(field)?));
        }
        series.push(Series { name: format!("{name}, forecast"), points, look: Look::Fitted(i) });
        let middle = |times: &Vec<f64>| {
            let mut sorted = times.clone();
            sorted.sort_by(f64::total_cmp);
            sorted[(sorted.len() - 1) / 2]
        };
        let Some(one) = times.get(&1).map(middle) else { continue };
        let points: Vec<_> = times
            .iter()
            .map(|(ranks, times)| {
                let (ranks, gain) = (*ranks as f64, 100.0 * one / middle(times));
                (ranks, if i == 0 { gain / ranks } else { gain })
            })
            .collect();
        series.push(Series { name: "measured".into(), points, look: Look::Marks(i) });
    }
    let ranks: Vec<f64> = series[0].points.iter().map(|point| point.0).collect();
    let title =
        format!("{}: how much of the ranks is put to use", &made.example["level2_".len()..]);
    let caption = format!(
        "{}; {size} {}; forecast from {} ranks; growing: each rank keeps its work",
        made.origin(),
        made.setting_text(size),
        made.setting_text("ranks"),
    );
    let half = series[0].points.iter().copied().find(|(_, percent)| *percent < 50.0);
    let notes = half.map(|point| Note {
        at: (point.0.powf(0.6), 24.0),
        text: format!("{} ranks talk more\nthan they compute", plain(point.0)),
        left: true,
        arrow: Some(point),
        ..Note::default()
    });
    let notes: Vec<Note> = notes.into_iter().collect();
    let x = Axis::at("ranks", &ranks, plain);
    let y = Axis::linear("efficiency", 120.0, |v| format!("{} %", plain(v)));
    let svg = plot::plot(&title, &caption, x, y, &series, &notes)?;
    Ok(Some(Chart { name: "level2_forecast.svg".into(), svg }))
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
