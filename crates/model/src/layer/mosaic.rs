//! MosaicBERT's layer (Portes et al. 2023, arXiv 2312.17482), as in DNABERT-2.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::{ResidualOutput, activate};
use crate::attention::{AttentionOutput, FusedSelfAttention, Needed};
use crate::bias::AttentionBias;
use crate::embedding::layer_norm;
use crate::linear::linear;
use crate::{Activation, BertConfig, Dropout};

/// Self-attention with its residual branch.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    self_attention: FusedSelfAttention,
    output: ResidualOutput,
}

/// A gated feed-forward block (Shazeer 2020, arXiv 2002.05202).
#[derive(Module, Debug)]
pub struct GatedFeedForward {
    gated_layers: Linear,
    wo: Linear,
    layernorm: LayerNorm,
    dropout: Dropout,
    #[module(skip)]
    activation: Activation,
}

/// MosaicBERT's layer: self-attention, then a gated feed-forward block, each with a residual sum.
#[derive(Module, Debug)]
pub struct MosaicBertLayer {
    attention: Attention,
    mlp: GatedFeedForward,
}

impl MosaicBertLayer {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
        let gated = LinearConfig::new(hidden, 2 * intermediate).with_bias(false);
        Self {
            attention: Attention {
                self_attention: FusedSelfAttention::new(config, device),
                output: ResidualOutput::new(hidden, config, device),
            },
            mlp: GatedFeedForward {
                gated_layers: gated.with_initializer(burn::nn::Initializer::Zeros).init(device),
                wo: linear(intermediate, hidden, device),
                layernorm: layer_norm(config, device),
                dropout: Dropout::new(config.hidden_dropout_prob),
                activation: config.hidden_act,
            },
        }
    }

    /// Runs the layer and returns its output and, if needed, its attention weights.
    ///
    /// # Shapes
    ///
    /// As in [`BertLayer::forward`](super::BertLayer::forward).
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
        (self.mlp.forward(attended), weights)
    }
}

impl GatedFeedForward {
    /// Computes `LayerNorm(rows + wo(dropout(activation(a) × b)))`; a and b are the halves of the
    /// first projection.
    ///
    /// # Shapes
    ///
    /// - `rows` and output: `[batch × length, hidden]`
    pub fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        let both = self.gated_layers.forward(rows.clone()); // [batch × length, 2 × intermediate]
        let [_, width] = both.dims();
        let gate = both.clone().narrow(1, 0, width / 2);
        let gated = activate(self.activation, gate) * both.narrow(1, width / 2, width / 2);
        self.layernorm.forward(self.wo.forward(self.dropout.forward(gated)) + rows)
    }
}
