//! Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use crate::bias::AttentionBias;
use crate::linear::linear;
use crate::{BertConfig, Dropout};

/// BERT's self-attention, with three projections.
#[derive(Module, Debug)]
pub struct SelfAttention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) dropout: Dropout,
    #[module(skip)]
    heads: usize,
}

/// MosaicBERT's self-attention, with one projection for queries, keys and values.
#[derive(Module, Debug)]
pub struct FusedSelfAttention {
    wqkv: Linear,
    dropout: Dropout,
    #[module(skip)]
    heads: usize,
}

/// The output of attention.
#[derive(Debug)]
pub struct AttentionOutput {
    /// The weighted sums of the values, `[batch × length, hidden]`.
    pub context: Tensor<2>,
    /// The attention weights, `[batch, heads, query, key]`.
    pub weights: Tensor<4>,
}

impl SelfAttention {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        let square = || linear(config.hidden_size, config.hidden_size, device);
        Self {
            query: square(),
            key: square(),
            value: square(),
            dropout: Dropout::new(config.attention_probs_dropout_prob),
            heads: config.num_attention_heads,
        }
    }

    /// Computes self-attention within each row.
    ///
    /// # Shapes
    ///
    /// - `rows`: `[batch × length, hidden]` (two dimensions, so that each linear layer is one
    ///   matrix product)
    /// - `dims`: batch and length
    /// - context: `[batch × length, hidden]`
    /// - weights: `[batch, heads, query, key]`
    pub fn forward(
        &self,
        rows: &Tensor<2>,
        dims: [usize; 2],
        bias: &AttentionBias,
    ) -> AttentionOutput {
        let project = |linear: &Linear| linear.forward(rows.clone());
        let projected = [&self.query, &self.key, &self.value].map(project);
        attend(projected, dims, self.heads, bias, &self.dropout)
    }
}

impl FusedSelfAttention {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            wqkv: linear(config.hidden_size, 3 * config.hidden_size, device),
            dropout: Dropout::new(config.attention_probs_dropout_prob),
            heads: config.num_attention_heads,
        }
    }

    /// Computes self-attention within each row.
    ///
    /// # Shapes
    ///
    /// As in [`SelfAttention::forward`].
    pub fn forward(
        &self,
        rows: &Tensor<2>,
        dims: [usize; 2],
        bias: &AttentionBias,
    ) -> AttentionOutput {
        let [_, hidden] = rows.dims();
        let all = self.wqkv.forward(rows.clone()); // [batch × length, 3 × hidden]
        let projected = [0, 1, 2].map(|part| all.clone().narrow(1, part * hidden, hidden));
        attend(projected, dims, self.heads, bias, &self.dropout)
    }
}

/// Scaled dot-product attention of queries, keys and values, each `[batch × length, hidden]`.
fn attend(
    [queries, keys, values]: [Tensor<2>; 3],
    [batch, length]: [usize; 2],
    heads: usize,
    bias: &AttentionBias,
    dropout: &Dropout,
) -> AttentionOutput {
    let [_, hidden] = queries.dims();
    let width = hidden / heads;
    let split = |projected: Tensor<2>| {
        // [batch, heads, length, width]
        projected.reshape([batch, length, heads, width]).swap_dims(1, 2)
    };
    // Scaling the queries is cheaper than scaling the scores.
    let queries = split(queries.mul_scalar((width as f64).powf(-0.5)));
    let scores = queries.matmul(split(keys).transpose()); // [batch, heads, query, key]
    let weights = dropout.forward(softmax(bias.add_to(scores), 3));
    let context = weights.clone().matmul(split(values)); // [batch, heads, length, width]
    let context = context.swap_dims(1, 2).reshape([batch * length, hidden]);
    AttentionOutput { context, weights }
}
