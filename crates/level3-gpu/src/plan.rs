//! What is to be trained, and in which steps.

use crate::device::Device;

/// One training run, complete and sensible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Where to compute.
    pub device: Device,
    /// Images in a step.
    pub batch_size: usize,
    /// How often to go through all images.
    pub epochs: usize,
    /// How many images to train on.
    pub images: usize,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Plan {
    /// Steps in an epoch; the last one may be smaller.
    pub fn steps(&self) -> usize {
        self.images.div_ceil(self.batch_size)
    }

    /// Images in the last step of an epoch.
    pub fn last_batch(&self) -> usize {
        self.images - (self.steps() - 1) * self.batch_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_smaller_batch_is_a_step_too() {
        let plan =
            Plan { device: Device::Cpu, batch_size: 512, epochs: 1, images: 60_000, seed: 1 };
        assert_eq!((plan.steps(), plan.last_batch()), (118, 96));
        let even = Plan { batch_size: 10_000, ..plan };
        assert_eq!((even.steps(), even.last_batch()), (6, 10_000));
    }
}
