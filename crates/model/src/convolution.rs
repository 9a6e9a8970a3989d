//! A convolution over neighbouring tokens, between the embeddings and the first layer.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Device, Tensor, s};

use crate::embedding::layer_norm;
#[cfg(feature = "flex")]
use crate::flex;
use crate::layer::activate;
use crate::linear::linear;
use crate::{Activation, BertConfig, Dropout};

/// A convolution over a window of tokens, as a feed-forward block: a linear layer over the vectors
/// of a window with the token in its middle, an activation, dropout, the residual sum and layer
/// normalisation.
///
/// Attention has to learn positions before it finds tokens at a given distance; a convolution knows
/// the distances from the first step. Positions beyond the ends of a row, and padding, count as
/// zeros.
#[derive(Module, Debug)]
pub struct Convolution {
    /// The weights, `[width × hidden, hidden]`; those of the first token of the window come first.
    pub(crate) dense: Linear,
    pub(crate) layer_norm: LayerNorm,
    dropout: Dropout,
    #[module(skip)]
    pub(crate) activation: Activation,
}

impl Convolution {
    /// Creates a convolution over `width` tokens with zero weights.
    pub(crate) fn new(width: usize, config: &BertConfig, device: &Device) -> Self {
        Self {
            dense: linear(width * config.hidden_size, config.hidden_size, device),
            layer_norm: layer_norm(config, device),
            dropout: Dropout::new(config.hidden_dropout_prob),
            activation: config.hidden_act,
        }
    }

    /// Applies the block.
    ///
    /// # Shapes
    ///
    /// - `states` and output: `[batch, length, hidden]`
    /// - `mask`: `[batch, length]`, 1 on real tokens and 0 on padding; `None` without padding
    /// - intermediate windows: `[batch × length, width × hidden]`
    pub fn forward(&self, states: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        let [rows, length, hidden] = states.dims();
        let real = match mask {
            Some(mask) => states.clone() * mask.clone().unsqueeze_dim::<3>(2),
            None => states.clone(),
        };
        let found = self.dropout.forward(activate(self.activation, self.product(real)));
        self.layer_norm.forward(found.reshape([rows, length, hidden]) + states)
    }

    /// The linear layer over the window of each token, `[batch × length, hidden]`.
    fn product(&self, states: Tensor<3>) -> Tensor<2> {
        #[cfg(feature = "flex")]
        if let Some(product) = flex::windows(&states, &self.dense) {
            return product;
        }
        let [rows, length, hidden] = states.dims();
        let [inputs, _] = self.dense.weight.dims();
        let width = inputs / hidden;
        let beyond = Tensor::zeros([rows, width / 2, hidden], &states.device());
        let padded = Tensor::cat(vec![beyond.clone(), states, beyond], 1);
        let shifted = (0..width).map(|place| padded.clone().slice(s![.., place..place + length]));
        let windows = Tensor::cat(shifted.collect(), 2).reshape([rows * length, inputs]);
        self.dense.forward(windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    use crate::initialize;

    #[test]
    fn each_token_sees_its_window_and_no_padding() {
        let (width, hidden, length) = (3, 4, 5);
        let device = Device::flex();
        let config = BertConfig {
            hidden_size: hidden,
            num_attention_heads: 1,
            hidden_act: Activation::Relu,
            ..BertConfig::new(10)
        };
        let convolution = initialize(Convolution::new(width, &config, &device), 0.5, 1);
        let states: Vec<f32> = (0..length * hidden).map(|i| (i as f32 * 0.7).sin()).collect();
        let mask = [1.0, 1.0, 1.0, 1.0, 0.0];
        let found = convolution.forward(
            Tensor::from_data(TensorData::new(states.clone(), [1, length, hidden]), &device),
            Some(&Tensor::from_data([mask], &device)),
        );
        let found: Vec<f32> = found.into_data().iter::<f32>().collect();
        let weights: Vec<f32> = convolution.dense.weight.val().into_data().iter::<f32>().collect();
        for token in 0..4 {
            let mut sum = states[token * hidden..][..hidden].to_vec();
            for (unit, sum) in sum.iter_mut().enumerate() {
                let mut product = 0.0;
                for place in 0..width {
                    // Token 4 is padding, and there is no token before token 0.
                    let Some(seen) = (token + place).checked_sub(1).filter(|&seen| seen < 4) else {
                        continue;
                    };
                    for input in 0..hidden {
                        let weight = weights[(place * hidden + input) * hidden + unit];
                        product += states[seen * hidden + input] * weight;
                    }
                }
                *sum += product.max(0.0);
            }
            let mean = sum.iter().sum::<f32>() / hidden as f32;
            let variance = sum.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / hidden as f32;
            for (unit, sum) in sum.into_iter().enumerate() {
                let expected = (sum - mean) / variance.sqrt();
                let found = found[token * hidden + unit];
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
    }
}
