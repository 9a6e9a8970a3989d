//! Network parameters as slices, without copies.

use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{DType, Tensor};
use burn_flex::{Flex, FlexTensor};
use dnabert_kernels::{Norm, Weights};

use crate::Activation;
use crate::layer::BertLayer;

/// The values of a parameter, without a copy.
pub(super) struct Held(FlexTensor);

impl Held {
    /// Returns `None` unless the values are f32 on flex and not part of an autodiff graph.
    pub(super) fn of<const D: usize>(parameter: &Param<Tensor<D>>) -> Option<Self> {
        let tensor = parameter.val();
        if tensor.dtype() != DType::F32 || tensor.device().is_autodiff() {
            return None;
        }
        tensor.try_into_primitive::<Flex>().ok().map(Self)
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.0.storage::<f32>()[self.0.layout().start_offset()..]
    }

    /// Returns the values of a contiguous tensor as one slice.
    pub(super) fn slice(&self) -> Option<&[f32]> {
        self.0.as_slice::<f32>()
    }

    pub(super) fn strides(&self) -> Option<[usize; 2]> {
        let strides = self.0.layout().strides();
        Some([usize::try_from(strides[0]).ok()?, usize::try_from(strides[1]).ok()?])
    }
}

pub(super) struct HeldLinear {
    weight: Held,
    bias: Option<Held>,
    dims: [usize; 2],
}

impl HeldLinear {
    pub(super) fn of(linear: &Linear) -> Option<Self> {
        let weight = Held::of(&linear.weight)?;
        weight.strides()?;
        let bias = match &linear.bias {
            Some(bias) => Some(Held::of(bias)?),
            None => None,
        };
        if let Some(bias) = &bias {
            bias.slice()?;
        }
        Some(Self { weight, bias, dims: linear.weight.dims() })
    }

    pub(super) fn weights(&self) -> Weights<'_> {
        let strides = self.weight.strides().expect("asked when it was made");
        let bias = self.bias.as_ref().and_then(Held::slice);
        Weights::new(self.weight.values(), self.dims, strides, bias)
    }
}

pub(super) struct HeldNorm {
    gamma: Held,
    beta: Held,
    epsilon: f32,
}

impl HeldNorm {
    pub(super) fn of(norm: &LayerNorm, epsilon: f64) -> Option<Self> {
        let (gamma, beta) = (Held::of(&norm.gamma)?, Held::of(norm.beta.as_ref()?)?);
        gamma.slice()?;
        beta.slice()?;
        Some(Self { gamma, beta, epsilon: epsilon as f32 })
    }

    pub(super) fn norm(&self) -> Norm<'_> {
        let slice = |held| Held::slice(held).expect("asked when it was made");
        Norm { gamma: slice(&self.gamma), beta: slice(&self.beta), epsilon: self.epsilon }
    }
}

/// The parameters of a layer.
pub(super) struct HeldLayer {
    pub(super) projections: [HeldLinear; 3],
    pub(super) attended: HeldLinear,
    pub(super) attended_norm: HeldNorm,
    pub(super) wide: HeldLinear,
    pub(super) activation: Activation,
    pub(super) output: HeldLinear,
    pub(super) output_norm: HeldNorm,
}

impl HeldLayer {
    pub(super) fn of(layer: &BertLayer, epsilon: f64) -> Option<Self> {
        let attention = &layer.attention.self_attention;
        let [query, key, value] =
            [&attention.query, &attention.key, &attention.value].map(HeldLinear::of);
        Some(Self {
            projections: [query?, key?, value?],
            attended: HeldLinear::of(&layer.attention.output.dense)?,
            attended_norm: HeldNorm::of(&layer.attention.output.layer_norm, epsilon)?,
            wide: HeldLinear::of(&layer.intermediate.dense)?,
            activation: layer.intermediate.activation,
            output: HeldLinear::of(&layer.output.dense)?,
            output_norm: HeldNorm::of(&layer.output.layer_norm, epsilon)?,
        })
    }
}
