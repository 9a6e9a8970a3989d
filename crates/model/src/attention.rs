//! Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use crate::linear::linear;
use crate::{BertConfig, Dropout};

/// Queries, keys and values of one layer.
#[derive(Module, Debug)]
pub struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
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
    /// - bias: added to the scores, `[batch, 1, 1, key]`
    pub fn forward(
        &self,
        rows: &Tensor<2>,
        [batch, length]: [usize; 2],
        bias: Option<&Tensor<4>>,
    ) -> AttentionOutput {
        let [_, hidden] = rows.dims();
        let width = hidden / self.heads;
        let split = |projected: Tensor<2>| {
            // [batch, heads, length, width]
            projected.reshape([batch, length, self.heads, width]).swap_dims(1, 2)
        };
        // Scaling the queries is cheaper than scaling the scores.
        let queries = split(self.query.forward(rows.clone()).mul_scalar((width as f64).powf(-0.5)));
        let keys = split(self.key.forward(rows.clone()));
        let values = split(self.value.forward(rows.clone()));
        let mut scores = queries.matmul(keys.transpose()); // [batch, heads, query, key]
        if let Some(bias) = bias {
            scores = scores + bias.clone();
        }
        let weights = self.dropout.forward(softmax(scores, 3));
        let context = weights.clone().matmul(values); // [batch, heads, length, width]
        let context = context.swap_dims(1, 2).reshape([batch * length, hidden]);
        AttentionOutput { context, weights }
    }
}
