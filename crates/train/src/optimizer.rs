//! AdamW with BERT's choice of what decays.

use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::{AdamWConfig, ModuleOptimizer};
use burn::tensor::Tensor;

/// Settings of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct AdamWSettings {
    /// Decay of the first moment.
    pub beta_1: f32,
    /// Decay of the second moment.
    pub beta_2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decay of matrices and embeddings, times the learning rate. Vectors (biases and layer
    /// normalisation) never decay.
    pub weight_decay: f32,
}

impl Default for AdamWSettings {
    /// The reference's settings for fine-tuning.
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
        }
    }
}

/// The optimizer for `module`. burn decays before the update, as PyTorch does; DNABERT's own
/// AdamW did so after it.
pub fn adamw<M: Module>(module: &M, settings: &AdamWSettings) -> ModuleOptimizer {
    let config = AdamWConfig::new()
        .with_beta_1(settings.beta_1)
        .with_beta_2(settings.beta_2)
        .with_epsilon(settings.epsilon)
        .with_weight_decay(settings.weight_decay);
    let mut vectors = Vectors(Vec::new());
    module.visit(&mut vectors);
    let without_decay = config.clone().with_weight_decay(0.0).build();
    config
        .init()
        .with_group(ParamGroup::from_ids(vectors.0), without_decay, None)
}

struct Vectors(Vec<ParamId>);

impl ModuleVisitor for Vectors {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D == 1 {
            self.0.push(param.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::GradientsParams;
    use burn::tensor::Device;

    #[test]
    fn matrices_decay_and_vectors_do_not() {
        let device = Device::flex().autodiff();
        let layer: Linear = LinearConfig::new(1, 1)
            .with_initializer(burn::nn::Initializer::Ones)
            .init(&device);
        // A zero gradient leaves decay as the only change.
        let loss = layer
            .forward(Tensor::<2>::zeros([1, 1], &device))
            .sum()
            .mul_scalar(0.0);
        let gradients = GradientsParams::from_grads(loss.backward(), &layer);
        let settings = AdamWSettings {
            weight_decay: 0.5,
            ..AdamWSettings::default()
        };
        let layer = adamw(&layer, &settings).step(0.1, layer, gradients);
        let weight: f32 = layer.weight.val().into_scalar();
        let bias: f32 = layer.bias.unwrap().val().into_scalar();
        assert!((weight - 0.95).abs() < 1e-6, "{weight}");
        assert_eq!(bias, 1.0);
    }
}
