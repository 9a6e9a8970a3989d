//! The optimizer on burn's CPU backend: in place, and in one pass over memory.

use burn::tensor::{DType, Device, Tensor};
use burn_flex::{Flex, FlexTensor};
use dnabert_kernels::{self as kernels, AdamWStep, Level};
use dnabert_model::kernels::give_back;

/// Whether the kernels read this tensor: f32 in memory of the CPU, outside of an autodiff graph.
fn is_plain<const D: usize>(tensor: &Tensor<D>) -> bool {
    kernels::is_enabled() && tensor.dtype() == DType::F32 && tensor.device() == Device::flex()
}

/// The values of a plain tensor, contiguous; without a copy where possible.
fn values<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let values = tensor.try_into_primitive::<Flex>().expect("a tensor on flex");
    if values.as_slice::<f32>().is_some_and(|slice| slice.len() == values.storage::<f32>().len()) {
        return values;
    }
    FlexTensor::from_data(values.into_data())
}

/// Whether [`adamw`] and [`add`] can be used on these tensors.
pub(crate) fn are_plain<const D: usize>(one: &Tensor<D>, other: &Tensor<D>) -> bool {
    is_plain(one) && is_plain(other)
}

/// A step of AdamW; returns the new weights and moments. Without moments these are zeros.
pub(crate) fn adamw<const D: usize>(
    step: AdamWStep,
    weights: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<[Tensor<D>; 2]>,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let [first, second] = moments.unwrap_or_else(|| [weights.zeros_like(), weights.zeros_like()]);
    let [mut weights, gradient] = [weights, gradient].map(values);
    let [mut first, mut second] = [first, second].map(values);
    let moments = [first.storage_mut::<f32>(), second.storage_mut::<f32>()];
    let values = gradient.storage::<f32>();
    kernels::adamw(Level::detected(), step, weights.storage_mut::<f32>(), values, moments);
    give_back(gradient);
    (tensor(weights), [first, second].map(tensor))
}

/// Adds `other` to `sum` in place, where [`are_plain`] holds for both.
pub(crate) fn add<const D: usize>(sum: Tensor<D>, other: Tensor<D>) -> Tensor<D> {
    let [mut sum, other] = [sum, other].map(values);
    kernels::add(Level::detected(), sum.storage_mut::<f32>(), other.storage::<f32>());
    give_back(other);
    tensor(sum)
}

fn tensor<const D: usize>(values: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(values)
}

/// The sum of the squares of a tensor; `None` if the kernels do not read it.
pub(crate) fn sum_of_squares<const D: usize>(tensor: &Tensor<D>) -> Option<f64> {
    if !is_plain(tensor) {
        return None;
    }
    let values = values(tensor.clone());
    Some(kernels::sum_of_squares(Level::detected(), values.storage::<f32>()))
}
