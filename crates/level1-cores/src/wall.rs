//! The memory wall: arrays of many sizes and many workers, measured, and what they say.

use std::fmt;
use std::iter;

use cli::{Guess, Record, misuse, wrapped};
use common::{Watch, Workers, in_bytes, usable_cpus};
use rayon::ThreadPoolBuilder;
use serde_json::{Value, json};

use crate::MemoryArgs;
use crate::amdahl::worker_counts;
use crate::caches::{Caches, usable_memory};
use crate::hyperthreads::hyperthreads;
use crate::memory::{BYTES_PER_ELEMENT, Kernel, Loop, Memory, OPERATIONS_PER_ELEMENT};

/// All measurements.
#[derive(Debug)]
pub struct Wall {
    workers: Workers,
    cpus: usize,
    /// Of the largest arrays, in bytes.
    size: u64,
    caches: Caches,
    watch: Watch,
    /// One worker: a size, and the bytes per second of the triad.
    sizes: Vec<(u64, f64)>,
    /// So many workers: the bytes per second of the triad, the operations of the polynomial. Like those
    /// of a size, they are NaN if they were always disturbed.
    rows: Vec<(usize, [f64; 2])>,
}

impl Wall {
    /// Nothing measured yet.
    ///
    /// # Errors
    /// [`cli::Misuse`] for arrays that do not fit into the memory that this process may use.
    pub fn new(args: &MemoryArgs, workers: Workers) -> anyhow::Result<Self> {
        let (caches, usable) = (Caches::here(), usable_memory().unwrap_or(u64::MAX));
        let size = args.size.unwrap_or(caches.outgrown());
        if size > usable / 2 {
            let [size, usable] = [size, usable].map(in_bytes);
            let line = format!("--size: {size} is more than half of the {usable} that may be used");
            return Err(misuse(format!("{line}; take less, or ask Slurm for more memory: --mem")));
        }
        let (cpus, watch, sizes, rows) = (usable_cpus(), Watch::start(), Vec::new(), Vec::new());
        Ok(Self { workers, cpus, size, caches, watch, sizes, rows })
    }

    /// Measures one worker, with arrays that fit the first cache, and larger and larger ones.
    pub fn climb(&mut self, one_worker: Loop, triad: Kernel) {
        let mut memory = Memory::touched(self.size, one_worker);
        let first = 3 * self.caches.levels.get(&1).unwrap_or(&(32 << 10)) / 4;
        let measure = |bytes| (bytes, memory.speed(bytes, one_worker, triad));
        self.sizes = sizes(first, self.size).map(measure).collect();
    }

    /// Measures 1, 2, 4, ... workers with the largest arrays.
    ///
    /// # Errors
    /// If the system refuses that many threads.
    pub fn race(&mut self, all: Loop, triad: Kernel, polynomial: Kernel) -> anyhow::Result<()> {
        let per_byte = OPERATIONS_PER_ELEMENT / BYTES_PER_ELEMENT as f64;
        for workers in worker_counts(self.workers.count) {
            ThreadPoolBuilder::new().num_threads(workers).build()?.install(|| {
                let mut memory = Memory::touched(self.size, all);
                let polynomial = per_byte * memory.speed(self.size, all, polynomial);
                let triad = memory.speed(self.size, all, triad);
                self.rows.push((workers, [triad, polynomial]));
            });
        }
        Ok(())
    }

