//! Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use crate::bias::AttentionBias;
use crate::linear::linear;
use crate::{BertConfig, Dropout};

/// Attention with three projections, as BERT has it.
#[derive(Module, Debug)]
pub struct SelfAttention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    dropout: Dropout,
    #[module(skip)]
    heads: usize,
}

/// Attention with one projection for queries, keys and values, as MosaicBERT has it.
#[derive(Module, Debug)]
pub struct FusedSelfAttention {
    wqkv: Linear,
    dropout: Dropout,
    #[module(skip)]
    heads: usize,
}

/// What attention gives back.
#[derive(Debug)]
pub struct AttentionOutput {
    /// Mixed values, `[batch × length, hidden]`.
    pub context: Tensor<2>,
    /// Attention weights, `[batch, heads, query, key]`.
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

    /// Lets every token look at the tokens of its row.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch × length, hidden]` (two dimensions, so that each linear layer is one
    ///   matrix product)
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

    /// As [`SelfAttention::forward`].
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

/// Mixes values by the likeness of queries and keys, each `[batch × length, hidden]`.
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
