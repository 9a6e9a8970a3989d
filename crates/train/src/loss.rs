//! The cross-entropy loss.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// Returns the weighted sum of the cross-entropy of each row.
///
/// If the weights sum to one over all rows of an optimizer step, the gradients of several batches
/// can be added, whatever the batch sizes.
///
/// # Shapes
///
/// - `logits`: `[batch, classes]`
/// - `labels` and `weights`: `[batch]`
/// - output: `[1]`
pub fn weighted_cross_entropy(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    weights: Tensor<1>,
) -> Tensor<1> {
    let log_probabilities = log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)); // [batch, 1]
    (log_probabilities.squeeze_dim::<1>(1) * weights).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        let device = Device::flex();
        let loss = weighted_cross_entropy(
            Tensor::zeros([3, 4], &device),
            Tensor::from_data([0, 1, 3], &device),
            Tensor::from_data([0.5, 0.25, 0.25], &device),
        );
        let loss: f32 = loss.into_scalar();
        assert!((loss - 4_f32.ln()).abs() < 1e-6);
    }
}
