//! Encoder layers with normalisation after each residual sum (post-norm).

mod bert;
mod gelu;
mod mosaic;

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::activation::{gelu_approximate, relu};
use burn::tensor::{Device, Tensor};

pub use bert::{BertLayer, Intermediate};
pub use mosaic::{GatedFeedForward, MosaicBertLayer};

use crate::attention::Needed;
use crate::bias::AttentionBias;
use crate::embedding::layer_norm;
use crate::linear::linear;
use crate::{Activation, BertConfig, Dropout, Family};

/// An encoder layer of either family.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "handles of tensors: a few layers, made once")]
pub(crate) enum Layer {
    /// BERT's layer.
    Bert(BertLayer),
    /// MosaicBERT's layer.
    MosaicBert(MosaicBertLayer),
}

impl Layer {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        match config.family() {
            Family::Bert => Self::Bert(BertLayer::new(config, device)),
            Family::MosaicBert => Self::MosaicBert(MosaicBertLayer::new(config, device)),
        }
    }

    /// Runs the layer and returns its output and, if needed, its attention weights.
    ///
    /// # Shapes
    ///
    /// As in [`BertLayer::forward`].
    pub(crate) fn forward(
        &self,
        rows: &Tensor<2>,
        dims: [usize; 2],
        bias: &AttentionBias,
        needed: Needed,
    ) -> (Tensor<2>, Option<Tensor<4>>) {
        match self {
            Self::Bert(layer) => layer.forward(rows, dims, bias, needed),
            Self::MosaicBert(layer) => layer.forward(rows, dims, bias, needed),
        }
    }
}

/// A residual branch: linear layer, dropout, residual sum and layer normalisation.
#[derive(Module, Debug)]
pub struct ResidualOutput {
    pub(crate) dense: Linear,
    pub(crate) layer_norm: LayerNorm,
    pub(crate) dropout: Dropout,
}

impl ResidualOutput {
    pub(crate) fn new(input: usize, config: &BertConfig, device: &Device) -> Self {
        Self {
            dense: linear(input, config.hidden_size, device),
            layer_norm: layer_norm(config, device),
            dropout: Dropout::new(config.hidden_dropout_prob),
        }
    }

    /// Computes `LayerNorm(residual + dropout(dense(branch)))`.
    ///
    /// # Shapes
    ///
    /// - `branch`: `[batch × length, input]`
    /// - `residual` and output: `[batch × length, hidden]`
    pub fn forward(&self, branch: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        let branch = self.dropout.forward(self.dense.forward(branch));
        self.layer_norm.forward(branch + residual)
    }
}

/// Applies an activation function.
pub(crate) fn activate<const D: usize>(activation: Activation, tensor: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Gelu => gelu::exact_gelu(tensor),
        Activation::GeluNew => gelu_approximate(tensor),
        Activation::Relu => relu(tensor),
    }
}
