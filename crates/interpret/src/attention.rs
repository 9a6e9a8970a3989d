//! Attention weights, collected while the network runs.

use std::ops::RangeInclusive;

use burn::tensor::{Int, Tensor, TensorData};
use dnabert_model::LayerSink;

/// The layers and heads whose attention is read.
///
/// ```
/// use dnabert_interpret::Heads;
///
/// let last = Heads::last(12);
/// assert_eq!(last, Heads { layers: 11..=11, heads: None });
/// // Two heads of each of the first three layers.
/// let some = Heads { layers: 0..=2, heads: Some(vec![0, 4]) };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The layers, counted from 0.
    pub layers: RangeInclusive<usize>,
    /// The heads of each layer, counted from 0; `None` for all heads.
    pub heads: Option<Vec<usize>>,
}

/// Which token's attention gives the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Query {
    /// The attention from `[CLS]`, as in the DNABERT paper.
    #[default]
    Cls,
    /// The mean attention from all real tokens, for networks that do not classify by `[CLS]`.
    All,
}

impl Heads {
    /// All heads of the last layer of a network with `layers` layers.
    ///
    /// # Panics
    ///
    /// If `layers` is 0.
    pub fn last(layers: usize) -> Self {
        assert!(layers > 0, "a network without layers");
        Self { layers: layers - 1..=layers - 1, heads: None }
    }
}

/// A [`LayerSink`] that averages attention weights to one score for each token, for one forward
/// pass.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Tokenizer;
/// use dnabert_interpret::{AttentionScores, Heads, Query};
/// use dnabert_kmer::KmerTokenizer;
/// use dnabert_model::{BertConfig, Encoder, TokenBatch};
///
/// let device = Device::flex();
/// let config = BertConfig {
///     hidden_size: 12,
///     num_hidden_layers: 2,
///     num_attention_heads: 3,
///     intermediate_size: 24,
///     ..BertConfig::new(69)
/// };
/// let row = KmerTokenizer::new(3)?.encode(&"ACGTACGT".parse()?)?;
/// let batch = TokenBatch::from_encodings(&[&row], 0, &device);
///
/// let mut sink = AttentionScores::new(Heads::last(2), Query::Cls, batch.mask.clone());
/// config.init(1, &device).encode(&batch, &mut sink);
/// let scores = sink.finish();
/// assert_eq!(scores[0].len(), row.len());
/// assert!((scores[0].iter().sum::<f32>() - 1.0).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct AttentionScores {
    chosen: Heads,
    query: Query,
    mask: Option<Tensor<2>>,
    sum: Option<Tensor<2>>,
    /// Number of heads in the sum, over all layers.
    heads: usize,
}

impl AttentionScores {
    /// Creates a sink for a batch with this mask: `[batch, length]`, 1 on real tokens and 0 on
    /// padding; `None` without padding.
    pub fn new(chosen: Heads, query: Query, mask: Option<Tensor<2>>) -> Self {
        Self { chosen, query, mask, sum: None, heads: 0 }
    }

    /// Returns the score of each token of each row, `[batch][length]`, including padding.
    ///
    /// A score is the mean over the chosen heads and layers, so a row sums to 1. The result is
    /// empty if the network has none of the layers.
    pub fn finish(self) -> Vec<Vec<f32>> {
        let Some(sum) = self.sum else { return Vec::new() };
        let [_, length] = sum.dims();
        let count = self.heads as f32;
        let values: Vec<f32> = sum.into_data().iter::<f32>().map(|sum| sum / count).collect();
        values.chunks(length).map(<[f32]>::to_vec).collect()
    }
}

impl Query {
    /// Returns one score for each key.
    ///
    /// # Shapes
    ///
    /// - `weights`: `[batch, heads, query, key]`
    /// - `mask`: `[batch, length]`, 1 on real tokens and 0 on padding
    /// - output: `[batch, heads, key]`
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
    /// If a chosen head does not exist.
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

/// A [`LayerSink`] that keeps one score for each token and each head of each layer, for one forward
/// pass.
#[derive(Debug, Clone)]
pub struct HeadScores {
    query: Query,
    mask: Option<Tensor<2>>,
    /// The scores of each layer, `[batch, heads, key]`.
    layers: Vec<Tensor<3>>,
}

impl HeadScores {
    /// Creates a sink for a batch with this mask; see [`AttentionScores::new`].
    pub fn new(query: Query, mask: Option<Tensor<2>>) -> Self {
        Self { query, mask, layers: Vec::new() }
    }

    /// Returns the scores of the tokens, `[batch][layer × heads + head][length]`, including
    /// padding.
    ///
    /// The scores of each head sum to 1.
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

    /// One row of three tokens, of which the last is padding; two heads.
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
