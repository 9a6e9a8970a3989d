//! The layers in training on flex: each is one operation with a gradient of its own, on tokens
//! without padding.

mod gradient;
mod layer;
mod operation;
mod windows;

use std::ops::Range;
use std::sync::Arc;

use burn::backend::Dispatch;
use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dnabert_kernels as kernels;

pub(crate) use self::windows::windows;

use self::operation::{LayerOperation, LayerTensors, Pair};
use super::packed::Packed;
use crate::dropout::{Dropout, DropoutPlan, threshold};
use crate::layer::{BertLayer, Layer};
use crate::{Activation, Bert, LayerSink, TokenBatch};

/// The number of tensors that a layer reads: the states and its parameters.
const INPUTS: usize = 17;

/// Everything that a layer reads but tensors.
#[derive(Debug)]
struct Settings {
    /// The tokens of each row, one after the other.
    rows: Vec<Range<usize>>,
    /// The length of a row of the batch, with padding.
    length: usize,
    /// The attention bias of each token as a key.
    bias: Option<Vec<f32>>,
    heads: usize,
    epsilon: f32,
    activation: Activation,
    /// Dropout of the attention weights, and of the outputs of both halves of the layer.
    dropout: [Option<Dropping>; 3],
}

/// Dropout of each batch row by a seed of its own.
#[derive(Debug)]
struct Dropping {
    seeds: Vec<u64>,
    threshold: u32,
    /// The factor of what is kept.
    factor: f32,
}

/// Runs all layers on `states`, `[batch × length, hidden]`, on an autodiff device, and returns the
/// last states; `None` if the kernels do not apply: on other devices, in half precision, for
/// MosaicBERT, if attention weights are wanted, or if they are switched off.
pub(crate) fn layers(
    bert: &Bert,
    batch: &TokenBatch,
    states: &Tensor<2>,
    sink: &mut dyn LayerSink,
) -> Option<Tensor<2>> {
    let device = states.device();
    let layers = &bert.encoder.layer;
    let wants_weights = (0..layers.len()).any(|layer| sink.wants_attention(layer));
    if !is_flex_training(&device) || states.dtype() != DType::F32 || wants_weights {
        return None;
    }
    let [rows, length] = batch.dims();
    let packed = Packed::of(batch, bert.mask_mode())?;
    let (heads, epsilon) = bert.shape();
    let layers: Vec<&BertLayer> = layers.iter().map(bert_layer).collect::<Option<_>>()?;
    if !layers.iter().all(|layer| has_biases(layer)) {
        return None;
    }
    let dropout: Vec<[Option<Dropping>; 3]> =
        layers.iter().map(|layer| dropout(layer)).collect::<Option<_>>()?;
    let is_padded = packed.places.len() < rows * length;
    let places = is_padded.then(|| {
        let places: Vec<i64> = packed.places.iter().map(|&place| place as i64).collect();
        let count = places.len();
        Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &device)
    });
    let unpack = |packed: Tensor<2>| match &places {
        None => packed,
        Some(places) => {
            let [_, hidden] = packed.dims();
            let zeros = Tensor::zeros([rows * length, hidden], &device);
            zeros.select_assign(0, places.clone(), packed, burn::tensor::IndexingUpdateOp::Add)
        }
    };
    let mut states = match &places {
        None => states.clone(),
        Some(places) => states.clone().select(0, places.clone()),
    };
    for (index, (layer, dropout)) in layers.into_iter().zip(dropout).enumerate() {
        let settings = Settings {
            rows: packed.rows.clone(),
            length,
            bias: packed.bias.clone(),
            heads,
            epsilon: epsilon as f32,
            activation: layer.intermediate.activation,
            dropout,
        };
        let tensors = tensors(layer, states);
        states = Tensor::from_dispatch(Dispatch::bert_layer(tensors, Arc::new(settings)));
        if sink.wants_hidden(index + 1) {
            let [_, hidden] = states.dims();
            sink.hidden(index + 1, unpack(states.clone()).reshape([rows, length, hidden]));
        }
    }
    Some(unpack(states))
}

/// Whether the kernels are on, and compute with gradients on this device.
fn is_flex_training(device: &Device) -> bool {
    kernels::is_enabled() && device.is_autodiff() && device.clone().inner() == Device::flex()
}

fn bert_layer(layer: &Layer) -> Option<&BertLayer> {
    match layer {
        Layer::Bert(layer) => Some(layer),
        Layer::MosaicBert(_) => None,
    }
}

/// Whether all linear layers have biases, and all norms shifts.
fn has_biases(layer: &BertLayer) -> bool {
    let attention = &layer.attention.self_attention;
    let linear = [
        &attention.query,
        &attention.key,
        &attention.value,
        &layer.attention.output.dense,
        &layer.intermediate.dense,
        &layer.output.dense,
    ];
    let norms = [&layer.attention.output.layer_norm, &layer.output.layer_norm];
    linear.iter().all(|linear| linear.bias.is_some())
        && norms.iter().all(|norm| norm.beta.is_some())
}

/// The tensors that a layer with biases reads.
fn tensors(layer: &BertLayer, states: Tensor<2>) -> LayerTensors<Dispatch> {
    fn pair<const D: usize>(
        first: &Param<Tensor<D>>,
        second: Option<&Param<Tensor<1>>>,
    ) -> Pair<Dispatch> {
        let second = second.expect("asked before").val().into_dispatch();
        Pair { first: first.val().into_dispatch(), second }
    }
    let linear = |linear: &Linear| pair(&linear.weight, linear.bias.as_ref());
    let norm = |norm: &LayerNorm| pair(&norm.gamma, norm.beta.as_ref());
    let attention = &layer.attention.self_attention;
    LayerTensors {
        states: states.into_dispatch(),
        query: linear(&attention.query),
        key: linear(&attention.key),
        value: linear(&attention.value),
        attended: linear(&layer.attention.output.dense),
        attended_norm: norm(&layer.attention.output.layer_norm),
        wide: linear(&layer.intermediate.dense),
        output: linear(&layer.output.dense),
        output_norm: norm(&layer.output.layer_norm),
    }
}

/// The dropout of a layer, in the order of [`Settings::dropout`]; `None` where it has no seed.
fn dropout(layer: &BertLayer) -> Option<[Option<Dropping>; 3]> {
    let plan = |dropout: &Dropout| match dropout.plan() {
        DropoutPlan::Nothing => Some(None),
        DropoutPlan::Drop(seeds, rate) => Some(Some(Dropping {
            seeds,
            threshold: threshold(rate),
            factor: (1.0 / (1.0 - rate)) as f32,
        })),
        DropoutPlan::Unseeded => None,
    };
    Some([
        plan(&layer.attention.self_attention.dropout)?,
        plan(&layer.attention.output.dropout)?,
        plan(&layer.output.dropout)?,
    ])
}
