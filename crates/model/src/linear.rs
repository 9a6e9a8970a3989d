//! Linear layers.

use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::Device;

/// Creates a linear layer of zeros; [`initialize`](crate::initialize) or a checkpoint fills it.
pub(crate) fn linear(input: usize, output: usize, device: &Device) -> Linear {
    LinearConfig::new(input, output).with_initializer(Initializer::Zeros).init(device)
}
