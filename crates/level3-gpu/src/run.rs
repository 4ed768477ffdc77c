//! One training run: the plan, and what became of it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use burn::optim::Optimizer;
use burn::tensor::{ElementConversion, Tensor};
use common::{Samples, human, plural, time};

use crate::backend::Training;
use crate::checkpoint::{Checkpoint, Place};
use crate::model::Cnn;
use crate::plan::Plan;

/// How often an epoch says how far it is. Each time, the loss is read back from the device.
const LINES_AN_EPOCH: usize = 10;

/// Columns of the longest bar in a sweep's chart.
const BAR: f64 = 32.0;

/// A training run on the clock.
#[derive(Debug)]
pub struct Run {
    pub(crate) plan: Plan,
    pub(crate) data: &'static str,
    pub(crate) warm_up: Duration,
    pub(crate) training: Duration,
    pub(crate) accuracy: f64,
    /// What each checkpoint took, if there are any.
    pub(crate) saved: Samples,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) began: usize, // the steps of an earlier run, which this one goes on from
    pub(crate) place: Place,
    pub(crate) clock: Instant,
}

impl Run {
    /// The images of each step that is still to be made.
    pub fn batches(&self) -> impl Iterator<Item = Vec<i32>> + use<> {
        self.plan.batches().skip(self.place.steps)
    }

    /// Counts a step. Ten times an epoch it prints the loss, and writes the checkpoint if there is to
    /// be one: to read the loss, the CPU must wait until the GPU has caught up.
    ///
    /// # Errors
    /// If the loss is no number: what follows would mean nothing.
    pub fn step<B: Training>(
        &mut self,
        loss: Tensor<B, 1>,
        model: &Cnn<B>,
        adam: &impl Optimizer<Cnn<B>, B>,
    ) -> anyhow::Result<()> {
        let (steps, epochs) = (self.plan.steps(), self.plan.epochs);
        let (epoch, step) = (self.place.steps / steps + 1, self.place.steps % steps + 1);
        self.place.steps += 1;
        let lines_until = |step: usize| step * LINES_AN_EPOCH / steps;
        if lines_until(step) == lines_until(step - 1) {
            return Ok(());
        }
        self.place.loss = loss.into_scalar().elem();
        check(self.place.loss).with_context(|| format!("step {step} of epoch {epoch}"))?;
        let (loss, data) = (self.place.loss, self.data);
        println!("epoch {epoch} of {epochs}, step {step} of {steps}: loss {loss:.4} ({data})");
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        match time(|| checkpoint.save(self.place, model, adam)) {
            (Ok(()), took) => self.saved.push(took),
            (Err(error), _) => eprintln!("warning: no checkpoint, the training goes on: {error:#}"),
        }
        Ok(())
    }

    /// Ends the training. The evaluation begins now.
    pub fn stop(&mut self) {
        self.training = self.clock.elapsed();
        self.clock = Instant::now();
    }

    /// `118 steps of 512 images, 121 ms each`
    pub(crate) fn steps_in_words(&self) -> String {
        let batch = plural(self.plan.batch_size, "image");
        let steps = self.place.steps - self.began;
        let each = human(self.training / steps.max(1) as u32);
        format!("{} of {batch}, {each} each", plural(steps, "step"))
    }

    /// In this run, without an earlier one that it goes on from.
    pub(crate) fn images_per_second(&self) -> f64 {
        let images = self.plan.images_of(self.place.steps) - self.plan.images_of(self.began);
        images as f64 / self.training.as_secs_f64()
    }
}

/// A loss that is no number means that all that follows means nothing.
fn check(loss: f32) -> anyhow::Result<()> {
    ensure!(
        loss.is_finite(),
        "the loss is {loss}: the training has failed, and nothing is saved; try another --seed, and \
         after a run on the GPU --device cpu"
    );
    Ok(())
}

/// The runs of a sweep, side by side.
pub(crate) fn table(runs: &[Run]) -> String {
    let data = runs.first().map_or("", |run| run.data);
    let fastest = runs.iter().map(Run::images_per_second).fold(0.0, f64::max);
    let mut table = format!("device  batch  training    images/s  accuracy ({data})\n");
    for run in runs {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_is_no_number_ends_the_training() {
        assert!(check(0.5).is_ok());
        for loss in [f32::NAN, f32::INFINITY] {
            assert!(check(loss).unwrap_err().to_string().contains(&loss.to_string()));
        }
    }
}