    /// How many times as fast as with one worker both loops are.
    fn gains(&self, speeds: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|kernel| speeds[kernel] / self.rows[0].1[kernel])
    }

    /// The same for the most workers.
    fn most_gains(&self) -> [f64; 2] {
        self.gains(self.rows[self.rows.len() - 1].1)
    }

    /// Whether the memory is full: the triad gains clearly less than what does not wait for memory.
    fn is_full(&self) -> bool {
        let [triad, polynomial] = self.most_gains();
        !self.is_small() && triad < 0.75 * polynomial
    }

    /// Whether a part of the largest arrays stays in the caches.
    fn is_small(&self) -> bool {
        self.size < self.caches.outgrown()
    }

    /// What one core does, in a line.
    fn alone(&self) -> String {
        let (cache, memory) = (self.sizes[0].1, self.sizes[self.sizes.len() - 1].1);
        let waits = (100.0 * (1.0 - memory / cache)).clamp(0.0, 100.0);
        let waiting = format!("it waits {waits:.0} % of the time");
        let [cache, moved, enough] = [gb(cache), gb(memory), in_bytes(self.caches.outgrown())];
        let small = self.is_small();
        match waits {
            _ if small => {
                format!("Arrays below {enough} stay in the caches: memory was not measured.")
            }
            0.0.. => format!("In cache a core moves {cache}, in memory {moved}: {waiting}."),
            _ => "This machine is too busy to tell what one core moves.".to_string(),
        }
    }

    /// What more workers add, in a line.
    fn together(&self) -> String {
        let (count, cpus, [triad, polynomial]) = (self.workers.count, self.cpus, self.most_gains());
        let why = match polynomial / count as f64 {
            _ if count == 1 => return "What do more workers add? --workers 2".to_string(),
            _ if count > cpus => return format!("{count} workers on {cpus} CPUs tell nothing."),
            1.2.. => {
                return format!(
                    "{count} workers gained more than {count} times: the machine changed its speed meanwhile."
                );
            }
            ..0.6 if triad > 0.0 => "cores are lacking",
            0.6.. if self.is_small() => "the caches suffice",
            0.6.. if self.is_full() => "the memory is full",
            0.6.. if triad > 0.0 => "memory is not full",
            _ => return "This machine is too busy to tell what more cores add.".to_string(),
        };
        let triad = format!("triad {triad:.1} times as fast");
        format!("{count} workers: {triad}, polynomial {polynomial:.1} times: {why}.")
    }

    /// What else must be known to read this rightly.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let memory = self.sizes[self.sizes.len() - 1].1;
        // STREAM's bytes: a core asks for more, so fewer cores are enough.
        let outlook = (!self.is_small() && !self.is_full() && !memory.is_nan()).then(|| {
            format!(
                "A node with many cores fills it: AMD's EPYC 9654 has 96 cores and 460.8 GB/s (its data \
                 sheet), and {:.0} cores like this one use that up.",
                460.8e9 / memory
            )
        });
        let siblings = hyperthreads().filter(|_| self.workers.count > 1);
        let disturbed = self.watch.end().sentence(self.workers.count);
        [disturbed, siblings, outlook].into_iter().flatten()
    }

    /// How far a guess of the triad's speedup is off, and why. None without a guess.
    pub fn score(&self, guess: Guess) -> Option<String> {
        let end = if self.is_full() { "and it is full" } else { "which these do not fill" };
        let why = format!("all workers share one memory, {end}");
        let [triad, polynomial] = self.most_gains(); // without both, the answer is "too busy to tell"
        guess.score(if polynomial.is_nan() { polynomial } else { triad }, "x", &why)
    }

    /// Notes all sizes and all numbers of workers in the record of the run.
    pub fn note(&self, record: &mut Record) {
        let sizes = self.sizes.iter().filter(|(_, moved)| moved.is_finite());
        let measured = |row: &&(usize, [f64; 2])| row.1.iter().all(|speed| speed.is_finite());
        let rows = self.rows.iter().filter(measured);
        let size = |(bytes, moved): &(u64, f64)| json!({ "bytes": bytes, "bytes_per_s": moved });
        let row = |(workers, [triad, polynomial]): &(usize, [f64; 2])| {
            json!({
                "workers": workers,
                "triad_bytes_per_s": triad,
                "polynomial_per_s": polynomial,
            })
        };
        record
            .setting("workers", self.workers.count)
            .setting("size_bytes", self.size)
            .setting("polynomial_operations", OPERATIONS_PER_ELEMENT)
            .result("answer", format!("{} {}", self.alone(), self.together()))
            .result("cache_bytes", self.caches.last)
            .result("waited_share", self.watch.end().waited)
            .result("sizes", sizes.map(size).collect::<Value>())
            .result("rows", rows.map(row).collect::<Value>());
    }
}

/// The answer, the staircase of one worker, and the table of all.
impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}", cli::verdict(&format!("{}\n{}", self.alone(), self.together())))?;
        self.remarks().try_for_each(|remark| writeln!(f, "{}", wrapped(&remark)))?;
        writeln!(f, "\nOne worker's triad, 2 operations for 24 bytes, in larger arrays:")?;
        let fastest = self.sizes.iter().fold(1.0, |most, size| size.1.max(most));
        for (bytes, moved) in &self.sizes {
            let bar = "#".repeat((38.0 * moved / fastest).round() as usize);
            let fits = self.caches.levels.iter().find(|(_, cache)| bytes <= cache);
            let fits = fits.map(|(level, cache)| format!("fits L{level} ({})", in_bytes(*cache)));
            let (bytes, fits) = (in_bytes(*bytes), fits.unwrap_or_default());
            let line = format!("{bytes:>9} {:>10}  {bar:38}  {fits}", gb(*moved));
            writeln!(f, "{}", line.trim_end())?;
        }
        write!(f, "\nworkers        triad   speedup   polynomial (512 operations)   speedup")?;
        for (workers, speeds) in &self.rows {
            let [triad, polynomial] =
                self.gains(*speeds).map(|gain| or_waited(format!("{gain:.2} x")));
            let computed = or_waited(format!("{:.1} Gflop/s", 1e-9 * speeds[1]));
            let moved = gb(speeds[0]);
            write!(f, "\n{workers:>7} {moved:>12}  {triad:>8} {computed:>29}  {polynomial:>8}")?;
        }
        Ok(())
    }
}

