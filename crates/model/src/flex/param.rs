//! Network parameters as slices, without copies.

use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{DType, Tensor};
use burn_flex::{Flex, FlexTensor};
use dnabert_kernels::{Norm, Weights};

use super::predict::{PredictLayer, Product};
use crate::Activation;
use crate::layer::BertLayer;

/// The values of a parameter, without a copy.
#[derive(Debug)]
pub(super) struct FlexParam(FlexTensor);

impl FlexParam {
    /// Returns `None` unless the values are f32 on flex and not part of an autodiff graph.
    pub(super) fn of<const D: usize>(parameter: &Param<Tensor<D>>) -> Option<Self> {
        let tensor = parameter.val();
        if tensor.dtype() != DType::F32 || tensor.device().is_autodiff() {
            return None;
        }
        tensor.try_into_primitive::<Flex>().ok().map(Self)
    }

    /// The values of a tensor of f32; vectors become contiguous.
    pub(super) fn from_tensor(tensor: FlexTensor) -> Self {
        let is_vector = tensor.layout().shape().num_dims() == 1;
        Self(if is_vector { tensor.to_contiguous() } else { tensor })
    }

    /// The number of elements in each dimension.
    fn dims(&self) -> [usize; 2] {
        let shape = self.0.layout().shape();
        [shape[0], shape[1]]
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

#[derive(Debug)]
pub(super) struct FlexParamLinear {
    weight: FlexParam,
    bias: Option<FlexParam>,
    dims: [usize; 2],
}

impl FlexParamLinear {
    pub(super) fn of(linear: &Linear) -> Option<Self> {
        let weight = FlexParam::of(&linear.weight)?;
        weight.strides()?;
        let bias = match &linear.bias {
            Some(bias) => Some(FlexParam::of(bias)?),
            None => None,
        };
        if let Some(bias) = &bias {
            bias.slice()?;
        }
        Some(Self { weight, bias, dims: linear.weight.dims() })
    }

    /// A linear layer of these tensors of f32, `[input, output]` and `[output]`.
    pub(super) fn from_tensors([weight, bias]: [FlexTensor; 2]) -> Self {
        let positive = FlexParam::from_tensor(weight);
        // A view may count backwards, which products cannot.
        let weight = match positive.strides() {
            Some(_) => positive,
            None => FlexParam(positive.0.to_contiguous()),
        };
        let dims = weight.dims();
        Self { weight, bias: Some(FlexParam::from_tensor(bias)), dims }
    }

    /// The number of elements of the input and of the output.
    pub(super) fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The bias of a layer that has one.
    pub(super) fn bias(&self) -> &[f32] {
        self.bias.as_ref().and_then(FlexParam::slice).expect("a bias, contiguous")
    }

    /// Copies the weights of each input to a row.
    pub(super) fn copy_rows<'a>(&self, rows: impl Iterator<Item = &'a mut [f32]>) {
        let [down, right] = self.weight.strides().expect("asked when it was made");
        let values = self.weight.values();
        for (input, row) in rows.enumerate() {
            if right == 1 {
                row.copy_from_slice(&values[input * down..][..row.len()]);
                continue;
            }
            for (output, value) in row.iter_mut().enumerate() {
                *value = values[input * down + output * right];
            }
        }
    }

    pub(super) fn weights(&self) -> Weights<'_> {
        let strides = self.weight.strides().expect("asked when it was made");
        let bias = self.bias.as_ref().and_then(FlexParam::slice);
        Weights::new(self.weight.values(), self.dims, strides, bias)
    }
}

#[derive(Debug)]
pub(super) struct FlexParamNorm {
    gamma: FlexParam,
    beta: FlexParam,
    epsilon: f32,
}

impl FlexParamNorm {
    pub(super) fn of(norm: &LayerNorm, epsilon: f64) -> Option<Self> {
        let (gamma, beta) = (FlexParam::of(&norm.gamma)?, FlexParam::of(norm.beta.as_ref()?)?);
        gamma.slice()?;
        beta.slice()?;
        Some(Self { gamma, beta, epsilon: epsilon as f32 })
    }

    /// A norm of these tensors of f32, the scale and the shift of each column.
    pub(super) fn from_tensors([gamma, beta]: [FlexTensor; 2], epsilon: f32) -> Self {
        let [gamma, beta] = [gamma, beta].map(FlexParam::from_tensor);
        Self { gamma, beta, epsilon }
    }

    pub(super) fn norm(&self) -> Norm<'_> {
        let slice = |parameter| FlexParam::slice(parameter).expect("asked when it was made");
        Norm { gamma: slice(&self.gamma), beta: slice(&self.beta), epsilon: self.epsilon }
    }
}

/// The parameters of a layer.
pub(super) struct FlexParamLayer {
    pub(super) projections: [FlexParamLinear; 3],
    pub(super) attended: FlexParamLinear,
    pub(super) attended_norm: FlexParamNorm,
    pub(super) wide: FlexParamLinear,
    pub(super) activation: Activation,
    pub(super) output: FlexParamLinear,
    pub(super) output_norm: FlexParamNorm,
}

impl FlexParamLayer {
    pub(super) fn of(layer: &BertLayer, epsilon: f64) -> Option<Self> {
        let attention = &layer.attention.self_attention;
        let [query, key, value] =
            [&attention.query, &attention.key, &attention.value].map(FlexParamLinear::of);
        Some(Self {
            projections: [query?, key?, value?],
            attended: FlexParamLinear::of(&layer.attention.output.dense)?,
            attended_norm: FlexParamNorm::of(&layer.attention.output.layer_norm, epsilon)?,
            wide: FlexParamLinear::of(&layer.intermediate.dense)?,
            activation: layer.intermediate.activation,
            output: FlexParamLinear::of(&layer.output.dense)?,
            output_norm: FlexParamNorm::of(&layer.output.layer_norm, epsilon)?,
        })
    }

    pub(super) fn predict(&self) -> PredictLayer<'_> {
        let product = |linear| Product::Whole(FlexParamLinear::weights(linear));
        PredictLayer {
            projections: self.projections.each_ref().map(product),
            attended: product(&self.attended),
            attended_norm: self.attended_norm.norm(),
            wide: product(&self.wide),
            activation: self.activation,
            output: product(&self.output),
            output_norm: self.output_norm.norm(),
        }
    }
}
