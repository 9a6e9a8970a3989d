//! The forward pass on flex with the kernels of `dnabert-kernels`: a few passes over slices instead
//! of dozens of tensor operations, and no work for padding.
//!
//! Token rows are packed one after the other. All operations but attention work on single tokens,
//! so blocks of tokens are distributed over the cores of the current pool. Attention is distributed
//! by sequence and head.

mod convolved;
mod packed;
mod packed_network;
mod param;
mod predict;
mod train;

use burn::tensor::{Int, Tensor, TensorData};
use burn_flex::FlexTensor;
use dnabert_kernels::{self as kernels, Buffer, Level};
use rayon::prelude::*;

use crate::encoder::Wanted;
use crate::layer::Layer;
use crate::{Activation, Bert, EncoderOutput, LayerSink, TokenBatch};
use convolved::FlexParamConvolution;
use packed::Packed;
use param::{FlexParam, FlexParamLayer, FlexParamNorm};
use predict::{PredictLayer, forward};

pub(crate) use packed_network::PackedNetwork;
pub(crate) use train::{layers as train_layers, windows};

/// The largest number of tokens in a block; the widest states of a block fit in the cache of a
/// core.
const BLOCK: usize = 512;

/// Gives the memory of a tensor that nobody else reads back to the pool of [`Buffer`], for the next
/// step of training.
pub fn give_back(tensor: FlexTensor) {
    if tensor.is_unique()
        && let Ok(values) = tensor.into_data().try_into_vec::<f32>()
    {
        drop(Buffer::from(values));
    }
}

/// Encodes rows of tokens; `None` if the kernels do not apply: on other devices, in half precision,
/// with gradients, for MosaicBERT, or if they are switched off.
pub(crate) fn encode(
    bert: &Bert,
    batch: &TokenBatch,
    wanted: Wanted,
    sink: &mut dyn LayerSink,
) -> Option<EncoderOutput> {
    let device = batch.ids.device();
    let dims @ [rows, length] = batch.dims();
    let is_plain = batch.word_vectors.is_none() && length > 0;
    let packed_weights = bert.packed_weights.as_deref();
    if (!kernels::is_enabled() && packed_weights.is_none()) || device.is_autodiff() || !is_plain {
        return None;
    }
    let embeddings = Embeddings::of(bert)?;
    let (heads, epsilon) = bert.shape();
    let whole: Vec<FlexParamLayer> = bert
        .encoder
        .layer
        .iter()
        .map(|layer| match layer {
            Layer::Bert(layer) => FlexParamLayer::of(layer, epsilon),
            Layer::MosaicBert(_) => None,
        })
        .collect::<Option<_>>()?;
    let layers: Vec<PredictLayer<'_>> = match packed_weights {
        Some(packed_weights) => packed_weights.layers(),
        None => whole.iter().map(FlexParamLayer::predict).collect(),
    };
    let packed = Packed::of(batch, bert.mask_mode())?;
    let level = Level::detected();
    let hidden = embeddings.norm.norm().gamma.len();
    let unpack = |states: &[f32]| packed.unpack(states.to_vec(), dims, hidden, &device);
    let mut states = embeddings.forward(level, batch, &packed);
    let convolution = match (packed_weights, &embeddings.convolution) {
        (Some(packed_weights), _) => packed_weights.convolution(),
        (None, whole) => whole.as_ref().map(FlexParamConvolution::predict),
    };
    if let Some(convolution) = convolution {
        states = convolution.forward(level, &states, &packed);
    }
    if sink.wants_hidden(0) {
        sink.hidden(0, unpack(&states));
    }
    let mut first_only = false;
    for (index, layer) in layers.iter().enumerate() {
        let is_last = index + 1 == layers.len();
        let wants_weights = sink.wants_attention(index);
        first_only =
            is_last && wanted == Wanted::First && !wants_weights && !sink.wants_hidden(index + 1);
        let mut weights = wants_weights.then(|| vec![0.0; rows * heads * length * length]);
        states = forward(
            level,
            layer,
            &states,
            &packed,
            heads,
            first_only,
            weights.as_deref_mut().map(|weights| (weights, length)),
        );
        if let Some(weights) = weights {
            let shape = [rows, heads, length, length];
            sink.attention(index, Tensor::from_data(TensorData::new(weights, shape), &device));
        }
        if sink.wants_hidden(index + 1) {
            sink.hidden(index + 1, unpack(&states));
        }
    }
    let first = if first_only { states.to_vec() } else { packed.first(&states, hidden) };
    let first = Tensor::<2>::from_data(TensorData::new(first, [rows, hidden]), &device);
    let hidden = match wanted {
        Wanted::All => unpack(&states),
        Wanted::First => first.clone().reshape([rows, 1, hidden]),
    };
    let pooled = match &bert.pooler {
        Some(pooler) => pooler.of_first(first),
        None => first,
    };
    Some(EncoderOutput { hidden, pooled })
}