/// Sizes in steps of four, and the largest itself.
fn sizes(first: u64, largest: u64) -> impl Iterator<Item = u64> {
    let steps = iter::successors(Some(first), |bytes| Some(4 * bytes));
    steps.take_while(move |bytes| 2 * bytes <= largest).chain([largest])
}

/// `105 GB/s`, `12.5 GB/s`
fn gb(bytes_per_s: f64) -> String {
    let decimals = if bytes_per_s < 99.95e9 { 1 } else { 0 };
    or_waited(format!("{:.decimals$} GB/s", 1e-9 * bytes_per_s))
}

/// What stands in the place of a number that could not be measured.
fn or_waited(number: String) -> String {
    if number.starts_with("NaN") { "waited".to_string() } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::Source;

    /// One core that moves so many GB/s in cache and in memory, and a last row of so many workers on
    /// eight CPUs, with the speedups of the triad and of the polynomial.
    fn wall([cache, memory]: [f64; 2], count: usize, gains: [f64; 2]) -> Wall {
        let size = 4 << 30;
        Wall {
            workers: Workers { count, source: Source::Flag },
            cpus: 8,
            size,
            caches: Caches { levels: [(1, 32 << 10)].into(), last: 1 << 30 },
            watch: Watch::start(),
            sizes: vec![(24 << 10, 1e9 * cache), (size, 1e9 * memory)],
            rows: vec![(1, [1.0; 2]), (count, gains)],
        }
    }

    fn answer(wall: &Wall, parts: [&str; 2]) {
        for (line, part) in [wall.alone(), wall.together()].iter().zip(parts) {
            assert!(line.contains(part) && line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn a_full_memory_is_told_from_one_that_is_not_and_from_missing_cores() {
        let one = "In cache a core moves 105 GB/s, in memory 12.5 GB/s: it waits 88 % of the time.";
        let full = "8 workers: triad 3.1 times as fast, polynomial 7.8 times: the memory is full.";
        let full_wall = wall([105.0, 12.5], 8, [3.1, 7.8]);
        answer(&full_wall, [one, full]);
        let told = |wall: &Wall| wall.remarks().collect::<String>();
        assert!(!told(&full_wall).contains("EPYC"), "what was seen needs no outlook");
        let free = wall([105.0, 12.5], 2, [1.9, 2.0]);
        answer(&free, [one, "memory is not full."]);
        assert!(told(&free).contains("37 cores like this one"));
        answer(&wall([105.0, 12.5], 2, [1.0, 1.0]), [one, "cores are lacking."]);
        answer(&wall([105.0, 12.5], 2, [3.6, 3.7]), [one, "more than 2 times"]);
        answer(&wall([105.0, 100.0], 1, [1.0; 2]), ["it waits 5 %", "--workers 2"]);
    }

    #[test]
    fn no_wall_is_claimed_that_was_not_measured() {
        let small = Wall { size: 1 << 29, ..wall([105.0, 12.5], 8, [3.1, 7.8]) };
        answer(&small, ["below 4 GiB stay in the caches", "the caches suffice"]);
        answer(&wall([105.0, 12.5], 16, [3.1, 7.8]), ["In cache", "16 workers on 8 CPUs"]);
        let mut busy = wall([105.0, 12.5], 8, [3.1, 7.8]);
        (busy.sizes[1].1, busy.rows[1].1[0]) = (f64::NAN, f64::NAN);
        answer(&busy, ["too busy to tell", "too busy to tell"]);
        assert!(busy.to_string().contains(" waited"), "{busy}");
        for gains in [[f64::NAN, 7.8], [3.1, f64::NAN]] {
            busy.rows[1].1 = gains;
            assert!(busy.together().contains("too busy to tell"));
            assert!(busy.score(Guess(Some(2.0))).unwrap().contains("cannot tell"));
        }
    }

    #[test]
    fn sizes_grow_by_four_and_end_with_the_largest() {
        let sizes = |first, largest| sizes(first, largest).collect::<Vec<u64>>();
        assert_eq!(sizes(24, 100), [24, 100]);
        assert_eq!(sizes(24, 800), [24, 96, 384, 800]);
        assert_eq!(sizes(24, 10), [10]);
    }
}
