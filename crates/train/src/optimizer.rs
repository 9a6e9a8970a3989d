//! AdamW as BERT and DNABERT use it.

use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::{AdamWState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};
#[cfg(feature = "flex")]
use dnabert_kernels::AdamWStep;

/// The settings of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AdamWSettings {
    /// Decay rate of the first moment.
    pub beta_1: f32,
    /// Decay rate of the second moment.
    pub beta_2: f32,
    /// Constant that is added to the square root of the second moment, before bias correction.
    pub epsilon: f32,
    /// Weight decay of matrices and embeddings, multiplied by the learning rate. Vectors (biases
    /// and layer normalisation) have no weight decay.
    pub weight_decay: f32,
}

impl Default for AdamWSettings {
    /// DNABERT's settings for fine-tuning, with the usual weight decay of 0.01.
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// Creates a [`BertAdamW`] optimizer for `module`, without weight decay for vectors.
pub fn adamw<M: Module>(module: &M, settings: &AdamWSettings) -> ModuleOptimizer {
    let mut vectors = Vectors(Vec::new());
    module.visit(&mut vectors);
    let without_decay = AdamWSettings { weight_decay: 0.0, ..*settings };
    ModuleOptimizer::from(BertAdamW(*settings)).with_group(
        ParamGroup::from_ids(vectors.0),
        BertAdamW(without_decay),
        None,
    )
}

struct Vectors(Vec<ParamId>);

impl ModuleVisitor for Vectors {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D == 1 {
            self.0.push(param.id);
        }
    }
}

/// AdamW with DNABERT's (and BERT's) order of operations: epsilon is added to the square root of
/// the second moment before bias correction, and weights decay after the update.
///
/// burn and PyTorch add epsilon after the correction, and decay first. In the first steps their
/// epsilon is effectively thirty times smaller. This matters for tiny gradients: after ten steps
/// some weights differ by more than 10⁻⁴.
#[derive(Debug, Clone, Copy)]
pub struct BertAdamW(
    /// The settings.
    pub AdamWSettings,
);

impl Optimizer for BertAdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let AdamWSettings { beta_1, beta_2, epsilon, weight_decay } = self.0;
        let time = state.as_ref().map_or(0, |state| state.momentum.time) + 1;
        let bias_1 = 1.0 - f64::from(beta_1).powi(time as i32);
        let bias_2 = 1.0 - f64::from(beta_2).powi(time as i32);
        let corrected = rate * bias_2.sqrt() / bias_1;
        let kept = 1.0 - rate * f64::from(weight_decay);
        #[cfg(feature = "flex")]
        if crate::flex::are_plain(&weights, &gradient) {
            let (rate, kept) = (corrected as f32, kept as f32);
            let step = AdamWStep { beta_1, beta_2, epsilon, rate, kept };
            let moments = state.map(|state| state.momentum).map(|old| [old.moment_1, old.moment_2]);
            let (weights, [first, second]) = crate::flex::adamw(step, weights, gradient, moments);
            let momentum = AdaptiveMomentumState::new(time, first, second);
            return (weights, Some(AdamWState { momentum }));
        }
        let first = gradient.clone().mul_scalar(1.0 - beta_1);
        let second = gradient.square().mul_scalar(1.0 - beta_2);
        let momentum = match state.map(|state| state.momentum) {
            Some(old) => AdaptiveMomentumState {
                time,
                moment_1: old.moment_1.mul_scalar(beta_1) + first,
                moment_2: old.moment_2.mul_scalar(beta_2) + second,
                max_moment_2: None,
            },
            None => AdaptiveMomentumState::new(1, first, second),
        };
        let direction =
            momentum.moment_1.clone() / momentum.moment_2.clone().sqrt().add_scalar(epsilon);
        let updated = weights - direction.mul_scalar(corrected);
        let decayed = if kept == 1.0 { updated } else { updated.mul_scalar(kept) };
        (decayed, Some(AdamWState { momentum }))
    }

    fn to_device<const D: usize>(mut state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Initializer, Linear, LinearConfig};
    use burn::optim::GradientsParams;

    fn one(device: &Device) -> Linear {
        LinearConfig::new(1, 1).with_initializer(Initializer::Ones).init(device)
    }

    /// One step with learning rate 0.1 and the gradient of `factor × (weight × 1 + bias)`.
    fn step(settings: &AdamWSettings, factor: f64) -> [f32; 2] {
        let device = Device::flex().autodiff();
        let layer = one(&device);
        let input = Tensor::<2>::ones([1, 1], &device);
        let loss = layer.forward(input).sum().mul_scalar(factor);
        let gradients = GradientsParams::from_grads(loss.backward(), &layer);
        let layer = adamw(&layer, settings).step(0.1, layer, gradients);
        [layer.weight.val().into_scalar(), layer.bias.expect("has one").val().into_scalar()]
    }

    #[test]
    fn matrices_decay_and_vectors_do_not() {
        // With a zero gradient, weight decay is the only change.
        let settings = AdamWSettings { weight_decay: 0.5, ..AdamWSettings::default() };
        let [weight, bias] = step(&settings, 0.0);
        assert!((weight - 0.95).abs() < 1e-6, "{weight}");
        assert_eq!(bias, 1.0);
    }

    #[test]
    fn epsilon_counts_before_bias_correction() {
        // If g = epsilon, the first step is rate × √(1−β₂) g / (√(1−β₂) g + epsilon).
        let settings =
            AdamWSettings { weight_decay: 0.0, epsilon: 1e-4, ..AdamWSettings::default() };
        let root = 0.001_f32.sqrt();
        let expected = 1.0 - 0.1 * root / (root + 1.0);
        let [weight, _] = step(&settings, 1e-4);
        assert!((weight - expected).abs() < 1e-6, "{weight}, not {expected}");
    }

    /// The kernel rounds each product and sum as tensor operations do.
    #[test]
    #[cfg(feature = "flex")]
    fn kernels_and_tensors_take_the_same_steps() {
        use dnabert_kernels::set_enabled;

        let device = Device::flex();
        let values = |salt: f32| -> Tensor<2> {
            let values: Vec<f32> = (0..70_000).map(|i| (i as f32 * salt).sin()).collect();
            Tensor::from_data(burn::tensor::TensorData::new(values, [700, 100]), &device)
        };
        let run = |is_on: bool| {
            set_enabled(is_on);
            let optimizer = BertAdamW(AdamWSettings::default());
            let (mut weights, mut state) = (values(0.7), None);
            for salt in [1.3, 1.7, 2.9] {
                (weights, state) = optimizer.step(1e-3, weights, values(salt), state);
            }
            let AdaptiveMomentumState { moment_1, moment_2, .. } = state.expect("moments").momentum;
            [weights, moment_1, moment_2].map(|tensor| tensor.into_data())
        };
        let off = run(false);
        assert_eq!(run(true), off);
    }
}
