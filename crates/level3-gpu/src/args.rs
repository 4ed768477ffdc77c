//! The command line of level 3. A doc comment here is what `--help` prints.

use std::path::{Path, PathBuf};

use cli::{RunFlags, WorkersFlag, count, misuse};
use common::plural;

use crate::device::{Choice, Device};
use crate::digits::TRAINING_IMAGES;
use crate::plan::Plan;

/// Sizes that a sweep tries, the same on every device. 8192 stands beside 10000 because GPU
/// kernels like multiples of 32.
const SWEEP: [usize; 6] = [64, 256, 512, 2048, 8192, 10_000];

/// Train a network to read handwritten digits, on the CPU or on the GPU
#[derive(Debug, Clone, clap::Parser)]
#[command(version)]
pub struct MnistArgs {
    /// Where to compute; auto takes the GPU if there is one (asked; auto)
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

    /// `--workers`.
    #[command(flatten)]
    pub workers: WorkersFlag,

    /// Where the random numbers begin: first parameters, order of the images
    #[arg(long, value_name = "N", default_value = "42", value_parser = cli::parse_count)]
    seed: u64,

    /// Write what was learned to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "sweep")]
    pub(crate) save: Option<PathBuf>,

    /// Keep the training in FILE ten times an epoch; if FILE is there, go on from it
    #[arg(long, value_name = "FILE", conflicts_with = "sweep")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Read the digits in FILE (PNG, JPEG or IDX) with the network in --model, without training
    #[arg(long, value_name = "FILE", requires = "model", conflicts_with_all = [
        "device", "batch_size", "epochs", "data", "synthetic", "images", "seed", "save", "sweep",
        "checkpoint", "guess"])]
    predict: Option<PathBuf>,

    /// The network that --save wrote, for --predict
    #[arg(long, value_name = "FILE", requires = "predict")]
    model: Option<PathBuf>,

    /// Try several batch sizes, on the CPU and on the GPU if there is one, and compare
    #[arg(long)]
    pub(crate) sweep: bool,

    /// `--guess` and `--json`.
    #[command(flatten)]
    pub run: RunFlags,
}

impl MnistArgs {
    /// The file with digits and the file with a network, if nothing is to be trained.
    pub fn reading(&self) -> Option<(&Path, &Path)> {
        self.predict.as_deref().zip(self.model.as_deref())
    }

    /// What to train, where: one plan, or several with `--sweep`. Asks for what was not given.
    ///
    /// # Errors
    /// [`cli::Misuse`] for a batch that is larger than the data; any other if the input ends without
    /// an answer.
    pub(crate) fn plans(&self) -> anyhow::Result<Vec<Plan>> {
        let images = self.images.map_or(TRAINING_IMAGES, |images| images as usize);
        let plan = |device, batch_size| Plan {
            device,
            batch_size,
            epochs: self.epochs as usize,
            images,
            seed: self.seed,
        };
        if self.sweep {
            let mut sizes = SWEEP.map(|size| size.min(images)).to_vec();
            sizes.dedup();
            let on = |device| sizes.iter().map(move |&size| plan(device, size));
            return Ok(Device::all(self.device).into_iter().flat_map(on).collect());
        }
        let device = Device::choose(self.device)?;
        let batch_size = match self.batch_size {
            Some(size) => size as usize,
            None => device.ask_batch_size(images)?,
        };
        if batch_size > images {
            return Err(misuse(format!(
                "a batch of {batch_size} is more than the {} to train on; \
                 --batch-size {images} is the largest",
                plural(images, "image")
            )));
        }
        Ok(vec![plan(device, batch_size)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn args(words: &[&str]) -> Result<MnistArgs, clap::Error> {
        MnistArgs::try_parse_from(["demo"].iter().chain(words))
    }

    #[test]
    fn a_batch_larger_than_the_data_is_refused_with_a_cure() {
        let args = args(&["--device", "cpu", "--images", "50", "--batch-size", "64"]).unwrap();
        let error = args.plans().unwrap_err();
        assert!(error.is::<cli::Misuse>());
        let line = error.to_string();
        assert!(
            line.ends_with("more than the 50 images to train on; --batch-size 50 is the largest")
        );
    }

    #[test]
    fn a_sweep_ends_with_all_images_in_one_batch() {
        let sizes = |images: &str| -> Vec<usize> {
            let args = args(&["--sweep", "--device", "cpu", "--images", images]).unwrap();
            args.plans().unwrap().iter().map(|plan| plan.batch_size).collect()
        };
        assert_eq!(sizes("300"), [64, 256, 300]);
        assert_eq!(sizes("60000"), SWEEP);
        assert_eq!(sizes("5"), [5]);
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        assert!(args(&["--sweep", "--batch-size", "64"]).is_err());
        assert!(args(&["--synthetic", "--data", "x"]).is_err());
    }

    #[test]
    fn reading_needs_two_files_and_refuses_what_only_training_knows() {
        let reading = ["--predict", "digit.png", "--model", "model"];
        for flags in [&["--epochs", "1"][..], &["--save", "x"], &["--sweep"], &["--device", "cpu"]]
        {
            assert!(args(&[&reading[..], flags].concat()).is_err(), "{flags:?}");
        }
        let allowed = args(&[&reading[..], &["--json", "x", "--workers", "2"]].concat()).unwrap();
        assert_eq!(allowed.reading(), Some((Path::new("digit.png"), Path::new("model"))));
        assert!(args(&reading[..2]).unwrap_err().to_string().contains("--model"));
        assert!(args(&reading[2..]).unwrap_err().to_string().contains("--predict"));
        assert_eq!(args(&[]).unwrap().reading(), None);
    }
}
