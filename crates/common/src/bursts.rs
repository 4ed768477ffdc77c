//! Times of work that nothing disturbed.

use std::time::{Duration, Instant};

use crate::{Samples, Watch, time};

/// Short work is repeated, so that a burst takes at least so long.
const BURST: Duration = Duration::from_millis(5);
/// As many bursts at least, if they can be had in four times the time that was granted.
const FEWEST: usize = 3;

/// The best time of `work`, measured in bursts for about as long as `granted`, after a first run that
/// does not count. Bursts in which a thread had to wait for a core do not count: on a busy machine
/// none may be left.
pub fn undisturbed(granted: Duration, mut work: impl FnMut()) -> Option<Duration> {
    let (_, once) = time(&mut work);
    let repeats = BURST.div_duration_f64(once.max(Duration::from_nanos(1))).ceil() as u32;
    let (mut kept, mut tried, start) = (Samples::default(), 0, Instant::now());
    while tried < FEWEST
        || start.elapsed() < granted
        || kept.len() < FEWEST && start.elapsed() < 4 * granted
    {
        let watch = Watch::start();
        let (_, burst) = time(|| (0..repeats).for_each(|_| work()));
        if !watch.end().is_notable() {
            kept.push(burst / repeats);
        }
        tried += 1;
    }
    (!kept.is_empty()).then(|| kept.best())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[test]
    fn work_that_sleeps_takes_at_least_so_long() {
        let nap = Duration::from_millis(2);
        let best = undisturbed(Duration::from_millis(50), || sleep(nap));
        assert!(best.is_none_or(|best| best >= nap), "{best:?}"); // none, if other tests disturbed it
    }
}
