//! BERT's layer (Devlin et al. 2019, doi 10.18653/v1/N19-1423).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::{ResidualOutput, activate};
use crate::attention::{AttentionOutput, Needed, SelfAttention};
use crate::bias::AttentionBias;
use crate::linear::linear;
use crate::{Activation, BertConfig};

/// Self-attention with its residual branch.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    pub(crate) self_attention: SelfAttention,
    pub(crate) output: ResidualOutput,
}

/// The first half of the feed-forward block.
#[derive(Module, Debug)]
pub struct Intermediate {
    pub(crate) dense: Linear,
    #[module(skip)]
    pub(crate) activation: Activation,
}

/// BERT's layer: self-attention, then a feed-forward block, each with a residual sum.
#[derive(Module, Debug)]
pub struct BertLayer {
    pub(crate) attention: Attention,
    pub(crate) intermediate: Intermediate,
    pub(crate) output: ResidualOutput,
}

impl BertLayer {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            attention: Attention {
                self_attention: SelfAttention::new(config, device),
                output: ResidualOutput::new(config.hidden_size, config, device),
            },
            intermediate: Intermediate {
                dense: linear(config.hidden_size, config.intermediate_size, device),
                activation: config.hidden_act,
            },
            output: ResidualOutput::new(config.intermediate_size, config, device),
        }
    }

    /// Runs the layer and returns its output and, if needed, its attention weights.
    ///
    /// # Shapes
    ///
    /// - `rows`: `[batch × length, hidden]`
    /// - `dims`: batch and length
    /// - output: as `rows`, or `[batch, hidden]` where only the first token is needed
    /// - weights: `[batch, heads, query, key]`
    pub fn forward(
        &self,
        rows: &Tensor<2>,
        dims: [usize; 2],
        bias: &AttentionBias,
        needed: Needed,
    ) -> (Tensor<2>, Option<Tensor<4>>) {
        let AttentionOutput { context, weights } =
            self.attention.self_attention.forward(rows, dims, bias, needed);
        let attended = self.attention.output.forward(context, needed.select(rows, dims));
        let wide = self.intermediate.forward(attended.clone()); // [batch × length, intermediate]
        (self.output.forward(wide, attended), weights)
    }
}

impl Intermediate {
    /// Computes `activation(dense(rows))`.
    ///
    /// # Shapes
    ///
    /// - `rows`: `[batch × length, hidden]`
    /// - output: `[batch × length, intermediate]`
    pub fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        activate(self.activation, self.dense.forward(rows))
    }
}
