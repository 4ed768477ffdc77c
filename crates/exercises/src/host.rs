//! Digits in the memory of the CPU, for exercise 9.

use std::cell::Cell;

use burn::tensor::backend::Backend;
use level3_gpu::{Images, OnDevice};

/// Digits in the memory of the CPU. It counts the bytes that move from here to a device, so what
/// moves needlessly is seen on a machine without a GPU, too.
#[derive(Debug)]
pub struct Host {
    digits: Images,
    moved: Cell<usize>,
}

impl Host {
    /// So many synthetic digits.
    pub fn drawn(count: usize) -> Self {
        Self { digits: Images::drawn(0..count), moved: Cell::new(0) }
    }

    /// Copies all digits to the device.
    pub fn to_device<B: Backend>(&self, device: &B::Device) -> OnDevice<B> {
        self.moved.set(self.moved.get() + self.bytes());
        OnDevice::new(&self.digits, self.digits.len(), device)
    }

    /// How large all digits are, in bytes.
    pub fn bytes(&self) -> usize {
        self.digits.pixels.len() + self.digits.labels.len()
    }

    /// How many bytes have moved to a device so far.
    pub fn moved(&self) -> usize {
        self.moved.get()
    }
}
