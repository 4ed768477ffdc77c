//! Level 2: speedup over ranks, for a program that hardly communicates and one that must.

use crate::Chart;
use crate::level1::speedup;
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
