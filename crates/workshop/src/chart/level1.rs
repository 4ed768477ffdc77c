//! Level 1: where parallel starts to win, what more workers gain, and which worker ran which task.

use common::plural;

use super::page::{self, Chart, GREY, INK, Page};
use super::plot::{Axis, Look, Note, Plot, Series, plain, seconds, ticks};
use crate::records::{Run, latest, points, seconds_exact};

/// The last run of `example` that holds this list.
pub(super) fn last_with<'a>(runs: &'a [Run], example: &str, list: &str) -> Option<&'a Run> {
    runs.iter().rev().find(|run| run.example == example && run.get(list)[0].is_object())
}

/// Speedup over the size of a task, of workers that are awake and of workers that must be woken: red
/// where they lose, green where they win.
pub fn crossover(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_crossover", "points") else { return Ok(None) };
    let workers = run.number("workers")?;
    let mut curves = Vec::new();
    let mut notes = Vec::new();
    // A note stands where neither curve goes: above the one of awake workers, below the other.
    for (list, found, state, (aside, height), left) in [
        ("points", "awake_s", "awake", (0.5, 0.72 * workers), true),
        ("points_asleep", "asleep_s", "woken first", (2.0, 0.4), false),
    ] {
        let rows = run.table(list, ["task_s", "sequential_s", "parallel_s"])?;
        let points: Vec<_> = rows.iter().map(|[task, one, many]| (*task, one / many)).collect();
        curves.push((format!("{}, {state}", plural(workers, "worker")), points));
        if let Some(from) = run.get(found).as_f64() {
            let text = format!("parallel wins\nfrom {}", seconds_exact(from));
            let (at, arrow) = ((aside * from, height), Some((from, 1.0)));
            notes.push(Note { at, text, arrow, left });
        }
    }
    let points = || curves.iter().flat_map(|(_, points)| points);
    let sizes: Vec<f64> = points().map(|point| point.0).collect();
    let x = Axis::decades("size of one task", &sizes, seconds);
    let most = points().fold(workers, |most, point| most.max(point.1));
    let y = Axis::linear("speedup", most * 1.08, |v| format!("{}x", plain(v)));
    let (first, last, top) = (x.range.start, x.range.end, y.range.end);
    let mut series = vec![
        Series::new("slower than one", vec![(first, 0.0), (last, 1.0)], Look::Region(1)),
        Series::new("faster", vec![(first, 1.0), (last, top)], Look::Region(2)),
        Series::new("", vec![(first, 1.0), (last, 1.0)], Look::Guide),
    ];
    let looks = [Look::Measured(0), Look::Measured(3)];
    series.extend(
        curves.into_iter().zip(looks).map(|((name, points), look)| Series::new(name, points, look)),
    );
    let plot = Plot {
        name: "level1_crossover",
        title: "Several workers against one",
        caption: &format!("{}; {} tasks", run.origin(), run.text("tasks")),
        x,
        y,
        series,
        notes,
    };
    Ok(Some(plot.draw()))
}

/// Speedup over the size of a task, from an array of jobs: three or more races that only compute and
/// differ in their factorial alone.
pub fn array(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let races = || runs.iter().filter(|run| run.example == "level1_cores");
    let Some(last) = races().next_back() else { return Ok(None) };
    let alike = |run: &&Run| {
        ["weight_s", "tasks", "workers"].iter().all(|name| run.get(name) == last.get(name))
    };
    let races = latest(races().filter(alike), |run| run.text("factorial"), &[])?;
    if races.len() < 3 || last.number("weight_s")? > 0.0 {
        return Ok(None);
    }
    let points = points(&races, |run| Ok((run.number("factorial")?, run.number("speedup")?)))?;
    let workers = last.number("workers")?;
    let sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
    let most = points.iter().fold(workers, |most, point| most.max(point.1));
    let ideal = vec![(sizes[0], workers), (sizes[sizes.len() - 1], workers)];
    let plot = Plot {
        name: "level1_array",
        title: "The same race with many sizes",
        caption: &format!("{}; {} tasks in each race", last.origin(), last.text("tasks")),
        x: Axis::at("each task computes the factorial of", &sizes, plain),
        y: Axis::linear("speedup", most * 1.1, plain),
        series: vec![
            Series::new("ideal", ideal, Look::Guide),
            Series::new(plural(workers, "worker"), points, Look::Measured(0)),
        ],
        notes: Vec::new(),
    };
    Ok(Some(plot.draw()))
}

