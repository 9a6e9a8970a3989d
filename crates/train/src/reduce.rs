//! Sums the gradients of several devices with burn's collective operation.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::distributed::{ReduceOperation, all_reduce};
use burn::tensor::{Device, Tensor};

/// Returns the gradients of `module`, summed over `devices`; each device calls this function with
/// its own gradients.
///
/// All devices must have gradients for the same parameters. Otherwise they wait for each other
/// forever.
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
