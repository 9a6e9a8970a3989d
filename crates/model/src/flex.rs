//! The forward pass on flex by the kernels of `dnabert-kernels`: a few passes over slices in the place of dozens of tensor
//! operations, and no work for padding.
//!
//! Rows of tokens are packed one behind the other. Everything but attention looks at one token at a time, so that blocks
//! of tokens are dealt to the cores of the current pool; attention is dealt by sequence and head.

use std::ops::Range;

use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_flex::{Flex, FlexTensor};
use dnabert_kernels::{self as kernels, Attention, Level, Norm, Weights};
use rayon::prelude::*;

use crate::bias::PADDING;
use crate::layer::{BertLayer, Layer};
use crate::{Activation, Bert, EncoderOutput, LayerSink, MaskMode, TokenBatch};

/// Tokens of a block, at most: their widest states stay near the core.
const BLOCK: usize = 512;

/// What is read of the last states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those of every token.
    All,
    /// Those of the first token of each row.
    First,
}

/// A parameter's values, which stay where they are.
struct Held(FlexTensor);

impl Held {
    /// `None` where they are not of f32 on flex, or part of a graph of gradients.
    fn of<const D: usize>(parameter: &Param<Tensor<D>>) -> Option<Self> {
        let tensor = parameter.val();
        if tensor.dtype() != DType::F32 || tensor.device().is_autodiff() {
            return None;
        }
        tensor.try_into_primitive::<Flex>().ok().map(Self)
    }

    fn values(&self) -> &[f32] {
        &self.0.storage::<f32>()[self.0.layout().start_offset()..]
    }

    /// Of a vector.
    fn slice(&self) -> Option<&[f32]> {
        self.0.as_slice::<f32>()
    }

    fn strides(&self) -> Option<[usize; 2]> {
        let strides = self.0.layout().strides();
        Some([usize::try_from(strides[0]).ok()?, usize::try_from(strides[1]).ok()?])
    }
}

struct HeldLinear {
    weight: Held,
    bias: Option<Held>,
    dims: [usize; 2],
}

impl HeldLinear {
    fn of(linear: &Linear) -> Option<Self> {
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

    fn weights(&self) -> Weights<'_> {
        let strides = self.weight.strides().expect("asked when it was made");
        let bias = self.bias.as_ref().and_then(Held::slice);
        Weights::new(self.weight.values(), self.dims, strides, bias)
    }
}

struct HeldNorm {
    gamma: Held,
    beta: Held,
    epsilon: f32,
}

impl HeldNorm {
    fn of(norm: &LayerNorm, epsilon: f64) -> Option<Self> {
        let (gamma, beta) = (Held::of(&norm.gamma)?, Held::of(norm.beta.as_ref()?)?);
        gamma.slice()?;
        beta.slice()?;
        Some(Self { gamma, beta, epsilon: epsilon as f32 })
    }

    fn norm(&self) -> Norm<'_> {
        let slice = |held| Held::slice(held).expect("asked when it was made");
        Norm { gamma: slice(&self.gamma), beta: slice(&self.beta), epsilon: self.epsilon }
    }
}

/// A layer's parameters.
struct HeldLayer {
    projections: [HeldLinear; 3],
    attended: HeldLinear,
    attended_norm: HeldNorm,
    wide: HeldLinear,
    activation: Activation,
    output: HeldLinear,
    output_norm: HeldNorm,
}