/// The embedding tables.
struct Embeddings {
    words: FlexParam,
    positions: FlexParam,
    segments: FlexParam,
    norm: FlexParamNorm,
    convolution: Option<FlexParamConvolution>,
}

impl Embeddings {
    fn of(bert: &Bert) -> Option<Self> {
        let embeddings = &bert.embeddings;
        let table =
            |parameter| FlexParam::of(parameter).filter(|parameter| parameter.slice().is_some());
        let epsilon = bert.shape().1;
        let convolution = match &embeddings.convolution {
            Some(convolution) => Some(FlexParamConvolution::of(convolution, epsilon)?),
            None => None,
        };
        Some(Self {
            words: table(&embeddings.word_embeddings.weight)?,
            positions: table(&embeddings.position_embeddings.as_ref()?.weight)?,
            segments: table(&embeddings.token_type_embeddings.weight)?,
            norm: FlexParamNorm::of(&embeddings.layer_norm, epsilon)?,
            convolution,
        })
    }

    /// Returns the packed embeddings before the convolution, `[tokens, hidden]`.
    fn forward(&self, level: Level, batch: &TokenBatch, packed: &Packed) -> Buffer {
        let [_, length] = batch.dims();
        let norm = self.norm.norm();
        let hidden = norm.gamma.len();
        let slice = |parameter| FlexParam::slice(parameter).expect("asked when it was made");
        let [words, positions, segments] =
            [&self.words, &self.positions, &self.segments].map(slice);
        let maximum = positions.len() / hidden;
        assert!(length <= maximum, "{length} tokens, but the model has {maximum} positions");
        let read = |tensor: Tensor<2, Int>| -> Vec<usize> {
            let whole = |id| usize::try_from(id).expect("ids are not negative");
            tensor.into_data().iter::<i64>().map(whole).collect()
        };
        let ids = read(batch.ids.clone());
        let kinds = batch.segment_ids.clone().map(read);
        let mut states = Buffer::new(packed.places.len() * hidden);
        let block = block_of(packed.places.len());
        states.par_chunks_mut(block * hidden).zip(packed.places.par_chunks(block)).for_each(
            |(states, places)| {
                for (state, place) in states.chunks_exact_mut(hidden).zip(places) {
                    let kind = kinds.as_ref().map_or(0, |kinds| kinds[*place]);
                    let id = ids[*place];
                    assert!(id < words.len() / hidden, "id {id} is outside of the vocabulary");
                    let word = &words[id * hidden..][..hidden];
                    let position = &positions[(place % length) * hidden..][..hidden];
                    assert!(kind < segments.len() / hidden, "there is no segment {kind}");
                    let segment = &segments[kind * hidden..][..hidden];
                    for (((state, word), position), segment) in
                        state.iter_mut().zip(word).zip(position).zip(segment)
                    {
                        *state = word + (position + segment);
                    }
                }
                kernels::add_norm(level, states, None, norm);
            },
        );
        states
    }
}

/// Applies an activation function in place.
fn activate(level: Level, activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Gelu => kernels::gelu(level, values),
        Activation::GeluNew => kernels::gelu_tanh(level, values),
        Activation::Relu => kernels::relu(level, values),
    }
}

/// Returns the number of tokens in a block, so that all cores get equal numbers of tokens.
fn block_of(tokens: usize) -> usize {
    let cores = rayon::current_num_threads();
    let rounds = tokens.div_ceil(cores * BLOCK).max(1);
    tokens.div_ceil(cores * rounds).max(1)
}
