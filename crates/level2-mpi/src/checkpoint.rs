//! Killed, and back: the plate in a file, from which any number of ranks goes on.
//!
//! ```text
//! byte 0       the head: what this is, the size of the plate, and its step
//! byte 4096    row 0, then row 1, and so on: each with its step, its number and a checksum
//! ```
//!
//! Every rank writes its own rows, into one new file beside the old one. When all of them are on the
//! disk, the new file takes the old one's name. So there is always one whole checkpoint, also if the
//! machine stops in between. A row fills whole pages of 4 KiB: two ranks that write into one page
//! destroy each other's bytes on NFS.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::time;
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use signal_hook::consts::SIGUSR1;

use crate::launch::{found_by_all, suspended};
use crate::{Clock, HeatArgs, Plate, ROOT, slice_of};

/// Saves a plate every so many seconds, at the end, and if the run is told to end (`SIGUSR1`).
pub struct Checkpoint<'a> {
    args: &'a HeatArgs,
    world: &'a SimpleCommunicator,
    /// The step of the plate, and the one at which the ranks decide next whether to save it.
    step: u64,
    next: u64,
    /// When, and at which step, they decided last, and when they saved.
    decided: (Instant, u64),
    saved: Instant,
    told_to_end: Arc<AtomicBool>,
}

impl<'a> Checkpoint<'a> {
    /// Brings the plate to the step at which the file of `--checkpoint` has it, if there is one, and
    /// otherwise begins that file. Every rank calls this.
    ///
    /// # Errors
    /// If that file holds anything else, or cannot be read or written.
    pub fn resume(
        args: &'a HeatArgs,
        world: &'a SimpleCommunicator,
        plate: &mut Plate,
    ) -> anyhow::Result<Self> {
        let (now, told_to_end) = (Instant::now(), Arc::default());
        let (step, next, decided, saved) = (0, u64::MAX, (now, 0), now);
        let mut this = Self { args, world, step, next, decided, saved, told_to_end };
        let Some((named, path)) = args.checkpoint.as_ref().zip(this.path()) else {
            return Ok(this);
        };
        signal_hook::flag::register(SIGUSR1, Arc::clone(&this.told_to_end))?;
        let found = this.restore(&path, plate).map_err(found_by_all)?;
        this.step = found.unwrap_or(0);
        (this.next, this.decided.1) = (this.step + 1, this.step);
        if found.is_none() {
            // What cannot be written is better known now than in an hour.
            this.write(&path, plate).map_err(found_by_all)?;
        }
        if this.step > 0 && world.rank() == ROOT {
            let left = if this.step < args.steps { "going on" } else { "nothing is left to do" };
            println!("{} holds step {} of {}: {left}.", named.display(), this.step, args.steps);
        }
        Ok(this)
    }

    /// The steps that are still to be made.
    pub fn steps_left(&self) -> Range<u64> {
        self.step..self.args.steps
    }

    /// Saves the plate if it is time. Every rank calls this after every step.
    ///
    /// # Errors
    /// If the run was told to end, and the plate is saved.
    pub fn save(&mut self, plate: &Plate, clock: &mut Clock) -> anyhow::Result<()> {
        self.step += 1;
        let (step, last) = (self.step, self.args.steps);
        let Some(path) = (step >= self.next).then(|| self.path()).flatten() else { return Ok(()) };
        // Together, about ten times a second: a rank that saved alone would wait for the others for
        // ever. The root's clock counts, and a signal to any of them.
        let (root, mut all) = (self.world.rank() == ROOT, [0; 3]);
        let (when, made) = (self.decided.0, step - self.decided.1);
        let pace = (0.1 * made as f64 / when.elapsed().as_secs_f64()) as u64;
        let due = root && self.saved.elapsed() >= Duration::from_secs(self.args.every);
        let told = self.told_to_end.swap(false, Ordering::Relaxed);
        let mine = [u64::from(told), u64::from(due), if root { pace } else { 0 }];
        self.world.all_reduce_into(&mine, &mut all, SystemOperation::max());
        let [told, due, pace] = all;
        if told + due > 0 || step == last {
            let (written, elapsed) = time(|| self.write(&path, plate));
            clock.saving += elapsed;
            match written {
                Ok(()) if told > 0 && step < last => return Err(suspended(step, last)),
                Ok(()) => clock.saves.push(elapsed),
                Err(why) if root => eprintln!("warning: step {step} is not saved: {why}"),
                Err(_) => {}
            }
            self.saved = Instant::now();
        }
        self.decided = (Instant::now(), step);
        self.next = (step + pace.clamp(1, 2 * made)).min(last);
        Ok(())
    }

    /// The file, from the root on; what a link leads to, so that it stays a link.
    fn path(&self) -> Option<PathBuf> {
        let path = self.args.checkpoint.as_ref()?;
        fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()
    }

    /// The rows of this rank.
    fn rows(&self) -> Range<u64> {
        slice_of(self.args.size, self.world.rank(), self.world.size())
    }

    /// Bytes of a row in the file.
    fn row_bytes(&self) -> u64 {
        (8 * (self.args.size + 3)).next_multiple_of(PAGE as u64)
    }

