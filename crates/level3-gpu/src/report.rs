//! What the program says: the plan, the progress, the times, and what the network learned.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use burn::tensor::{ElementConversion, Tensor};
use cli::{Guess, Record, misuse};
use common::{Workers, human, plural, time};
use serde_json::json;

use crate::args::Args;
use crate::backend::ConvBlock;
use crate::device::{Choice, Device};
use crate::digits::{Digits, Images};
use crate::evaluate::Predictions;
use crate::files;
use crate::model::Cnn;
use crate::picture;
use crate::plan::Plan;
use crate::probe::find_gpu;
use crate::progress::Progress;

/// Columns of the longest bar in a sweep's chart.
const BAR: f64 = 40.0;

/// Prints what happens, and keeps it for `--json` and for the table of a sweep.
pub struct Report {
    record: Record,
    save: Option<PathBuf>,
    sweep: bool,
    asked_for_gpu: bool,
    workers: Workers,
    ask_guess: bool,
    guess: Guess,
    data: &'static str,
    load: Duration,
    runs: Vec<Run>,
    clock: Instant,
}

/// One training run: the plan, and what became of it so far.
struct Run {
    plan: Plan,
    warm_up: Duration,
    progress: Progress,
    training: Duration,
    accuracy: f64,
}

impl Report {
    /// Starts a report: the workers, and where records go.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the file of the records or that of the model cannot be written.
    pub fn open(args: &Args) -> anyhow::Result<Self> {
        // A path that cannot be written fails now, and not after the training.
        if let Some(model) = &args.save {
            cli::check_replaceable(model).context("--save")?;
            if args.run.json.as_ref().is_some_and(|json| files::same(json, model)) {
                return Err(misuse("--save and --json name one file; each needs its own"));
            }
        }
        let record = Record::open(args.run.json.as_deref(), 3, "level3_mnist")?;
        let workers = args.workers()?;
        println!("CPU: {workers}");
        if let Some(warning) = workers.warning() {
            println!("{warning}");
        }
        Ok(Self {
            record,
            save: args.save.clone(),
            sweep: args.sweep,
            asked_for_gpu: args.device == Some(Choice::Cuda),
            workers,
            ask_guess: args.run.guess,
            guess: Guess::default(),
            data: "",
            load: Duration::ZERO,
            runs: Vec::new(),
            clock: Instant::now(),
        })
    }

    /// Loads the digits, and says which they are. With `--guess` the reader guesses before.
    ///
    /// # Errors
    /// Those of `load`, and three answers that are no guess.
    pub fn load(
        &mut self,
        load: impl FnOnce() -> anyhow::Result<Digits>,
    ) -> anyhow::Result<Digits> {
        let question = "Your guess: how long does the training take, in seconds?";
        self.guess = Guess::ask(self.ask_guess, question)?;
        let (digits, time) = time(load);
        let digits = digits?;
        (self.data, self.load) = (digits.name, time);
        let (training, test) = (digits.training.len(), digits.test.len());
        println!("data: {}, {training} + {test} images, loaded in {}", self.data, human(time));
        self.clock = Instant::now();
        Ok(digits)
    }

    /// Ends the warm-up, says what is about to be trained, and starts the clock.
    pub fn start(&mut self, plan: &Plan) {
        let warm_up = self.lap();
        println!("\n{}: {}", plan.device, plan.device.hardware());
        let (steps, last) = (plan.steps(), plan.last_batch());
        print!("batch size {}: {} an epoch", plan.batch_size, plural(steps, "step"));
        if last < plan.batch_size {
            let (last, without) = (plural(last, "image"), plural(steps - 1, "step"));
            print!(", the last of {last} ({without} if that one is dropped)");
        }
        println!("\nwarm-up: {}, not counted as training", human(warm_up));
        if let (Device::Cuda, Ok(gpu)) = (plan.device, find_gpu()) {
            println!("compiled kernels: {}", gpu.kernels.display());
        }
        self.runs.push(Run {
            plan: *plan,
            warm_up,
            progress: Progress::new(plan, self.data),
            training: Duration::ZERO,
            accuracy: 0.0,
        });
        self.clock = Instant::now();
    }

    /// The time since the last part of the run ended. The next part begins now.
    fn lap(&mut self) -> Duration {
        std::mem::replace(&mut self.clock, Instant::now()).elapsed()
    }

    /// Counts a step. The loss is asked for ten times an epoch: reading it makes the CPU wait
    /// until the GPU has caught up.
    ///
    /// # Errors
    /// If the loss is no number: what follows would mean nothing.
    pub fn step<B: ConvBlock>(&mut self, loss: Tensor<B, 1>) -> anyhow::Result<()> {
        let Some(run) = self.runs.last_mut() else { return Ok(()) };
        run.progress.step(|| loss.into_scalar().elem())
    }

