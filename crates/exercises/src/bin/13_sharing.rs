//! The check of exercise 13.

exercises::answer!("13_sharing.rs");
exercises::exercise!("13_sharing.rs");

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use common::{human, undisturbed};
use exercises::expect;
use rayon::ThreadPoolBuilder;

const STEPS: u64 = 100_000;

fn check() -> anyhow::Result<()> {
    let yours: [exercise::Counter; 2] = Default::default();
    let padded: [answer::Counter; 2] = Default::default();
    let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    pool.install(|| exercise::count(&yours, STEPS));
    let counts = yours.each_ref().map(|counter| counter.count.load(Relaxed));
    expect(counts == [STEPS; 2], "every counter counts all steps", format!("{counts:?}"))?;

    // How far apart they lie is what is judged: a busy core hides what it costs.
    let best = |work: &(dyn Fn() + Sync)| {
        let best = undisturbed(Duration::from_millis(300), || pool.install(work));
        best.map_or("unknown (others use the cores)".into(), human)
    };
    let your_time = best(&|| exercise::count(&yours, STEPS));
    let time = best(&|| answer::count(&padded, STEPS));
    println!("{STEPS} counts by each of two workers: yours {your_time}, the answer's {time}");
    let [first, second] = yours.each_ref().map(|counter| (&raw const counter.count).addr());
    let apart = first.abs_diff(second);
    expect(
        apart >= 64,
        "counters that lie at least 64 bytes apart, the length of a line",
        format!("{apart} bytes: both workers write to one line, and take it from each other"),
    )
}
