//! One encoder layer, normalised after each residual sum (post-norm).

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::activation::{gelu, gelu_approximate, relu};
use burn::tensor::{Device, Tensor};

use crate::attention::{AttentionOutput, SelfAttention};
use crate::embedding::layer_norm;
use crate::linear::linear;
use crate::{Activation, BertConfig, Dropout};

/// Self-attention and its residual branch.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    self_attention: SelfAttention,
    output: ResidualOutput,
}

/// A linear layer, dropout, the residual sum and layer normalisation.
#[derive(Module, Debug)]
pub struct ResidualOutput {
    dense: Linear,
    layer_norm: LayerNorm,
    dropout: Dropout,
}

/// The wide half of the feed-forward block.
#[derive(Module, Debug)]
pub struct Intermediate {
    dense: Linear,
    #[module(skip)]
    activation: Activation,
}

/// Attention, then a feed-forward block, each with a residual sum.
#[derive(Module, Debug)]
pub struct BertLayer {
    attention: Attention,
    intermediate: Intermediate,
    output: ResidualOutput,
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

    /// Runs the layer and gives back its output and its attention weights.
    ///
    /// # Shapes
    ///
    /// - rows and output: `[batch × length, hidden]`
    /// - bias: `[batch, 1, 1, key]`
    /// - weights: `[batch, heads, query, key]`
    pub fn forward(
        &self,
        rows: Tensor<2>,
        dims: [usize; 2],
        bias: Option<&Tensor<4>>,
    ) -> (Tensor<2>, Tensor<4>) {
        let AttentionOutput { context, weights } =
            self.attention.self_attention.forward(&rows, dims, bias);
        let attended = self.attention.output.forward(context, rows);
        let wide = self.intermediate.forward(attended.clone()); // [batch × length, intermediate]
        (self.output.forward(wide, attended), weights)
    }
}

impl ResidualOutput {
    fn new(input: usize, config: &BertConfig, device: &Device) -> Self {
        Self {
            dense: linear(input, config.hidden_size, device),
            layer_norm: layer_norm(config, device),
            dropout: Dropout::new(config.hidden_dropout_prob),
        }
    }

    /// `LayerNorm(residual + dropout(dense(branch)))`, `[batch × length, hidden]`.
    pub fn forward(&self, branch: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        let branch = self.dropout.forward(self.dense.forward(branch));
        self.layer_norm.forward(branch + residual)
    }
}

impl Intermediate {
    /// `activation(dense(rows))`, `[batch × length, intermediate]`.
    pub fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        activate(self.activation, self.dense.forward(rows))
    }
}

/// Applies an activation by its Hugging Face name.
pub(crate) fn activate<const D: usize>(activation: Activation, tensor: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Gelu => gelu(tensor),
        Activation::GeluNew => gelu_approximate(tensor),
        Activation::Relu => relu(tensor),
    }
}
