//! The report of the lesson about kernels: who computed what, and what each part took.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use cli::{Guess, Record, wrapped};
use common::{Watch, Workers, human, plural, time};
use cubecl::future::block_on;
use cubecl::prelude::*;

use super::{KernelArgs, OnGpu, plate};
use crate::device::Device;

/// One step first: at its first launch a kernel is compiled.
pub const WARM_UP: u64 = 1;

/// Bytes of a cell: in a step each is read once and written once, if the caches serve its neighbours.
const CELL: f64 = size_of::<f32>() as f64;

/// Prints who computed what in which time, and notes it for `--json`.
pub struct KernelReport<'a> {
    args: &'a KernelArgs,
    device: Device,
    workers: Workers,
    record: Record,
    guess: Guess,
    plate: Vec<f32>, // at the start
    cpu: (Vec<f32>, Duration),
    disturbed: Option<String>,
    gpu: Vec<(Vec<f32>, [Duration; 3])>, // the warm-up, and the run: copying in, computing, copying out
    start: Instant,
}

impl<'a> KernelReport<'a> {
    /// Starts a report, and the workers. With `--guess` the reader guesses.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the number of workers or the file of `--json` is none; if the input ends
    /// without a guess.
    pub fn open(args: &'a KernelArgs) -> anyhow::Result<Self> {
        let workers = args.workers.decide()?;
        rayon::ThreadPoolBuilder::new().num_threads(workers.count).build_global()?;
        let question = "Your guess: how many times as fast as the CPU does the GPU compute?";
        let report = Self {
            args,
            device: args.device()?,
            workers,
            record: Record::open(args.run.json.as_deref(), 3, "level3_kernel")?,
            guess: Guess::ask(args.run.guess, question)?,
            plate: plate(args.size as usize),
            cpu: Default::default(),
            disturbed: None,
            gpu: Vec::new(),
            start: Instant::now(),
        };
        let (size, steps) = (args.size, plural(args.steps as usize, "step"));
        println!("CPU: {workers}\n{}: {}", report.device, report.device.hardware());
        println!("plate: {size} x {size} cells, {steps}");
        Ok(report)
    }

    /// Makes all steps on the CPU, after one to warm up; `step` gets the plate, the next one, and the
    /// length of a row.
    pub fn on_cpu(&mut self, step: impl Fn(&[f32], &mut [f32], usize)) {
        let row = self.args.size as usize + 2;
        let (mut old, mut new) = (self.plate.clone(), self.plate.clone());
        step(&old, &mut new, row);
        let watch = Watch::start();
        let ((), took) = time(|| {
            for _ in 0..self.args.steps {
                step(&old, &mut new, row);
                std::mem::swap(&mut old, &mut new);
            }
        });
        self.disturbed = watch.end().sentence(self.workers.count);
        self.cpu = (old, took);
    }

    /// Copies the plate, and room for the next one, into the memory of the GPU.
    ///
    /// # Errors
    /// If the GPU fails.
    pub fn copy_in<R: Runtime>(&mut self, gpu: &ComputeClient<R>) -> anyhow::Result<OnGpu<R>> {
        self.start = Instant::now();
        let copy = || gpu.create_from_slice(f32::as_bytes(&self.plate));
        let (old, new) = (copy(), copy());
        block_on(gpu.sync())?;
        Ok(OnGpu { gpu: gpu.clone(), old, new, start: Instant::now() })
    }

    /// Waits until the GPU has made all steps, and copies the plate back.
    ///
    /// # Errors
    /// If the GPU fails.
    pub fn copy_out<R: Runtime>(&mut self, plate: OnGpu<R>) -> anyhow::Result<()> {
        block_on(plate.gpu.sync())?;
        let (computed, copied_in) = (plate.start.elapsed(), plate.start - self.start);
        let (bytes, copied_out) = time(|| plate.gpu.read_one(plate.old));
        let cells = f32::from_bytes(&bytes?).to_vec();
        self.gpu.push((cells, [copied_in, computed, copied_out]));
        Ok(())
    }

