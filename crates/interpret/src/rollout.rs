//! Attention rollout.

use burn::tensor::Tensor;
use dnabert_model::LayerSink;

use crate::{AttentionScores, Heads, Query};

/// A [`LayerSink`] that computes attention rollout (Abnar and Zuidema 2020, doi
/// 10.18653/v1/2020.acl-main.385): how much each token contributes to the states of the last layer.
///
/// The method assumes that a layer mixes states by the mean of its heads, and that the residual
/// connection keeps half of each state.
#[derive(Debug, Clone)]
pub struct Rollout {
    query: Query,
    mask: Option<Tensor<2>>,
    /// The product of the layers so far, `[batch, query, token]`.
    product: Option<Tensor<3>>,
}

impl Rollout {
    /// Creates a sink for a batch with this mask: `[batch, length]`, 1 on real tokens and 0 on
    /// padding; `None` without padding.
    pub fn new(query: Query, mask: Option<Tensor<2>>) -> Self {
        Self { query, mask, product: None }
    }

    /// Returns the score of each token of each row, `[batch][length]`, including padding.
    ///
    /// A row sums to 1. The result is empty if the network has no layers.
    pub fn finish(self) -> Vec<Vec<f32>> {
        let Some(product) = self.product else { return Vec::new() };
        // The product has the shape of one head of one layer, so its queries are read in the same
        // way.
        let mut scores = AttentionScores::new(Heads::last(1), self.query, self.mask);
        scores.attention(0, product.unsqueeze_dim::<4>(1));
        scores.finish()
    }
}

impl LayerSink for Rollout {
    fn wants_attention(&self, _layer: usize) -> bool {
        true
    }

    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        let [_, _, length, _] = weights.dims();
        let same = Tensor::<2>::eye(length, &weights.device()).unsqueeze::<3>();
        let mixed = (weights.mean_dim(1).squeeze_dim::<3>(1) + same).div_scalar(2.0);
        self.product = Some(match self.product.take() {
            Some(before) => mixed.matmul(before),
            None => mixed,
        });
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn layers_are_multiplied_from_the_last_to_the_first() {
        let layer = |values: [f32; 4]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 2, 2]), &Device::flex())
        };
        let mut rollout = Rollout::new(Query::Cls, None);
        // With half of each state kept: [[1, 0], [.5, .5]] and [[.5, .5], [0, 1]].
        rollout.attention(0, layer([1.0, 0.0, 1.0, 0.0]));
        rollout.attention(1, layer([0.0, 1.0, 0.0, 1.0]));
        let scores = rollout.finish().remove(0);
        assert!((scores[0] - 0.75).abs() < 1e-6 && (scores[1] - 0.25).abs() < 1e-6, "{scores:?}");
        assert!(Rollout::new(Query::All, None).finish().is_empty());
    }
}
