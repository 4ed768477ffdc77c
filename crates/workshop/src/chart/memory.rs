//! Level 1, the memory wall: what one core moves in arrays of many sizes, and the roofs of all.

use common::{in_bytes, plural};

use super::level1::last_with;
use super::page::Chart;
use super::plot::{Axis, Look, Note, Plot, Series, plain};
use crate::records::Run;

/// Bytes per second over the size of the arrays.
pub fn staircase(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_memory", "sizes") else { return Ok(None) };
    let rows = run.table("sizes", ["bytes", "bytes_per_s"])?;
    let points: Vec<_> = rows.into_iter().map(|[bytes, moved]| (bytes, 1e-9 * moved)).collect();
    let sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
    let most = points.iter().fold(0.0, |most: f64, point| most.max(point.1));
    let x = Axis::at("size of the three arrays", &sizes, |v| in_bytes(v as u64));
    let y = Axis::linear("one core, GB/s", 1.1 * most, plain);
    let beyond = vec![(run.number("cache_bytes")?, 0.0), (x.range.end, y.range.end)];
    let note = |(size, moved), left| Note {
        at: (size, moved * if left { 0.6 } else { 1.04 }), // beside the line
        text: format!("{moved:.0} GB/s"),
        left,
        ..Note::default()
    };
    let notes = vec![note(points[0], false), note(points[points.len() - 1], true)];
    let plot = Plot {
        name: "level1_memory",
        title: "The same loop in larger and larger arrays",
        caption: &run.origin(),
        x,
        y,
        series: vec![
            Series::new("too large for the caches", beyond, Look::Region(1)),
            Series::new("", points, Look::Measured(0)),
        ],
        notes,
    };
    Ok(Some(plot.draw()))
}

/// The roofline: what a loop can compute at most, over the operations that it does for each byte.
/// Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
pub fn roofline(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_memory", "rows") else { return Ok(None) };
    let rows = run.table("rows", ["workers", "triad_bytes_per_s", "polynomial_per_s"])?;
    let polynomial = run.number("polynomial_operations")? / 24.0; // bytes of an element
    let (triad, end) = (2.0 / 24.0, 2.0 * polynomial);
    let mut ends = vec![rows[0], rows[rows.len() - 1]];
    ends.dedup();
    let (mut series, mut heights) = (Vec::new(), Vec::new());
    for (look, [workers, moved, computed]) in ends.into_iter().enumerate() {
        let at = |x: f64| (x, 1e-9 * computed.min(x * moved));
        let roof = [triad / 2.0, computed / moved, end].map(at);
        let loops = vec![at(triad), (polynomial, 1e-9 * computed)];
        heights.extend(roof.map(|point| point.1));
        series.push(Series::new("", roof.into(), Look::Fitted(look)));
        series.push(Series::new(plural(workers, "worker"), loops, Look::Marks(look)));
    }
    let note = |at, text: &str| Note { at, text: text.to_string(), ..Note::default() };
    let plot = Plot {
        name: "level1_roofline",
        title: "The roofline: memory holds a loop back on the slope, cores on the flat",
        caption: &run.origin(),
        x: Axis::decades("operations for each byte", &[triad / 2.0, end], plain),
        y: Axis::decades("billion operations/s", &heights, plain),
        series,
        notes: vec![
            note((triad, 0.7e-9 * triad * rows[0][1]), "triad: a = b + 3 c"),
            note((0.35 * polynomial, 0.6e-9 * rows[0][2]), "a long polynomial"),
        ],
    };
    Ok(Some(plot.draw()))
}
