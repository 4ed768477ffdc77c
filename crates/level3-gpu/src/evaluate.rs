//! What the network thinks of images.

use anyhow::ensure;
use burn::tensor::activation::softmax;

use crate::backend::ConvBlock;
use crate::digits::Images;
use crate::model::{Cnn, DIGITS};
use crate::on_device::OnDevice;

/// Images that are looked at in one go.
const AT_ONCE: usize = 1000;

/// For each image, how sure the network is of each digit: from 0 to 1, together 1.
#[derive(Debug)]
pub struct Predictions(Vec<[f32; DIGITS]>);

impl Predictions {
    /// Shows all images to the network.
    ///
    /// The answers travel back from the device, so all work is done when this returns.
    ///
    /// # Errors
    /// If they are no probabilities: the network's parameters, or the device, are broken.
    pub fn of<B: ConvBlock>(model: &Cnn<B>, images: &OnDevice<B>) -> anyhow::Result<Self> {
        let numbers: Vec<i32> = (0..images.images() as i32).collect();
        let mut predictions = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(AT_ONCE) {
            let sure = softmax(model.forward(images.batch(some).images), 1); // [images, 10]
            let sure: Vec<f32> = sure.into_data().iter::<f32>().collect();
            predictions.extend_from_slice(sure.as_chunks::<DIGITS>().0);
        }
        Self(predictions).checked()
    }

    /// Refuses what a working device cannot have computed, NaN above all.
    fn checked(self) -> anyhow::Result<Self> {
        let is_sound = |sure: &[f32; DIGITS]| (sure.iter().sum::<f32>() - 1.0).abs() < 1e-3;
        ensure!(
            self.0.iter().all(is_sound),
            "the network's probabilities of the ten digits do not add up to 1; \
             train it again, and after a run on the GPU with --device cpu"
        );
        Ok(self)
    }

    /// The most likely digit of an image, and how sure that is.
    pub fn best(&self, image: usize) -> (u8, f32) {
        let sure = (0..).zip(self.0[image]);
        sure.max_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or_default()
    }

    /// The share of images that were read right: from 0 to 1.
    pub fn accuracy(&self, images: &Images) -> f64 {
        let right = (0..self.0.len()).filter(|&i| self.best(i).0 == images.labels[i]).count();
        right as f64 / self.0.len() as f64
    }

    /// Images to show: the first that were read right, then the mistakes it was most sure of.
    pub(crate) fn samples(&self, images: &Images, right: usize, wrong: usize) -> Vec<usize> {
        let is_right = |&image: &usize| self.best(image).0 == images.labels[image];
        let (mut shown, mut mistakes): (Vec<usize>, Vec<usize>) =
            (0..self.0.len()).partition(is_right);
        mistakes.sort_by(|&a, &b| self.best(b).1.total_cmp(&self.best(a).1));
        shown.truncate(right);
        shown.extend(mistakes.into_iter().take(wrong));
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure_of(digit: usize, sure: f32) -> [f32; DIGITS] {
        std::array::from_fn(|i| if i == digit { sure } else { (1.0 - sure) / 9.0 })
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        assert!(Predictions(vec![sure_of(1, 0.9)]).checked().is_ok());
        for wrong in [f32::NAN, 0.0, f32::INFINITY] {
            assert!(Predictions(vec![sure_of(1, 0.9), [wrong; DIGITS]]).checked().is_err());
        }
    }

    #[test]
    fn mistakes_are_shown_last_and_the_surest_first() {
        let labels = vec![1, 2, 3, 4, 5];
        let images = Images { pixels: Vec::new(), labels };
        let predictions = Predictions(vec![
            sure_of(1, 0.9),
            sure_of(7, 0.5),
            sure_of(8, 0.8),
            sure_of(9, 0.6),
            sure_of(5, 0.7),
        ]);
        assert_eq!(predictions.samples(&images, 2, 2), [0, 4, 2, 3]);
        assert!((predictions.accuracy(&images) - 0.4).abs() < 1e-9);
        assert_eq!(predictions.best(2).0, 8);
    }
}
