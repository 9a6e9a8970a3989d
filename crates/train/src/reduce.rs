//! Sums gradients: those of several passes, and those of several devices.

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

/// Adds `more` to the gradients of `module` in `sum`.
pub(crate) fn add_gradients<M: Module>(
    module: &M,
    sum: &mut GradientsParams,
    more: GradientsParams,
) {
    module.visit(&mut Add { sum, more });
}

struct Add<'a> {
    sum: &'a mut GradientsParams,
    more: GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(more) = self.more.remove::<D>(param.id) else { return };
        let sum = match self.sum.remove::<D>(param.id) {
            Some(sum) => add(sum, more),
            None => more,
        };
        self.sum.register::<D>(param.id, sum);
    }
}

fn add<const D: usize>(sum: Tensor<D>, more: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if crate::flex::are_plain(&sum, &more) {
        return crate::flex::add(sum, more);
    }
    sum + more
}
