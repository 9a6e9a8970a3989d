//! Attention weights taken while they pass.

use std::ops::RangeInclusive;

use burn::tensor::{Int, Tensor, TensorData};
use dnabert_model::LayerSink;

/// Which layers and heads are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The layers, from 0.
    pub layers: RangeInclusive<usize>,
    /// The heads of each, from 0; all of them if `None`.
    pub heads: Option<Vec<usize>>,
}

/// Whose attention to a token is its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Query {
    /// That of `[CLS]`, as in the paper of DNABERT.
    #[default]
    Cls,
    /// The mean over all real tokens: for networks that do not classify by `[CLS]`.
    All,
}

impl Heads {
    /// All heads of the last of `layers` layers.
    ///
    /// # Panics
    ///
    /// If there is no layer.
    pub fn last(layers: usize) -> Self {
        assert!(layers > 0, "a network without layers");
        Self { layers: layers - 1..=layers - 1, heads: None }
    }
}

/// Takes the attention weights of a batch while its network runs: a [`LayerSink`] for one forward pass.
#[derive(Debug, Clone)]
pub struct AttentionScores {
    chosen: Heads,
    query: Query,
    mask: Option<Tensor<2>>,
    sum: Option<Tensor<2>>,
    /// Heads that are in the sum, over all layers.
    heads: usize,
}

impl AttentionScores {
    /// For a batch with this mask (1 on real tokens, 0 on padding, `[batch, length]`; `None` where nothing is
    /// padded).
    pub fn new(chosen: Heads, query: Query, mask: Option<Tensor<2>>) -> Self {
        Self { chosen, query, mask, sum: None, heads: 0 }
    }

    /// The score of each token of each row, `[batch][length]`, padding included: the mean over the chosen
    /// heads and layers, so that a row sums to 1. Empty if the network has none of the layers.
    pub fn finish(self) -> Vec<Vec<f32>> {
        let Some(sum) = self.sum else { return Vec::new() };
        let [_, length] = sum.dims();
        let count = self.heads as f32;
        let values: Vec<f32> = sum.into_data().iter::<f32>().map(|sum| sum / count).collect();
        values.chunks(length).map(<[f32]>::to_vec).collect()
    }
}

impl Query {
    /// One score for each key, `[batch, heads, query, key]` → `[batch, heads, key]`; `mask` is 1 on real
    /// tokens and 0 on padding, `[batch, length]`.
    fn read(self, weights: Tensor<4>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        let [batch, heads, length, _] = weights.dims();
        match (self, mask) {
            (Self::Cls, _) => {
                weights.narrow(2, 0, 1).reshape([batch as i32, heads as i32, length as i32])
            }
            (Self::All, None) => weights.mean_dim(2).squeeze_dim::<3>(2),
            (Self::All, Some(mask)) => {
                let rows = mask.clone().reshape([batch, 1, length, 1]);
                let count = mask.clone().sum_dim(1).reshape([batch, 1, 1]);
                (weights * rows).sum_dim(2).squeeze_dim::<3>(2) / count
            }
        }
    }
}

impl LayerSink for AttentionScores {
    fn wants_attention(&self, layer: usize) -> bool {
        self.chosen.layers.contains(&layer)
    }

    /// # Panics
    ///
    /// If a head is asked for that the layer does not have.
    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        let device = weights.device();
        let scores = self.query.read(weights, self.mask.as_ref());
        let scores = match &self.chosen.heads {
            None => scores,
            Some(heads) => {
                let [_, all, _] = scores.dims();
                assert!(heads.iter().all(|&head| head < all), "heads {heads:?} of {all}");
                let heads: Vec<i32> = heads.iter().map(|&head| head as i32).collect();
                let count = heads.len();
                let heads = Tensor::<1, Int>::from_data(TensorData::new(heads, [count]), &device);
                scores.select(1, heads)
            }
        };
        let [_, heads, _] = scores.dims();
        self.heads += heads;
        let scores = scores.sum_dim(1).squeeze_dim::<2>(1); // [batch, key]
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + scores,
            None => scores,
        });
    }
}

/// As [`AttentionScores`], of every head of every layer by itself.
#[derive(Debug, Clone)]
pub struct HeadScores {
    query: Query,
    mask: Option<Tensor<2>>,
    /// Of each layer, `[batch, heads, key]`.
    layers: Vec<Tensor<3>>,
}

impl HeadScores {
    /// For a batch with this mask, as [`AttentionScores::new`] has it.
    pub fn new(query: Query, mask: Option<Tensor<2>>) -> Self {
        Self { query, mask, layers: Vec::new() }
    }

    /// The scores of tokens, `[batch][layer × heads + head][length]`, padding included; those of one head
    /// sum to 1.
    pub fn finish(self) -> Vec<Vec<Vec<f32>>> {
        let mut found: Vec<Vec<Vec<f32>>> = Vec::new();
        for layer in self.layers {
            let [batch, heads, length] = layer.dims();
            found.resize(batch, Vec::new());
            let values: Vec<f32> = layer.into_data().iter::<f32>().collect();
            for (own, rows) in found.iter_mut().zip(values.chunks(heads * length)) {
                own.extend(rows.chunks(length).map(<[f32]>::to_vec));
            }
        }
        found
    }
}

impl LayerSink for HeadScores {
    fn wants_attention(&self, _layer: usize) -> bool {
        true
    }

    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        self.layers.push(self.query.read(weights, self.mask.as_ref()));
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// One row of three tokens, the last of them padding; two heads.
    fn weights() -> Tensor<4> {
        let one = [0.5, 0.5, 0.0, 0.2, 0.8, 0.0, 0.3, 0.3, 0.4];
        let other = [0.9, 0.1, 0.0, 0.6, 0.4, 0.0, 0.1, 0.1, 0.8];
        let values: Vec<f32> = one.into_iter().chain(other).collect();
        Tensor::from_data(TensorData::new(values, [1, 2, 3, 3]), &Device::flex())
    }

    fn scores(heads: Option<Vec<usize>>, query: Query) -> Vec<f32> {
        let mask =
            Tensor::from_data(TensorData::new(vec![1.0_f32, 1.0, 0.0], [1, 3]), &Device::flex());
        let chosen = Heads { layers: 1..=2, heads };
        let mut sink = AttentionScores::new(chosen, query, Some(mask));
        assert!(!sink.wants_attention(0) && sink.wants_attention(2));
        sink.attention(1, weights());
        sink.attention(2, weights());
        sink.finish().remove(0)
    }

    fn is_close(found: &[f32], expected: [f32; 3]) -> bool {
        found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn scores_are_means_over_layers_and_heads() {
        assert!(is_close(&scores(None, Query::Cls), [0.7, 0.3, 0.0]));
        assert!(is_close(&scores(Some(vec![1]), Query::Cls), [0.9, 0.1, 0.0]));
    }

    #[test]
    fn padding_asks_nothing() {
        assert!(is_close(&scores(Some(vec![0]), Query::All), [0.35, 0.65, 0.0]));
    }

    #[test]
    fn every_head_stands_by_itself() {
        let mut sink = HeadScores::new(Query::Cls, None);
        sink.attention(0, weights());
        sink.attention(1, weights());
        let found = sink.finish().remove(0);
        assert_eq!(found.len(), 4);
        assert!(is_close(&found[2], [0.5, 0.5, 0.0]) && is_close(&found[3], [0.9, 0.1, 0.0]));
    }

    #[test]
    fn a_network_without_the_layer_has_no_scores() {
        let sink = AttentionScores::new(Heads::last(4), Query::Cls, None);
        assert!(sink.finish().is_empty());
    }
}
