//! The command line of level 3: what is not given is asked for.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use cli::{RunFlags, WorkersFlag, count, misuse};
use common::Workers;

use crate::device::{Choice, Device};
use crate::digits::TRAINING_IMAGES;
use crate::memory;
use crate::plan::Plan;

/// Sizes that a sweep tries, the same on every device. 8192 stands beside 10000 because GPU
/// kernels like multiples of 32.
const SWEEP: [usize; 6] = [64, 256, 512, 2048, 8192, 10_000];

/// Train a network to read handwritten digits, on the CPU or on the GPU
#[derive(Parser, Debug)]
#[command(version, allow_negative_numbers = true)]
pub struct Args {
    /// Where to compute: cpu, cuda (or gpu), or auto: the GPU if there is one (asked; auto)
    #[arg(long, value_name = "NAME", ignore_case = true)]
    pub(crate) device: Option<Choice>,

    /// Images in a step: 64, 256, 512; on a GPU also 2048, 10000 (asked; 512 or all there are)
    #[arg(long, value_name = "N", conflicts_with = "sweep",
          value_parser = count(1..=TRAINING_IMAGES as u64))]
    batch_size: Option<u64>,

    /// How often to go through all training images
    #[arg(long, value_name = "N", default_value = "1", value_parser = count(1..=1000))]
    epochs: u64,

    /// Folder with the four files of MNIST [default: MNIST_DIR, else data/mnist]
    #[arg(long, value_name = "DIR", conflicts_with = "synthetic")]
    pub(crate) data: Option<PathBuf>,

    /// Draw digits instead of reading MNIST: no files needed
    #[arg(long)]
    pub(crate) synthetic: bool,

    /// Train on the first N images only [default: all 60,000]
    #[arg(long, value_name = "N", value_parser = count(1..=TRAINING_IMAGES as u64))]
    images: Option<u64>,

    #[command(flatten)]
    workers: WorkersFlag,

    /// Where the random numbers begin: first parameters, order of the images
    #[arg(long, value_name = "N", default_value = "42", value_parser = cli::parse_count)]
    seed: u64,

    /// Write what was learned to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "sweep")]
    pub(crate) save: Option<PathBuf>,

    /// Read the digits in FILE (PNG, JPEG or IDX) with the network in --model, without training
    #[arg(long, value_name = "FILE", requires = "model", conflicts_with_all = [
        "device", "batch_size", "epochs", "data", "synthetic", "images", "seed", "save", "sweep",
        "guess", "check_data"])]
    predict: Option<PathBuf>,

    /// The network that --save wrote, for --predict
    #[arg(long, value_name = "FILE", requires = "predict")]
    model: Option<PathBuf>,

    /// Check the files of MNIST, without training
    #[arg(long, conflicts_with_all = [
        "device", "batch_size", "epochs", "synthetic", "images", "seed", "save", "sweep", "guess",
        "json"])]
    pub(crate) check_data: bool,

    /// Try several batch sizes, on the CPU and on the GPU if there is one, and compare
    #[arg(long)]
    pub sweep: bool,

    #[command(flatten)]
    pub(crate) run: RunFlags,
}

impl Args {
    /// Reads the command line.
    ///
    /// # Errors
    /// [`cli::Misuse`] for what makes no sense.
    pub fn from_command_line() -> anyhow::Result<Self> {
        cli::parse()
    }

