//! What the program says: the plan, the times, and what the network learned.

use std::time::{Duration, Instant};

use burn::optim::Optimizer;
use cli::{Guess, Record, wrapped};
use common::{Samples, Workers, human, plural, time};
use serde_json::json;

use crate::args::MnistArgs;
use crate::backend::{ConvBlock, Training};
use crate::checkpoint::{Checkpoint, Place, is_checkpoint};
use crate::device::Device;
use crate::digits::{Digits, Images};
use crate::evaluate::Predictions;
use crate::model::{Cnn, is_model};
use crate::picture;
use crate::plan::Plan;
use crate::run::{Run, table};

/// Prints what happens, and notes it for `--json` and for the table of a sweep.
pub struct Report {
    args: MnistArgs,
    workers: Workers,
    record: Record,
    guess: Guess,
    data: &'static str,
    load: Duration,
    runs: Vec<Run>,
    clock: Instant, // of the warm-up
}

impl Report {
    /// Starts a report: the workers, and where records go.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the file of the records or that of the model cannot be written: that is
    /// known now, and not after the training.
    pub fn open(args: &MnistArgs, workers: Workers) -> anyhow::Result<Self> {
        let records = ("--json", args.run.json.as_deref());
        let model = ("--save", args.save.as_deref());
        let checkpoint = ("--checkpoint", args.checkpoint.as_deref());
        cli::check_kind(model, "a model of this program", is_model)?;
        cli::check_replaceable(model, &[records])?;
        cli::check_kind(checkpoint, "a checkpoint of this program", is_checkpoint)?;
        cli::check_replaceable(checkpoint, &[records, model])?;
        let record = Record::open(args.run.json.as_deref(), 3, "level3_mnist")?;
        println!("CPU: {workers}");
        workers.warning().iter().for_each(|line| println!("{}", wrapped(line)));
        Ok(Self {
            args: args.clone(),
            workers,
            record,
            guess: Guess::default(),
            data: "",
            load: Duration::ZERO,
            runs: Vec::new(),
            clock: Instant::now(),
        })
    }

    /// Loads the digits, and says which they are: before anything is asked, as a file may be missing.
    ///
    /// # Errors
    /// Those of [`Digits::load`].
    pub fn load(&mut self) -> anyhow::Result<Digits> {
        let (digits, time) = time(|| Digits::load(&self.args));
        let digits = digits?;
        (self.data, self.load) = (digits.name, time);
        let (training, test) = (digits.training.len(), digits.test.len());
        println!("data: {}, {training} + {test} images, loaded in {}", self.data, human(time));
        Ok(digits)
    }

    /// What to train, and with `--guess` the reader's guess of the time. Asks for what was not given.
    ///
    /// # Errors
    /// Those of `MnistArgs::plans`; if the input ends without a guess.
    pub fn plans(&mut self) -> anyhow::Result<Vec<Plan>> {
        let plans = self.args.plans()?;
        let question = "Your guess: how long does the training take, in seconds?";
        self.guess = Guess::ask(self.args.run.guess, question)?;
        self.clock = Instant::now();
        Ok(plans)
    }

    /// Ends the warm-up, says what is about to be trained, and starts the clock. With `--checkpoint`,
    /// network and optimiser go on where they were.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the checkpoint is damaged, or none of this training.
    pub fn start<B: Training>(
        &self,
        plan: &Plan,
        model: &mut Cnn<B>,
        adam: &mut impl Optimizer<Cnn<B>, B>,
    ) -> anyhow::Result<Run> {
        let warm_up = self.clock.elapsed();
        let path = self.args.checkpoint.as_deref();
        let checkpoint = path.map(|path| Checkpoint::new(path, plan, self.data));
        let resume = |checkpoint: &Checkpoint| checkpoint.resume(model, adam);
        let place = checkpoint.as_ref().map_or(Ok(Place::default()), resume)?;
        println!("\n{}: {}", plan.device, plan.device.hardware());
        print!("batch size {}: {} an epoch", plan.batch_size, plural(plan.steps(), "step"));
        if plan.last_batch() < plan.batch_size {
            print!(", the last of {}", plural(plan.last_batch(), "image"));
        }
        println!("\nwarm-up: {}, not counted as training", human(warm_up));
        if let Some(path) = path.filter(|_| place.steps > 0) {
            println!("going on after {} from {}", plural(place.steps, "step"), path.display());
        }
        Ok(Run {
            plan: *plan,
            data: self.data,
            warm_up,
            training: Duration::ZERO,
            accuracy: 0.0,
            saved: Samples::default(),
            checkpoint,
            began: place.steps,
            place,
            clock: Instant::now(),
        })
    }

