//! Level 2: speedup over ranks, for a program that never talks and one that must.

use crate::Chart;
use crate::level1::{speedup, speedups};
use crate::records::Run;

/// Speedup over ranks for pi and heat, with the ideal line and the Amdahl law that fits each.
pub fn scaling(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let of = |example: &'static str| runs.iter().filter(move |run| run.example == example);
    let mut curves = Vec::new();
    let mut captions = Vec::new();
    if let Some(points) = speedups(of("level2_pi"), "best_s", &["rectangles", "kernel", "cpus"])? {
        curves.push(("pi".to_string(), points));
        captions.extend(
            of("level2_pi")
                .next_back()
                .map(|run| format!("pi {} rectangles", run.setting_text("rectangles"))),
        );
    }
    for exchange in ["blocking", "overlap"] {
        let mut heat = of("level2_heat").filter(|run| run.setting("exchange") == exchange);
        let alike = ["size", "steps", "cpus"];
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
    let drawn = |run: &&Run| ["level2_pi", "level2_heat"].contains(&run.example.as_str());
    let (Some(last), false) = (runs.iter().rev().find(drawn), curves.is_empty()) else {
        return Ok(None);
    };
    captions.dedup();
    let caption = format!("{}; {}", last.origin(), captions.join("; "));
    let svg = speedup("Speedup over ranks", &caption, "ranks", &curves, last)?;
    Ok(Some(Chart { name: "level2_scaling.svg".into(), svg }))
}
