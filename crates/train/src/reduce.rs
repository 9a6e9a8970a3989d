//! Gradients of several devices, summed by burn's own collective operation.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::distributed::{ReduceOperation, all_reduce};
use burn::tensor::{Device, Tensor};

/// The gradients of `module`, summed over `devices`, each of which calls this with its own.
///
/// All of them must have gradients for the same parameters, or they wait for one another for ever.
pub(crate) fn sum_over<M: Module>(
    devices: &[Device],
    module: &M,
    gradients: GradientsParams,
) -> GradientsParams {
    let mut sum = Sum { devices, gradients, summed: GradientsParams::new() };
    module.visit(&mut sum);
    sum.summed
}

struct Sum<'a> {
    devices: &'a [Device],
    gradients: GradientsParams,
    summed: GradientsParams,
}

impl ModuleVisitor for Sum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let sum = all_reduce(gradient, ReduceOperation::Sum, self.devices.to_vec());
            self.summed.register::<D>(param.id, sum.resolve());
        }
    }
}