impl HeldLayer {
    fn of(layer: &BertLayer, epsilon: f64) -> Option<Self> {
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

/// Tokens of several rows, one behind the other.
struct Packed {
    /// Where each packed token stands in the batch, `row × length + place`.
    places: Vec<usize>,
    /// The tokens of each row.
    rows: Vec<Range<usize>>,
    /// A term for each token as a key.
    bias: Option<Vec<f32>>,
}

impl Packed {
    /// `None` where real tokens do not come first in every row.
    fn of(batch: &TokenBatch, mode: MaskMode) -> Option<Self> {
        let [rows, length] = batch.dims();
        let mask: Option<Vec<f32>> =
            batch.mask.clone().map(|mask| mask.into_data().iter::<f32>().collect());
        let mut packed =
            Self { places: Vec::with_capacity(rows * length), rows: Vec::new(), bias: None };
        for row in 0..rows {
            let mut real = length;
            if let (MaskMode::Padding, Some(mask)) = (mode, &mask) {
                let mask = &mask[row * length..(row + 1) * length];
                real = mask.iter().take_while(|value| **value == 1.0).count();
                if mask[real..].iter().any(|value| *value != 0.0) {
                    return None;
                }
            }
            let start = packed.places.len();
            if real == 0 {
                // Every key has the term of padding. It changes the weights in the last digits alone, as in
                // the reference, which adds it in f32.
                packed.bias.get_or_insert_with(|| vec![0.0; rows * length])[start..start + length]
                    .fill(PADDING);
                real = length;
            }
            packed.places.extend((0..real).map(|place| row * length + place));
            packed.rows.push(start..start + real);
        }
        if mode == MaskMode::Head {
            packed.bias = mask;
        }
        Some(packed)
    }
}

/// Encodes rows of tokens; `None` where the kernels do not apply: on other devices, in half precision, for gradients,
/// for MosaicBERT, or switched off.
pub(crate) fn encode(
    bert: &Bert,
    batch: &TokenBatch,
    wanted: Wanted,
    sink: &mut dyn LayerSink,
) -> Option<EncoderOutput> {
    let device = batch.ids.device();
    let [_, length] = batch.dims();
    let is_plain = batch.word_vectors.is_none() && length > 0;
    if !kernels::is_enabled() || device.is_autodiff() || !is_plain {
        return None;
    }
    let embeddings = Embeddings::of(bert)?;
    let (heads, epsilon) = bert.shape();
    let layers = bert.encoder.layer.iter().map(|layer| match layer {
        Layer::Bert(layer) => HeldLayer::of(layer, epsilon),
        Layer::MosaicBert(_) => None,
    });
    let layers: Vec<HeldLayer> = layers.collect::<Option<_>>()?;
    let packed = Packed::of(batch, bert.mask_mode())?;
    let level = Level::detected();
    let dims @ [rows, length] = batch.dims();
    let hidden = embeddings.norm.norm().gamma.len();
    let unpack = |states: &[f32]| packed.unpack(states.to_vec(), dims, hidden, &device);
    let mut states = embeddings.forward(level, batch, &packed);
    if sink.wants_hidden(0) {
        sink.hidden(0, unpack(&states));
    }
    let mut buffers = Buffers::default();
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
            &mut buffers,
        );
        if let Some(weights) = weights {
            let shape = [rows, heads, length, length];
            sink.attention(index, Tensor::from_data(TensorData::new(weights, shape), &device));
        }
        if sink.wants_hidden(index + 1) {
            sink.hidden(index + 1, unpack(&states));
        }
    }
    let first = if first_only { states.clone() } else { packed.first(&states, hidden) };
    let first = Tensor::<2>::from_data(TensorData::new(first, [rows, hidden]), &device);
    let hidden = match wanted {
        Wanted::All => packed.unpack(states, dims, hidden, &device),
        Wanted::First => first.clone().reshape([rows, 1, hidden]),
    };
    let pooled = match &bert.pooler {
        Some(pooler) => pooler.of_first(first),
        None => first,
    };
    Some(EncoderOutput { hidden, pooled })
}

impl Packed {
    /// The states of each row's first token.
    fn first(&self, states: &[f32], hidden: usize) -> Vec<f32> {
        let starts = self.rows.iter().map(|tokens| tokens.start * hidden);
        starts.flat_map(|start| &states[start..start + hidden]).copied().collect()
    }

    /// States in their places, `[batch, length, hidden]`; padding has zeros.
    fn unpack(
        &self,
        states: Vec<f32>,
        [rows, length]: [usize; 2],
        hidden: usize,
        device: &Device,
    ) -> Tensor<3> {
        let all = if self.places.len() == rows * length {
            states
        } else {
            let mut all = vec![0.0; rows * length * hidden];
            for (row, tokens) in self.rows.iter().enumerate() {
                let own = &states[tokens.start * hidden..tokens.end * hidden];
                all[row * length * hidden..][..own.len()].copy_from_slice(own);
            }
            all
        };
        Tensor::from_data(TensorData::new(all, [rows, length, hidden]), device)
    }
}

/// The tables of embeddings.
struct Embeddings {
    words: Held,
    positions: Held,
    segments: Held,
    norm: HeldNorm,
}

impl Embeddings {
    fn of(bert: &Bert) -> Option<Self> {
        let embeddings = &bert.embeddings;
        let table = |parameter| Held::of(parameter).filter(|held| held.slice().is_some());
        Some(Self {
            words: table(&embeddings.word_embeddings.weight)?,
            positions: table(&embeddings.position_embeddings.as_ref()?.weight)?,
            segments: table(&embeddings.token_type_embeddings.weight)?,
            norm: HeldNorm::of(&embeddings.layer_norm, bert.shape().1)?,
        })
    }