    /// The step of the file, whose plate this becomes; none without a file.
    fn restore(&self, path: &Path, plate: &mut Plate) -> Result<Option<u64>, String> {
        let root = self.world.rank() == ROOT;
        let found = self.all(if root { self.look(path) } else { Ok(None) })?;
        let mut told = [u64::from(found.is_some()), found.unwrap_or(0)];
        self.world.process_at_rank(ROOT).broadcast_into(&mut told[..]);
        let [1, step] = told else { return Ok(None) };
        let restored = self.all(open(path).and_then(|file| {
            for (row, cells) in self.rows().zip(plate.band_mut()) {
                let place = PAGE as u64 + row * self.row_bytes();
                let words = read(&file, place, cells.len() + 2);
                let whole = words.filter(|words| words[..2] == [step, row]);
                let bits = &whole.ok_or_else(|| broken(path))?[2..];
                cells.iter_mut().zip(bits).for_each(|(c, bits)| *c = f64::from_bits(*bits));
            }
            Ok(Some(step))
        }));
        // The ranks of a run that was just killed live a moment longer than their launcher, and may have
        // put another file there between one look and the next.
        let mut other = root && restored.is_err() && self.look(path) != Ok(Some(step));
        self.world.process_at_rank(ROOT).broadcast_into(&mut other);
        if other { self.restore(path, plate) } else { restored }
    }

    /// The step of a file that fits this run; none without a file.
    fn look(&self, path: &Path) -> Result<Option<u64>, String> {
        if !path.exists() {
            return Ok(None);
        }
        let head = read(&open(path)?, 0, 3).ok_or_else(|| broken(path))?;
        let (name, ours, last) = (path.display(), self.args.size, self.args.steps);
        match head[..] {
            [MAGIC, size, step] if size == ours && step <= last => Ok(Some(step)),
            [MAGIC, size, step] => Err(format!(
                "{name} holds {size} x {size} cells at step {step}, but this run has --size {ours} \
                 and ends at --steps {last}; change them, or name another file"
            )),
            _ => Err(broken(path)),
        }
    }

    fn write(&self, path: &Path, plate: &Plate) -> Result<(), String> {
        let (root, part) = (self.world.rank() == ROOT, path.with_added_extension("part"));
        let agree = |done: io::Result<u64>| {
            self.all(done.map_err(|error| {
                let lost = !root && error.kind() == ErrorKind::NotFound;
                let cure = if lost { "; take a folder that all hosts share" } else { "" };
                format!("cannot write {}: {error}{cure}", path.display())
            }))
        };
        // What a killed run left goes, for a rank of it may still be writing; and nobody takes a new file
        // that is another run's.
        let create = || {
            let _ = fs::remove_file(&part);
            Ok(File::create_new(&part)?.metadata()?.ino())
        };
        let rename = |ours| {
            if fs::metadata(&part)?.ino() != ours {
                return Err(io::Error::other("another run saves there"));
            }
            fs::rename(&part, path)?;
            File::open(path.parent().unwrap_or(path))?.sync_all().map(|()| ours) // the name, too
        };
        let written = agree(if root { create() } else { Ok(0) })
            .and_then(|ours| agree(self.write_band(&part, plate).map(|()| ours)))
            .and_then(|ours| agree(if root { rename(ours) } else { Ok(0) }));
        if root && written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written.map(drop)
    }

    /// Writes the rows of this rank, and waits until the disk has them.
    fn write_band(&self, part: &Path, plate: &Plate) -> io::Result<()> {
        let file = File::options().write(true).open(part)?;
        if self.world.rank() == ROOT {
            file.write_all_at(&sealed(vec![MAGIC, self.args.size, self.step]), 0)?;
        }
        let mut band = Vec::new();
        for (row, cells) in self.rows().zip(plate.band()) {
            let words = [self.step, row].into_iter().chain(cells.iter().map(|c| c.to_bits()));
            band.extend(sealed(words.collect()));
        }
        file.write_all_at(&band, PAGE as u64 + self.rows().start * self.row_bytes())?;
        file.sync_all()
    }

    /// What this rank has, if all have it; or else what went wrong on the first that has not.
    fn all<T>(&self, mine: Result<T, String>) -> Result<T, String> {
        let (rank, size) = (self.world.rank(), self.world.size());
        let mut first = size;
        let failed = if mine.is_err() { rank } else { size };
        self.world.all_reduce_into(&failed, &mut first, SystemOperation::min());
        if first == size {
            return mine;
        }
        let mut text = mine.err().unwrap_or_default().into_bytes();
        text.resize(5000, 0);
        self.world.process_at_rank(first).broadcast_into(&mut text[..]);
        Err(String::from_utf8_lossy(&text).trim_end_matches('\0').to_string())
    }
}

const PAGE: usize = 4096;
const MAGIC: u64 = u64::from_le_bytes(*b"\x89plate\n\x01");

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn broken(path: &Path) -> String {
    let words =
        "is not a checkpoint of a plate, or damaged, or cut short; name another, or remove it";
    format!("{} {words}", path.display())
}

/// Words with their checksum, as whole pages.
fn sealed(mut words: Vec<u64>) -> Vec<u8> {
    words.push(checksum(&words));
    words.resize(words.len().next_multiple_of(PAGE / 8), 0);
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// So many words at a place of the file, if their checksum is right.
fn read(file: &File, place: u64, count: usize) -> Option<Vec<u64>> {
    let mut bytes = vec![0; 8 * (count + 1)];
    file.read_exact_at(&mut bytes, place).ok()?;
    let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let mut words: Vec<u64> = words.collect();
    (words.pop()? == checksum(&words)).then_some(words)
}

/// As FNV-1a, but of 64 bits at once, and turned, so that the upper ones count as much as the lower.
/// Of two texts that differ in one word, it always differs.
fn checksum(words: &[u64]) -> u64 {
    words.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| {
        (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    })
}
