//! The same work in several languages, side by side.

use plotters::prelude::*;

use crate::Chart;
use crate::plot::{self, Axis, seconds, seconds_exact};
use crate::records::{Run, latest_by, refuse_mixture};

/// One chart for every level that was compared.
pub fn languages(runs: &[Run]) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for level in 1..=3 {
        let compared = runs.iter().filter(|r| r.example == "compare_python" && r.level == level);
        let compared = latest_by(compared, |run| run.setting_text("program"));
        refuse_mixture(&compared, &["cpus"])?;
        if !compared.is_empty() {
            charts.push(level_chart(level, &compared)?);
        }
    }
    Ok(charts)
}

/// A line for every time of every program, on a logarithmic axis: the range is too wide for bars.
fn level_chart(level: u64, runs: &[&Run]) -> anyhow::Result<Chart> {
    let mut lines: Vec<(String, f64)> = Vec::new();
    for run in runs {
        let program = run.setting_text("program");
        let times = run.times();
        for (name, time) in &times {
            let what = name.trim_end_matches("_s").replace('_', " ");
            let label =
                if times.len() > 1 { format!("{program}, {what}") } else { program.clone() };
            lines.push((label, *time));
        }
    }
    lines.sort_by(|a, b| b.1.total_cmp(&a.1));
    let axis = Axis::decades("", lines.iter().map(|line| line.1), seconds);
    let (left, right, top, bottom) = (360, plot::SIZE.0 - 150, 64, plot::SIZE.1 - 96);
    let share = |s: f64| {
        let (start, end) = (axis.range.start.log10(), axis.range.end.log10());
        (s.log10() - start) / (end - start)
    };
    let x = |s: f64| left + (share(s) * f64::from(right - left)).round() as i32;
    let height = f64::from(bottom - top) / lines.len() as f64;
    let caption = format!("{}; logarithmic axis", runs[0].origin());
    let svg = plot::page("The same work, side by side", &caption, |area| {
        for tick in &axis.ticks {
            let line = vec![(x(*tick), top - 6), (x(*tick), bottom + 6)];
            area.draw(&PathElement::new(line, plot::GREY.mix(0.3).stroke_width(1)))?;
            plot::text(
                area,
                &seconds(*tick),
                (x(*tick), bottom + 24),
                plot::centred(19, plot::GREY),
            )?;
        }
        for (i, (label, time)) in lines.iter().enumerate() {
            let y = top + ((i as f64 + 0.5) * height) as i32;
            let ours = usize::from(!label.starts_with("Rust"));
            let stem = vec![(left, y), (x(*time), y)];
            area.draw(&PathElement::new(stem, plot::colour(ours).stroke_width(3)))?;
            plot::mark(area, (x(*time), y), ours)?;
            plot::text(area, label, (left - 14, y), plot::right_aligned(20, plot::INK))?;
            plot::text(
                area,
                &seconds_exact(*time),
                (x(*time) + 16, y - 11),
                plot::font(20, plot::INK),
            )?;
        }
        Ok(())
    })?;
    Ok(Chart { name: format!("level{level}_languages.svg"), svg })
}