    /// The packed embeddings, `[tokens, hidden]`.
    fn forward(&self, level: Level, batch: &TokenBatch, packed: &Packed) -> Vec<f32> {
        let [_, length] = batch.dims();
        let norm = self.norm.norm();
        let hidden = norm.gamma.len();
        let slice = |held| Held::slice(held).expect("asked when it was made");
        let [words, positions, segments] =
            [&self.words, &self.positions, &self.segments].map(slice);
        let maximum = positions.len() / hidden;
        assert!(length <= maximum, "{length} tokens, but the model has {maximum} positions");
        let read = |tensor: Tensor<2, burn::tensor::Int>| -> Vec<usize> {
            let whole = |id| usize::try_from(id).expect("ids are not negative");
            tensor.into_data().iter::<i64>().map(whole).collect()
        };
        let ids = read(batch.ids.clone());
        let kinds = batch.segment_ids.clone().map(read);
        let mut states = vec![0.0; packed.places.len() * hidden];
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

/// Tokens of a block, so that every core has as many.
fn block_of(tokens: usize) -> usize {
    let cores = rayon::current_num_threads();
    let rounds = tokens.div_ceil(cores * BLOCK).max(1);
    tokens.div_ceil(cores * rounds).max(1)
}

/// Memory that one layer leaves to the next.
#[derive(Default)]
struct Buffers {
    projected: Vec<f32>,
    context: Vec<f32>,
}

/// One layer: the states that come out, of all tokens or of each row's first one.
#[allow(clippy::too_many_arguments, reason = "one call, and the parts are of different lives")]
fn forward(
    level: Level,
    layer: &HeldLayer,
    states: &[f32],
    packed: &Packed,
    heads: usize,
    first_only: bool,
    weights: Option<(&mut [f32], usize)>,
    buffers: &mut Buffers,
) -> Vec<f32> {
    let hidden = layer.attended_norm.norm().gamma.len();
    let tokens = packed.places.len();
    let block = block_of(tokens);
    let stride = 3 * hidden;
    buffers.projected.resize(tokens * stride, 0.0);
    let [query, key, value] = [0, 1, 2].map(|part| layer.projections[part].weights());
    buffers
        .projected
        .par_chunks_mut(block * stride)
        .zip(states.par_chunks(block * hidden))
        .for_each(|(projected, states)| {
            if !first_only {
                kernels::linear(level, states, &query, projected, stride);
            }
            kernels::linear(level, states, &key, &mut projected[hidden..], stride);
            kernels::linear(level, states, &value, &mut projected[2 * hidden..], stride);
        });
    let mut residual = states;
    let firsts;
    if first_only {
        firsts = packed.first(states, hidden);
        let mut queries = vec![0.0; firsts.len()];
        kernels::linear(level, &firsts, &query, &mut queries, hidden);
        for (tokens, query) in packed.rows.iter().zip(queries.chunks_exact(hidden)) {
            buffers.projected[tokens.start * stride..][..hidden].copy_from_slice(query);
        }
        residual = &firsts;
    }
    buffers.context.resize(residual.len(), 0.0);
    let attention = Attention {
        projected: &buffers.projected,
        hidden,
        heads,
        sequences: &packed.rows,
        bias: packed.bias.as_deref(),
        queries: first_only.then_some(1),
    };
    kernels::attention(level, &attention, &mut buffers.context, weights);
    let mut output = vec![0.0; residual.len()];
    let block = block_of(residual.len() / hidden);
    let [attended, wide, narrow] =
        [&layer.attended, &layer.wide, &layer.output].map(HeldLinear::weights);
    let blocks = output
        .par_chunks_mut(block * hidden)
        .zip(buffers.context.par_chunks(block * hidden))
        .zip(residual.par_chunks(block * hidden));
    blocks.for_each_init(
        || (vec![0.0; block * hidden], vec![0.0; block * wide.output()]),
        |(middle, broad), ((output, context), residual)| {
            let count = output.len() / hidden;
            let middle = &mut middle[..output.len()];
            kernels::linear(level, context, &attended, middle, hidden);
            kernels::add_norm(level, middle, Some(residual), layer.attended_norm.norm());
            let broad = &mut broad[..count * wide.output()];
            kernels::linear(level, middle, &wide, broad, wide.output());
            match layer.activation {
                Activation::Gelu => kernels::gelu(level, broad),
                Activation::GeluNew => kernels::gelu_tanh(level, broad),
                Activation::Relu => kernels::relu(level, broad),
            }
            kernels::linear(level, broad, &narrow, output, hidden);
            kernels::add_norm(level, output, Some(middle), layer.output_norm.norm());
        },
    );
    output
}
