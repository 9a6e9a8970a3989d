//! Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{DType, Device, Tensor};

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

/// What is needed of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// The states of the first token of each row alone. All tokens are still attended to.
    pub first_only: bool,
    /// The attention weights.
    pub weights: bool,
}

impl Needed {
    /// The tokens that are needed: `[batch × length, hidden]` → `[batch × queries, hidden]`.
    pub(crate) fn select(self, rows: &Tensor<2>, [batch, length]: [usize; 2]) -> Tensor<2> {
        if !self.first_only {
            return rows.clone();
        }
        let [_, hidden] = rows.dims();
        first_token(&rows.clone().reshape([batch, length, hidden]))
    }
}

/// Returns the states of the first token, `[batch, length, hidden]` → `[batch, hidden]`.
pub(crate) fn first_token(states: &Tensor<3>) -> Tensor<2> {
    let [batch, _, hidden] = states.dims();
    states.clone().slice([0..batch, 0..1]).reshape([batch, hidden])
}

/// The output of attention. There is one query for each token, or one for each row where only the
/// first token is needed.
#[derive(Debug)]
pub struct AttentionOutput {
    /// The weighted sums of the values, `[batch × queries, hidden]`.
    pub context: Tensor<2>,
    /// The attention weights, `[batch, heads, query, key]`, if they are needed.
    pub weights: Option<Tensor<4>>,
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
    pub fn forward(
        &self,
        rows: &Tensor<2>,
        dims: [usize; 2],
        bias: &AttentionBias,
        needed: Needed,
    ) -> AttentionOutput {
        let queries = self.query.forward(needed.select(rows, dims));
        let [keys, values] = [&self.key, &self.value].map(|linear| linear.forward(rows.clone()));
        let attend = Attend { dims, heads: self.heads, bias, dropout: &self.dropout };
        attend.run([queries, keys, values], needed)
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
        needed: Needed,
    ) -> AttentionOutput {
        let [_, hidden] = rows.dims();
        let all = self.wqkv.forward(rows.clone()); // [batch × length, 3 × hidden]
        let [queries, keys, values] =
            [0, 1, 2].map(|part| all.clone().narrow(1, part * hidden, hidden));
        let attend = Attend { dims, heads: self.heads, bias, dropout: &self.dropout };
        attend.run([needed.select(&queries, dims), keys, values], needed)
    }
}

/// Scaled dot-product attention.
struct Attend<'a> {
    /// Batch and length.
    dims: [usize; 2],
    heads: usize,
    bias: &'a AttentionBias,
    dropout: &'a Dropout,
}

impl Attend<'_> {
    /// Queries are `[batch × queries, hidden]`, keys and values `[batch × length, hidden]`.
    fn run(&self, [queries, keys, values]: [Tensor<2>; 3], needed: Needed) -> AttentionOutput {
        let [batch, _] = self.dims;
        let [rows, hidden] = queries.dims();
        let width = hidden / self.heads;
        let split = |projected: Tensor<2>| {
            // [batch, heads, length, width]
            let [rows, _] = projected.dims();
            projected.reshape([batch, rows / batch, self.heads, width]).swap_dims(1, 2)
        };
        let join = |context: Tensor<4>| context.swap_dims(1, 2).reshape([rows, hidden]);
        if self.is_fused(&queries, needed) {
            let [queries, keys, values] = [queries, keys, values].map(split);
            let mask = self.bias.hidden_keys(queries.dims());
            let options = AttentionModuleOptions::default();
            let context = attention(queries, keys, values, mask, None, options);
            return AttentionOutput { context: join(context), weights: None };
        }
        // Scaling the queries is cheaper than scaling the scores.
        let queries = split(queries.mul_scalar((width as f64).powf(-0.5)));
        let scores = queries.matmul(split(keys).transpose()); // [batch, heads, query, key]
        let weights = self.dropout.forward(softmax(self.bias.add_to(scores), 3));
        let context = weights.clone().matmul(split(values)); // [batch, heads, query, width]
        AttentionOutput { context: join(context), weights: needed.weights.then_some(weights) }
    }

    /// Whether burn's one kernel for all of attention is used, which keeps no weights (Dao et al.
    /// 2022, arXiv 2205.14135). It multiplies in f16, so it is not for f32; and it has no gradient.
    fn is_fused(&self, queries: &Tensor<2>, needed: Needed) -> bool {
        !needed.weights
            && self.bias.is_mask()
            && queries.dtype() != DType::F32
            && !queries.device().is_autodiff()
    }
}