    /// Stops the clock.
    pub fn stop(&mut self) {
        let training = self.lap();
        if let Some(run) = self.runs.last_mut() {
            run.progress.finish();
            run.training = training;
        }
    }

    /// Shows two digits that the network has never seen, says how well it reads such digits and
    /// what that took, and writes the model and the record. If one of them cannot be written, the
    /// other one is.
    ///
    /// # Errors
    /// If the model or the record cannot be written.
    pub fn finish<B: ConvBlock>(
        &mut self,
        model: Cnn<B>,
        predictions: &Predictions,
        test: &Images,
    ) -> anyhow::Result<()> {
        let evaluation = self.lap();
        let Some(run) = self.runs.last_mut() else { return Ok(()) };
        run.accuracy = predictions.accuracy(test);
        if !self.sweep {
            let shown = predictions.samples(test, 1, 1);
            println!("\n{}", picture::of_predictions(&shown, test, predictions));
        }
        let (training, right) = (human(run.training), 100.0 * run.accuracy);
        let verdict = format!(
            "The {} trained for {training}; the network reads {right:.1} % of new digits right.",
            run.plan.device
        );
        println!("{}", cli::verdict(&verdict));
        let (epochs, speed) = (plural(run.plan.epochs, "epoch"), run.images_per_second());
        println!("training: {training}, {epochs}, {speed:.0} images/s");
        println!("evaluation: {}, {}", human(evaluation), plural(test.len(), "test image"));
        println!("accuracy: {right:.2} % ({})", self.data);
        if let Some(score) =
            self.guess.score(run.training.as_secs_f64(), "s", &run.steps_in_words())
        {
            println!("{score}");
        }
        let (plan, progress) = (&run.plan, &run.progress);
        let samples: Vec<_> = (predictions.samples(test, 8, 2))
            .into_iter()
            .map(|image| {
                let (prediction, confidence) = predictions.best(image);
                json!({
                    "label": test.labels[image],
                    "prediction": prediction,
                    "confidence": confidence,
                    "pixels": test.image(image),
                })
            })
            .collect();
        let recorded = (self.record)
            .setting("device", plan.device.to_string().to_lowercase())
            .setting("device_name", plan.device.hardware())
            .setting("fusion", plan.device == Device::Cuda && cfg!(feature = "fusion"))
            .setting("batch_size", plan.batch_size)
            .setting("epochs", plan.epochs)
            .setting("images", plan.images)
            .setting("data", self.data)
            .setting("workers", self.workers.count)
            .setting("seed", plan.seed)
            .result("load_s", self.load.as_secs_f64())
            .result("warmup_s", run.warm_up.as_secs_f64())
            .result("train_s", run.training.as_secs_f64())
            .result("evaluate_s", evaluation.as_secs_f64())
            .result("images_per_s", run.images_per_second())
            .result("loss", progress.loss)
            .result("accuracy", run.accuracy)
            .result("samples", samples)
            .append();
        self.save(model).and(recorded)
    }

    /// Writes the model to the file of `--save`, if there is one.
    fn save<B: ConvBlock>(&self, model: Cnn<B>) -> anyhow::Result<()> {
        let Some(path) = &self.save else { return Ok(()) };
        model.save(path)?;
        println!("model saved: {}", path.display());
        Ok(())
    }

    /// Ends the report: a sweep has a table, and a GPU that was asked for and not there is told.
    pub fn close(self) {
        if self.sweep {
            println!("\n{}", self.table());
        }
        if let (true, Err(reason)) = (self.asked_for_gpu, find_gpu()) {
            println!("\nNot on the GPU that --device cuda asked for, but on the CPU: {reason}");
        }
    }

    fn table(&self) -> String {
        let fastest = self.runs.iter().map(Run::images_per_second).fold(0.0, f64::max);
        let mut table = format!("device  batch  training    images/s  accuracy ({})\n", self.data);
        for run in &self.runs {
            let speed = run.images_per_second();
            table += &format!(
                "{:<6} {:>6} {:>9} {speed:>11.0}  {:>6.2} %  {}\n",
                run.plan.device.to_string(),
                run.plan.batch_size,
                human(run.training),
                100.0 * run.accuracy,
                "█".repeat((speed / fastest * BAR).round() as usize),
            );
        }
        table + "The bars are images/s. A larger batch is fewer steps: it may learn less."
    }
}

impl Run {
    /// `118 steps of 512 images, 121 ms each`
    fn steps_in_words(&self) -> String {
        let steps = self.plan.epochs * self.plan.steps();
        let batch = plural(self.plan.batch_size, "image");
        format!(
            "{} of {batch}, {} each",
            plural(steps, "step"),
            human(self.training / steps as u32)
        )
    }

    fn images_per_second(&self) -> f64 {
        (self.plan.images * self.plan.epochs) as f64 / self.training.as_secs_f64()
    }
}