/// Amdahl's law for several serial shares, and the crossover run's own share with its points.
pub fn amdahl(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    const MOST: f64 = 64.0;
    let Some(run) = last_with(runs, "level1_crossover", "amdahl") else { return Ok(None) };
    let rows = run.table("amdahl", ["workers", "speedup"])?;
    let mut points: Vec<_> = rows.into_iter().map(|[workers, gain]| (workers, gain)).collect();
    points.retain(|(workers, _)| (2.0..=MOST).contains(workers));
    let Some(&(workers, measured)) = points.last() else { return Ok(None) };
    let ours = run.number("last_multiplication")?;
    let law = |serial: f64, p: f64| 1.0 / (serial + (1.0 - serial) / p);
    let mut series = Vec::new();
    let mut notes = Vec::new();
    for (serial, look) in
        [(0.0, Look::Guide), (0.05, Look::Guide), (0.1, Look::Guide), (ours, Look::Fitted(1))]
    {
        let curve = (0..=15).map(|k| MOST.powf(f64::from(k) / 15.0));
        let points = curve.map(|p| (p, law(serial, p))).collect();
        series.push(Series::new("", points, look));
        let at = (MOST, law(serial, MOST));
        let text = format!("{:.0} % serial: {:.1}x", serial * 100.0, at.1);
        notes.push(Note { at, text, ..Note::default() });
    }
    series.push(Series::new("", points, Look::Marks(1)));
    let text = format!("we measured {measured:.2}x on {}", plural(workers, "worker"));
    let arrow = Some((workers, measured));
    notes.push(Note { at: (2.9, 1.1), text, arrow, ..Note::default() });
    let powers = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MOST];
    let mut x = Axis::at("workers", &powers, plain);
    x.range.end = MOST * 4.0; // room for the words beside the curves
    let plot = Plot {
        name: "level1_amdahl",
        title: "What a serial share allows (Amdahl's law)",
        caption: &run.origin(),
        x,
        y: Axis::at("speedup", &powers, |v| format!("{}x", plain(v))),
        series,
        notes,
    };
    Ok(Some(plot.draw()))
}

/// Which worker did which task, and when.
pub fn timeline(runs: &[Run]) -> anyhow::Result<Option<Chart>> {
    let Some(run) = last_with(runs, "level1_cores", "timeline") else { return Ok(None) };
    let mut tasks = run.table("timeline", ["worker", "start_s", "end_s", "task"])?;
    tasks.sort_by(|a, b| a[1].total_cmp(&b[1]));
    let end = tasks.iter().fold(0.0f64, |end, task| end.max(task[2]));
    let axis = Axis::linear("", end, |s| format!("{} s", plain(s)));
    let (across, down) = ((150, page::SIZE.0 - 50), (56, page::SIZE.1 - 84));
    let x = |s: f64| axis.place(s, across);
    let workers = run.number("workers")?;
    let (count, weight) = (plural(run.text("tasks"), "task"), plain(run.number("weight_s")?));
    let title = format!("{count} of {weight} s on {}", plural(workers, "worker"));
    let [expected, measured] =
        [run.number("expected_s")?, run.number("parallel_s")?].map(seconds_exact);
    let caption = format!("{}; expected {expected}, measured {measured}", run.origin());
    let mut page = Page::new(&title, &caption);
    ticks(&mut page, &axis, across, down);
    let height = f64::from(down.1 - down.0) / workers.max(1.0);
    let style = |colour| format!("font-size='{:.0}' fill='{colour}'", (0.7 * height).min(26.0));
    for worker in 0..workers as u32 {
        let y = |share: f64| down.0 + ((f64::from(worker) + share) * height) as i32;
        page.text(&format!("worker {worker}"), (across.0 - 14, y(0.5)), "end", &style(INK));
        let mut last = 0.0f64;
        let own = tasks.iter().filter(|task| task[0] == f64::from(worker));
        // The wave of a task is its place in the order of its worker's tasks.
        for ([_, start, end, task], shade) in own.zip([1.0, 0.82].into_iter().cycle()) {
            let (left, right) = (x(*start), x(*end));
            let corners = [(left + 1, y(0.12)), (right - 1, y(0.88))];
            page.rectangle(corners, page::colour(0), shade);
            if right - left > 26 {
                let middle = ((left + right) / 2, y(0.5));
                page.text(&plain(*task), middle, "middle", &style("white"));
            }
            last = last.max(*end);
        }
        if last < 0.8 * end {
            let middle = (x((last + end) / 2.0), y(0.5));
            page.text("no task left", middle, "middle", &style(GREY));
        }
    }
    Ok(Some(page.finish("level1_timeline")))
}
