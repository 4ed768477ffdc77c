//! Level 2: speedup over ranks, for a program that hardly communicates and one that must.

use crate::Chart;
use crate::plot::{self, Axis, Look, Note, Series, plain};
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

/// The efficiency that a run of heat forecasts for more ranks: the same plate, or a growing one.
pub fn forecast(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let forecasts = |run: &&Run| run.example == "level2_heat" && run.rows("forecast").is_some();
    let Some(run) = runs.iter().rev().find(forecasts) else { return Ok(None) };
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    for row in run.rows("forecast").unwrap_or_default() {
        let ranks = row.number("ranks")?;
        strong.push((ranks, row.number("strong_efficiency")? * 100.0));
        weak.push((ranks, row.number("weak_efficiency")? * 100.0));
    }
    let ranks: Vec<f64> = strong.iter().map(|point| point.0).collect();
    let x = Axis::at("ranks", &ranks, plain);
    let y = Axis::linear("efficiency", 108.0, |v| format!("{} %", plain(v)));
    let most = ranks.last().copied().unwrap_or(1.0);
    let half = strong.iter().copied().find(|(_, percent)| *percent < 50.0);
    let notes = half.map(|point| Note {
        at: (most.powf(0.55), 30.0),
        text: format!("{} ranks talk more\nthan they compute", plain(point.0)),
        left: true,
        arrow: Some(point),
        ..Note::default()
    });
    let series = [
        Series { name: "the same plate (strong)".into(), points: strong, look: Look::Measured(1) },
        Series { name: "a growing plate (weak)".into(), points: weak, look: Look::Measured(0) },
    ];
    let caption = format!(
        "forecast from {} ranks; {}; {} x {2} cells",
        run.setting_text("ranks"),
        run.origin(),
        run.setting_text("size")
    );
    let notes: Vec<Note> = notes.into_iter().collect();
    let svg = plot::plot("Strong and weak scaling, forecast", &caption, x, y, &series, &notes)?;
    Ok(Some(Chart { name: "level2_forecast.svg".into(), svg }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stay_few() {
        assert_eq!(ticks_up_to(4.0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks_up_to(64.0), [4.0, 8.0, 16.0, 32.0, 64.0]);
    }
}
