//! Level 2: speedup over ranks, for a program that hardly communicates and one that must.

use std::collections::BTreeMap;

use crate::Chart;
use crate::level1::speedup;
use crate::plot::{Axis, Look, Series, plain, plot};
use crate::records::{Run, latest_by, refuse_mixture};

/// Speedup over ranks for pi and heat, with the ideal line and the Amdahl law that fits each.
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
        let mut heat = of("level2_heat").filter(|run| run.setting("exchange") == exchange);
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
    let svg = speedup("Speedup over ranks", &caption, "ranks", &curves, cpus)?;
    Ok(Some(Chart { name: "level2_scaling.svg".into(), svg }))
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
        "{}; {size} {}; forecast from {} ranks; growing: as much work for each rank as for one",
        made.origin(),
        made.setting_text(size),
        made.setting_text("ranks"),
    );
    let (x, y) = (Axis::at("ranks", &ranks, plain), Axis::linear("efficiency in %", 120.0, plain));
    let svg = plot(&title, &caption, x, y, &series, &[])?;
    Ok(Some(Chart { name: "level2_forecast.svg".into(), svg }))
}
