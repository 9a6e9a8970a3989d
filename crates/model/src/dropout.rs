//! Dropout with masks that depend only on a seed and the position.

use std::cell::Cell;

use burn::module::{Flag, Module, Param};
use burn::tensor::{Distribution, Tensor, TensorData};
use dnabert_core::derive_seed;

/// Dropout (Srivastava et al. 2014, <https://jmlr.org/papers/v15/srivastava14a.html>): sets random
/// elements to zero during training and scales the others, so that the mean stays the same.
///
/// Dropout is active on autodiff devices only. Inside [`DropoutStream::scope`] the mask of a batch
/// row depends only on the seed, the number of dropout layers before it and the row. A batch can
/// therefore be split over cores or devices without a change of the result. Outside a scope the
/// device draws the mask.
#[derive(Module, Debug)]
pub struct Dropout {
    #[module(skip)]
    rate: f64,
    training: Param<Flag>,
}

impl Dropout {
    /// Creates a dropout layer that sets elements to zero with probability `rate`.
    pub fn new(rate: f64) -> Self {
        Self { rate, training: Param::from_bool(true) }
    }

    /// Applies dropout.
    ///
    /// # Shapes
    ///
    /// - input and output: any shape whose elements are ordered by batch row first
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let device = input.device();
        if self.rate == 0.0 || !self.training.is_enabled() || !device.is_autodiff() {
            return input;
        }
        let Some(stream) = DropoutStream::advance() else {
            let kept = input.random_like(Distribution::Bernoulli(1.0 - self.rate));
            return input * kept.mul_scalar(1.0 / (1.0 - self.rate));
        };
        let shape = input.dims();
        let mask = TensorData::new(stream.mask(shape.iter().product(), self.rate), shape);
        input * Tensor::from_data(mask, &device)
    }

    /// What [`forward`](Self::forward) does on an autodiff device, for a kernel that draws the mask
    /// itself.
    #[cfg(feature = "flex")]
    pub(crate) fn plan(&self) -> DropoutPlan {
        if self.rate == 0.0 || !self.training.is_enabled() {
            return DropoutPlan::Nothing;
        }
        match DropoutStream::advance() {
            Some(stream) => DropoutPlan::Drop(stream.seeds(), self.rate),
            None => DropoutPlan::Unseeded,
        }
    }
}

/// How a kernel drops elements.
#[cfg(feature = "flex")]
#[derive(Debug)]
pub(crate) enum DropoutPlan {
    /// Nothing is dropped.
    Nothing,
    /// Each batch row has a seed of its own, and elements are dropped at this rate.
    Drop(Vec<u64>, f64),
    /// The device draws the mask: a kernel cannot.
    Unseeded,
}

/// The source of the dropout masks of one forward pass.
#[derive(Debug, Clone, Copy)]
pub struct DropoutStream {
    seed: u64,
    first_row: usize,
    rows: usize,
    calls: u64,
}

thread_local! {
    static STREAM: Cell<Option<DropoutStream>> = const { Cell::new(None) };
}

/// Ends the scope even if the forward pass panics.
struct Restore(Option<DropoutStream>);

impl Drop for Restore {
    fn drop(&mut self) {
        STREAM.set(self.0);
    }
}

impl DropoutStream {
    /// Creates the masks of a forward pass over `rows` batch rows, the first of which is row
    /// `first_row` of the whole batch; `seed` belongs to the whole batch.
    pub fn new(seed: u64, first_row: usize, rows: usize) -> Self {
        Self { seed, first_row, rows, calls: 0 }
    }

    /// Runs `forward` on this thread with the masks of this stream.
    pub fn scope<T>(self, forward: impl FnOnce() -> T) -> T {
        let _restore = Restore(STREAM.replace(Some(self)));
        forward()
    }

    /// Returns the stream of the current scope, if any, and moves it on to the next dropout layer.
    fn advance() -> Option<Self> {
        let stream = STREAM.get()?;
        STREAM.set(Some(Self { calls: stream.calls + 1, ..stream }));
        Some(stream)
    }

    /// The seed of the mask of each batch row.
    fn seeds(self) -> Vec<u64> {
        let rows = self.first_row..self.first_row + self.rows;
        rows.map(|row| derive_seed(self.seed, &[self.calls, row as u64])).collect()
    }

    /// Returns one factor for each element: 0 with probability `rate`, else 1 / (1 − rate).
    fn mask(self, elements: usize, rate: f64) -> Vec<f32> {
        let per_row = elements / self.rows.max(1);
        let kept = (1.0 / (1.0 - rate)) as f32;
        let threshold = threshold(rate);
        let mut mask = Vec::with_capacity(elements);
        for mut state in self.seeds() {
            for pair in 0..per_row.div_ceil(2) {
                let word = next(&mut state);
                let value = |half: u32| if half < threshold { 0.0 } else { kept };
                mask.push(value(word as u32));
                if 2 * pair + 1 < per_row {
                    mask.push(value((word >> 32) as u32));
                }
            }
        }
        mask
    }
}

/// A random 32-bit number below this drops an element.
pub(crate) fn threshold(rate: f64) -> u32 {
    (rate * 2_f64.powi(32)) as u32
}

/// The generator xorshift64* (Vigna 2016, doi 10.1145/2845077): fast, and good enough for masks;
/// one word gives two of them.
fn next(state: &mut u64) -> u64 {
    *state |= u64::from(*state == 0); // xorshift cannot leave the state 0
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn masked(stream: DropoutStream, rows: usize) -> Vec<f32> {
        let ones = Tensor::<2>::ones([rows, 1001], &Device::flex().autodiff());
        stream.scope(|| Dropout::new(0.25).forward(ones)).into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_split_batch_has_the_masks_of_the_whole_one() {
        let whole = masked(DropoutStream::new(3, 0, 4), 4);
        let (top, rest) = (DropoutStream::new(3, 0, 1), DropoutStream::new(3, 1, 3));
        assert_eq!(whole, [masked(top, 1), masked(rest, 3)].concat());
        assert_ne!(whole, masked(DropoutStream::new(4, 0, 4), 4));
    }

    #[test]
    fn the_mean_stays_and_the_rate_is_met() {
        let values = masked(DropoutStream::new(1, 0, 40), 40);
        let zeros = values.iter().filter(|&&value| value == 0.0).count() as f64;
        let share = zeros / values.len() as f64;
        assert!((share - 0.25).abs() < 0.01, "{share}");
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }

    #[test]
    fn nothing_is_dropped_outside_training() {
        let ones = Tensor::<2>::ones([2, 50], &Device::flex());
        let output = Dropout::new(0.5).forward(ones);
        assert!(output.into_data().iter::<f32>().all(|value| value == 1.0));
    }
}