    /// Says whether both computed the same, and what each part took.
    ///
    /// # Errors
    /// If the plates differ, or the record cannot be written.
    pub fn close(mut self) -> anyhow::Result<()> {
        let [(_, warm_up), (cells, [copy_in, compute, copy_out])] = &self.gpu[..] else {
            bail!("a kernel is run twice: once to warm up");
        };
        let (cells_cpu, cpu) = &self.cpu;
        let worst = worst_difference(cells_cpu, cells);
        ensure!(
            worst <= 1e-3,
            "CPU and GPU differ by {worst} degrees: does each thread write its own cell, and no other?"
        );
        let (steps, device) = (self.args.steps, self.device);
        let warm_up = warm_up.iter().sum();
        println!("warm-up: {}, not counted: the kernel is compiled\n", human(warm_up));
        let equal = match worst {
            0.0 => "both plates are equal to the last bit".to_string(),
            _ => format!("the plates differ by at most {worst:e} degrees"),
        };
        let gain = cpu.div_duration_f64(*compute);
        let parts = [copy_in, compute, copy_out].map(|part| human(*part));
        println!("The {device} and the CPU agree: {equal}.");
        let [copied_in, computed, copied_out] = &parts;
        println!("copying in {copied_in}, computing {computed}, copying out {copied_out}");
        self.record.answer(&pays(steps, *cpu, *compute, *copy_in + *copy_out));
        if device.is_software() && gain <= 1.0 {
            println!("It computes on the same cores, and the launch of every step costs more.");
        }

        let plate = self.plate.len() as f64 * CELL;
        println!("\n{:<26} {:>9} {:>9}", "", "time", "GB/s");
        let moved = 2.0 * plate * steps as f64;
        for (name, took, bytes) in [
            ("CPU, computing".to_string(), cpu, moved),
            (format!("{device}, computing"), compute, moved),
            ("copying in".to_string(), copy_in, 2.0 * plate),
            ("copying out".to_string(), copy_out, plate),
        ] {
            println!("{name:<26} {:>9} {:>9.1}", human(*took), bytes / took.as_secs_f64() / 1e9);
        }
        let why = "a step reads and writes each cell once: the memory decides";
        for line in [self.guess.score(gain, "x", why), self.disturbed].into_iter().flatten() {
            println!("{}", wrapped(&line));
        }
        self.record
            .setting("device", device.to_string().to_lowercase())
            .setting("device_name", device.hardware())
            .setting("workers", self.workers.count)
            .setting("size", self.args.size)
            .setting("steps", steps)
            .result("worst_difference", worst)
            .result("cpu_s", cpu.as_secs_f64())
            .result("warmup_s", warm_up.as_secs_f64())
            .result("copy_in_s", copy_in.as_secs_f64())
            .result("compute_s", compute.as_secs_f64())
            .result("copy_out_s", copy_out.as_secs_f64())
            .append()
    }
}

/// From how many steps on the GPU pays, of a run of so many.
fn pays(steps: u64, cpu: Duration, gpu: Duration, copies: Duration) -> String {
    if steps == 0 {
        return "Nothing was computed; --steps 200 makes steps.".to_string();
    }
    if cpu.min(gpu) < Duration::from_millis(1) {
        return "That is too short to compare; a larger --size makes it longer.".to_string();
    }
    let gain = cpu.div_duration_f64(gpu);
    if gain <= 1.0 {
        return format!("It is {gain:.2} times as fast: however many steps, it does not pay.");
    }
    let saved = (cpu - gpu).div_f64(steps as f64);
    let from = copies.div_duration_f64(saved).ceil().max(1.0);
    format!("It is {gain:.1} times as fast: from {from} steps on that pays for the copies.")
}

/// Not a number if one is none.
fn worst_difference(one: &[f32], other: &[f32]) -> f32 {
    let differences = one.iter().zip(other).map(|(one, other)| (one - other).abs());
    differences.fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_pays_when_what_it_saves_is_more_than_the_copies() {
        let ms = Duration::from_millis;
        assert!(pays(100, ms(300), ms(100), ms(10)).contains("from 5 steps on"));
        assert!(pays(100, ms(100), ms(300), ms(10)).contains("does not pay"));
        assert!(pays(0, ms(0), ms(0), ms(10)).contains("Nothing was computed"));
    }

    #[test]
    fn a_number_that_is_none_is_a_difference() {
        assert_eq!(worst_difference(&[1.0, 2.0], &[1.0, 2.5]), 0.5);
        let unknown = worst_difference(&[1.0, f32::NAN], &[1.0, 2.0]);
        assert!(unknown.is_nan() || unknown > 1e-3, "{unknown}");
    }
}
