//! Gradient clipping by the norm over all parameters (Pascanu et al. 2013, arXiv 1211.5063).

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Returns the Euclidean norm of the gradients of all parameters of `module`.
pub fn gradient_norm<M: Module>(module: &M, gradients: &GradientsParams) -> f64 {
    let mut squares = Squares { gradients, sums: Vec::new(), read: 0.0 };
    module.visit(&mut squares);
    if squares.sums.is_empty() {
        return squares.read.sqrt();
    }
    // One read from the device for all parameters.
    let sums = Tensor::cat(squares.sums, 0).into_data();
    (squares.read + sums.iter::<f64>().sum::<f64>()).sqrt()
}

/// Scales all gradients by one factor, so that their norm is at most `maximum`; also returns the
/// norm before clipping.
///
/// As in PyTorch, the factor is `maximum / (norm + 1e-6)` if that is below 1. Gradients with a norm
/// that is NaN or infinite are returned unchanged.
pub fn clip_gradients<M: Module>(
    module: &M,
    gradients: GradientsParams,
    maximum: f64,
) -> (GradientsParams, f64) {
    let norm = gradient_norm(module, &gradients);
    let factor = maximum / (norm + 1e-6);
    if factor >= 1.0 || !norm.is_finite() {
        return (gradients, norm);
    }
    let mut scale = Scale { gradients, factor };
    module.visit(&mut scale);
    (scale.gradients, norm)
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    /// On the device, one for each parameter.
    sums: Vec<Tensor<1>>,
    /// The sum over the parameters that were read on the CPU.
    read: f64,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            #[cfg(feature = "flex")]
            if let Some(sum) = crate::flex::sum_of_squares(&gradient) {
                self.read += sum;
                return;
            }
            self.sums.push(gradient.square().sum());
        }
    }
}

struct Scale {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient.mul_scalar(self.factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    fn gradients(layer: &Linear) -> GradientsParams {
        let device = layer.weight.val().device();
        let loss = layer.forward(Tensor::<2>::from_data([[3.0, 4.0]], &device)).sum();
        GradientsParams::from_grads(loss.backward(), layer)
    }

    #[test]
    fn the_norm_runs_over_all_parameters_and_one_factor_scales_them() {
        let layer = LinearConfig::new(2, 1).init(&Device::flex().autodiff());
        // The gradients are (3, 4) for the weight and 1 for the bias, so the norm is √26.
        let (clipped, before) = clip_gradients(&layer, gradients(&layer), 1.0);
        assert!((before - 26_f64.sqrt()).abs() < 1e-6);
        assert!((gradient_norm(&layer, &clipped) - 1.0).abs() < 1e-5);
        let (same, _) = clip_gradients(&layer, gradients(&layer), 100.0);
        assert!((gradient_norm(&layer, &same) - before).abs() < 1e-6);
    }
}