    /// Shows two digits that the network has never seen, says how well it reads such digits and
    /// what that took, and writes the model and the record.
    ///
    /// # Errors
    /// If the model or the record cannot be written.
    pub fn finish<B: ConvBlock>(
        &mut self,
        mut run: Run,
        model: Cnn<B>,
        predictions: &Predictions,
        test: &Images,
    ) -> anyhow::Result<()> {
        let (plan, evaluation) = (run.plan, run.clock.elapsed());
        run.accuracy = predictions.accuracy(test);
        if !self.args.sweep {
            let shown = predictions.samples(test, 1, 1);
            println!("\n{}", picture::of_predictions(&shown, test, predictions));
        }
        let (training, right) = (human(run.training), 100.0 * run.accuracy);
        let (epochs, speed) = (plural(plan.epochs, "epoch"), run.images_per_second());
        let finished_before = run.place.steps == run.began;
        let trained = match finished_before {
            true => "Nothing was left to train".to_string(),
            false => format!("The {} trained for {training}", plan.device),
        };
        let verdict = format!("{trained}; the network reads {right:.1} % of new digits right");
        println!("{}", cli::verdict(&format!("{verdict}.")));
        self.record.result("answer", format!("{verdict} ({}).", self.data));
        if !finished_before {
            println!("training: {training}, {epochs}, {speed:.0} images/s");
        }
        println!("evaluation: {}, {}", human(evaluation), plural(test.len(), "test image"));
        println!("accuracy: {right:.2} % ({})", self.data);
        if !run.saved.is_empty() {
            let (saved, each) = (plural(run.saved.len(), "checkpoint"), human(run.saved.median()));
            println!("{saved}, {each} each: the same command goes on from the last one");
        }
        let took = if finished_before { f64::NAN } else { run.training.as_secs_f64() };
        let score = self.guess.score(took, "s", &run.steps_in_words());
        score.iter().for_each(|lines| println!("{}", wrapped(lines)));
        if let Some(path) = &self.args.save {
            model.save(path)?;
            println!("model saved: {}", path.display());
        }
        let sample = |image| {
            let (prediction, confidence) = predictions.best(image);
            json!({
                "label": test.labels[image],
                "prediction": prediction,
                "confidence": confidence,
                "pixels": test.image(image),
            })
        };
        let samples: Vec<_> = predictions.samples(test, 8, 2).into_iter().map(sample).collect();
        self.record
            .setting("device", plan.device.to_string().to_lowercase())
            .setting("device_name", plan.device.hardware())
            .setting("fusion", plan.device != Device::Cpu && cfg!(feature = "fusion"))
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
            .result("loss", run.place.loss)
            .result("accuracy", run.accuracy)
            .result("checkpoints", run.saved.len())
            .result("checkpoint_s", run.saved.median().as_secs_f64())
            .result("samples", samples)
            .append()?;
        self.runs.push(run);
        self.clock = Instant::now();
        Ok(())
    }

    /// Ends the report: a sweep has a table.
    pub fn close(self) {
        if self.args.sweep {
            println!("\n{}", table(&self.runs));
        }
    }
}
