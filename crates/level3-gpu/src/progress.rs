//! How far the training is.

use std::io::IsTerminal;

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::plan::Plan;

/// How often an epoch says how far it is. Each time, the loss is read back from the device.
const LINES_AN_EPOCH: usize = 10;

/// How far the training is: a bar on a terminal, lines in a log.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    steps: usize,
    epochs: usize,
    done: usize,
    pub(crate) loss: f32,
    data: &'static str,
}

impl Progress {
    pub(crate) fn new(plan: &Plan, data: &'static str) -> Self {
        let (steps, epochs) = (plan.steps(), plan.epochs);
        let bar = ProgressBar::new((steps * epochs) as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} step {pos} of {len}, {eta} {msg}")
        {
            bar.set_style(style);
        }
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let lines = dumb || !std::io::stderr().is_terminal();
        if lines {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bar, lines, steps, epochs, done: 0, loss: f32::NAN, data }
    }

    /// Counts a step, and asks for the loss where a line is due.
    ///
    /// # Errors
    /// If the loss is no number: what follows would mean nothing.
    pub(crate) fn step(&mut self, loss: impl FnOnce() -> f32) -> anyhow::Result<()> {
        let (epoch, step) = (self.done / self.steps + 1, self.done % self.steps + 1);
        self.done += 1;
        self.bar.inc(1);
        let lines_until = |step: usize| step * LINES_AN_EPOCH / self.steps;
        if lines_until(step) == lines_until(step - 1) {
            return Ok(());
        }
        self.loss = loss();
        ensure!(
            self.loss.is_finite(),
            "the loss is {} at step {step} of epoch {epoch}, so what was learned means nothing and \
             is not saved; try another --seed, and after a run on the GPU --device cpu",
            self.loss
        );
        self.bar.set_message(format!("loss {:.4} ({})", self.loss, self.data));
        if self.lines {
            let (epochs, steps, loss) = (self.epochs, self.steps, self.loss);
            let data = self.data;
            println!("epoch {epoch} of {epochs}, step {step} of {steps}: loss {loss:.4} ({data})");
        }
        Ok(())
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;

    fn progress() -> Progress {
        let plan = Plan { device: Device::Cpu, batch_size: 1, epochs: 1, images: 1, seed: 1 };
        Progress::new(&plan, "MNIST")
    }

    #[test]
    fn a_loss_that_is_no_number_ends_the_training() {
        assert!(progress().step(|| 0.5).is_ok());
        for loss in [f32::NAN, f32::INFINITY] {
            let error = progress().step(|| loss).unwrap_err().to_string();
            assert!(error.contains(&loss.to_string()) && error.contains("step 1"), "{error}");
        }
    }
}
