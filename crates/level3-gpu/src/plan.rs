//! What is to be trained, and in which steps.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

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

    /// Images in the first so many steps of all epochs.
    pub fn images_of(&self, steps: usize) -> usize {
        steps / self.steps() * self.images + steps % self.steps() * self.batch_size
    }

    /// Images in the last step of an epoch.
    pub fn last_batch(&self) -> usize {
        self.images - (self.steps() - 1) * self.batch_size
    }

    /// The images of each step of all epochs, in an order that only seed and epoch decide.
    pub fn batches(self) -> impl Iterator<Item = Vec<i32>> {
        (1..=self.epochs).flat_map(move |epoch| self.epoch(epoch))
    }

    fn epoch(&self, epoch: usize) -> Vec<Vec<i32>> {
        let mut order: Vec<i32> = (0..self.images as i32).collect();
        order.shuffle(&mut StdRng::seed_from_u64(self.seed ^ ((epoch as u64) << 32)));
        order.chunks(self.batch_size).map(<[i32]>::to_vec).collect()
    }

    /// The first batch, and the last if it is smaller.
    pub fn one_of_each_size(&self) -> Vec<Vec<i32>> {
        let mut batches = self.epoch(1);
        batches.dedup_by_key(|batch| batch.len());
        batches
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
        assert_eq!((plan.images_of(117), plan.images_of(119)), (117 * 512, 60_000 + 512));
        assert_eq!(plan.one_of_each_size().iter().map(Vec::len).collect::<Vec<_>>(), [512, 96]);
        let even = Plan { batch_size: 10_000, ..plan };
        assert_eq!((even.steps(), even.last_batch()), (6, 10_000));
    }
}
