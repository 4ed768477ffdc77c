//! One training run: the plan, and what became of it.

use std::time::{Duration, Instant};

use anyhow::ensure;
use burn::tensor::backend::Backend;
use burn::tensor::{ElementConversion, Tensor};
use common::{human, plural};

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
    pub(crate) evaluation: Duration,
    pub(crate) loss: f32,
    pub(crate) accuracy: f64,
    steps: usize, // so far, in all epochs
    clock: Instant,
}

impl Run {
    /// Starts the clock.
    pub(crate) fn start(plan: &Plan, data: &'static str, warm_up: Duration) -> Self {
        Self {
            plan: *plan,
            data,
            warm_up,
            training: Duration::ZERO,
            evaluation: Duration::ZERO,
            loss: f32::NAN,
            accuracy: 0.0,
            steps: 0,
            clock: Instant::now(),
        }
    }

    /// Counts a step and, ten times an epoch, prints its loss: to read it, the CPU must wait until
    /// the GPU has caught up.
    ///
    /// # Errors
    /// If the loss is no number: what follows would mean nothing.
    pub fn step<B: Backend>(&mut self, loss: Tensor<B, 1>) -> anyhow::Result<()> {
        let (steps, epochs) = (self.plan.steps(), self.plan.epochs);
        let (epoch, step) = (self.steps / steps + 1, self.steps % steps + 1);
        self.steps += 1;
        let lines_until = |step: usize| step * LINES_AN_EPOCH / steps;
        if lines_until(step) == lines_until(step - 1) {
            return Ok(());
        }
        let (loss, data): (f32, _) = (loss.into_scalar().elem(), self.data);
        ensure!(
            loss.is_finite(),
            "the loss is {loss} at step {step} of epoch {epoch}: the training has failed, and nothing \
             is saved; try another --seed, and after a run on the GPU --device cpu"
        );
        println!("epoch {epoch} of {epochs}, step {step} of {steps}: loss {loss:.4} ({data})");
        self.loss = loss;
        Ok(())
    }

    /// Ends the training. The evaluation begins now.
    pub fn stop(&mut self) {
        self.training = self.clock.elapsed();
        self.clock = Instant::now();
    }

    /// Ends the evaluation.
    pub(crate) fn evaluated(&mut self, accuracy: f64) {
        self.evaluation = self.clock.elapsed();
        self.accuracy = accuracy;
    }

    /// `118 steps of 512 images, 121 ms each`
    pub(crate) fn steps_in_words(&self) -> String {
        let batch = plural(self.plan.batch_size, "image");
        let each = human(self.training / self.steps as u32);
        format!("{} of {batch}, {each} each", plural(self.steps, "step"))
    }

    pub(crate) fn images_per_second(&self) -> f64 {
        (self.plan.images * self.plan.epochs) as f64 / self.training.as_secs_f64()
    }
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
    use crate::device::Device;
    use burn_flex::Flex;

    #[test]
    fn a_loss_that_is_no_number_ends_the_training() {
        let plan = Plan { device: Device::Cpu, batch_size: 1, epochs: 1, images: 1, seed: 1 };
        let first_step = |loss: f32| {
            let loss = Tensor::<Flex, 1>::from_floats([loss], &Default::default());
            Run::start(&plan, "MNIST", Duration::ZERO).step(loss)
        };
        assert!(first_step(0.5).is_ok());
        for loss in [f32::NAN, f32::INFINITY] {
            let error = first_step(loss).unwrap_err().to_string();
            assert!(error.contains(&loss.to_string()) && error.contains("step 1"), "{error}");
        }
    }
}