    /// Starts the CPU's workers: rayon's global pool, which all parallel loops use.
    ///
    /// # Errors
    /// [`cli::Misuse`] for a number of workers that makes no sense; if the system refuses to start
    /// that many threads; if the pool runs already.
    pub fn start_workers(&self) -> anyhow::Result<()> {
        let workers = self.workers()?.count;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers);
        pool.build_global().with_context(|| format!("starting {workers} workers"))
    }

    /// The file with digits and the file with a network, if nothing is to be trained.
    pub(crate) fn reading(&self) -> Option<(&Path, &Path)> {
        self.predict.as_deref().zip(self.model.as_deref())
    }

    pub(crate) fn workers(&self) -> anyhow::Result<Workers> {
        self.workers.decide()
    }

    /// How many images to train on.
    pub(crate) fn images(&self) -> usize {
        self.images.map_or(TRAINING_IMAGES, |images| images as usize)
    }

    /// What to train, where: one plan, or several with `--sweep`. Asks for what was not given.
    ///
    /// # Errors
    /// [`cli::Misuse`] for a batch that is larger than the data or the memory.
    pub fn plans(&self) -> anyhow::Result<Vec<Plan>> {
        let plan = |device, batch_size| Plan {
            device,
            batch_size,
            epochs: self.epochs as usize,
            images: self.images(),
            seed: self.seed,
        };
        if !self.sweep {
            let device = Device::choose(self.device)?;
            let batch_size = match self.batch_size {
                Some(size) => size as usize,
                None => device.ask_batch_size(self.images())?,
            };
            self.check_batch(device, batch_size)?;
            return Ok(vec![plan(device, batch_size)]);
        }
        let devices = Device::all(self.device)?;
        let fits = |size: &usize| devices.iter().all(|&d| self.check_batch(d, *size).is_ok());
        let sizes: Vec<usize> = SWEEP.into_iter().filter(fits).collect();
        if sizes.is_empty() {
            return Err(misuse(format!(
                "--sweep begins at batches of {}; --images {} is too few, or the memory too small",
                SWEEP[0],
                self.images()
            )));
        }
        Ok(devices.iter().flat_map(|&d| sizes.iter().map(move |&s| plan(d, s))).collect())
    }

    fn check_batch(&self, device: Device, batch_size: usize) -> anyhow::Result<()> {
        if batch_size > self.images() {
            return Err(misuse(format!(
                "a batch of {batch_size} is more than the {} images to train on; \
                 a smaller --batch-size, such as 64, makes more steps",
                self.images()
            )));
        }
        memory::check(device, batch_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(["demo"].iter().chain(words))
    }

    #[test]
    fn gpu_means_cuda_in_any_case() {
        for name in ["cuda", "gpu", "GPU", "Cuda"] {
            assert_eq!(args(&["--device", name]).unwrap().device, Some(Choice::Cuda), "{name}");
        }
        assert!(args(&["--device", "cdua"]).is_err());
    }

    #[test]
    fn a_batch_larger_than_the_data_is_refused_with_a_cure() {
        let args = args(&["--device", "cpu", "--images", "100", "--batch-size", "128"]).unwrap();
        let error = args.plans().unwrap_err();
        assert!(error.is::<cli::Misuse>());
        assert!(error.to_string().contains("more than the 100 images"), "{error}");
    }

    #[test]
    fn a_sweep_tries_the_sizes_that_the_data_allow() {
        let args = args(&["--sweep", "--device", "cpu", "--images", "300"]).unwrap();
        let sizes: Vec<_> = args.plans().unwrap().iter().map(|plan| plan.batch_size).collect();
        assert_eq!(sizes, [64, 256]);
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        assert!(args(&["--sweep", "--batch-size", "64"]).is_err());
        assert!(args(&["--synthetic", "--data", "x"]).is_err());
        assert!(args(&["--model", "model"]).is_err());
    }

    #[test]
    fn reading_refuses_what_only_training_knows() {
        let reading = ["--predict", "digit.png", "--model", "model"];
        for flags in [&["--epochs", "1"][..], &["--save", "x"], &["--sweep"], &["--device", "cpu"]]
        {
            assert!(args(&[&reading[..], flags].concat()).is_err(), "{flags:?}");
        }
        assert!(args(&[&reading[..], &["--json", "x", "--workers", "2"]].concat()).is_ok());
    }

    #[test]
    fn a_network_is_asked_only_with_both_files() {
        let reading = |words: &[&str]| {
            Args::try_parse_from([&["demo"], words].concat()).map(|args| args.reading().is_some())
        };
        assert!(!reading(&["--guess"]).unwrap());
        assert!(reading(&["--predict", "digit.png", "--model", "model"]).unwrap());
        assert!(reading(&["--predict", "digit.png"]).unwrap_err().to_string().contains("--model"));
        assert!(reading(&["--model", "model"]).unwrap_err().to_string().contains("--predict"));
    }
}
