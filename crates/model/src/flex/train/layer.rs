//! The forward pass of a layer, which keeps what the gradient needs.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use dnabert_kernels::{self as kernels, Attention, Buffer, Kept, KeptWeights, Level, Weights};
use rayon::prelude::*;

use super::{Dropping, INPUTS, Settings};
use crate::Activation;
use crate::flex::block_of;
use crate::flex::param::{FlexParamLinear, FlexParamNorm};

/// The states and the parameters of a layer.
#[derive(Debug)]
pub(super) struct Inputs {
    states: FlexTensor,
    /// Query, key and value.
    pub(super) projections: [FlexParamLinear; 3],
    pub(super) attended: FlexParamLinear,
    pub(super) attended_norm: FlexParamNorm,
    pub(super) wide: FlexParamLinear,
    pub(super) output: FlexParamLinear,
    pub(super) output_norm: FlexParamNorm,
}

/// What the forward pass keeps for the gradient.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// `[tokens, 3 × hidden]`
    pub(super) projected: Buffer,
    /// The attention weights; dropped ones have a negative sign.
    pub(super) weights: Buffer,
    /// `[tokens, hidden]`
    pub(super) context: Buffer,
    pub(super) attended: SavedNorm,
    /// After the activation, `[tokens, intermediate]`.
    pub(super) broad: Buffer,
    /// The derivative of the activation, `[tokens, intermediate]`.
    pub(super) slopes: Buffer,
    pub(super) output: SavedNorm,
}

/// What a residual branch keeps: dropout and layer normalisation.
#[derive(Debug, Default)]
pub(super) struct SavedNorm {
    /// A byte for each element, `[tokens, hidden]`: 0 for a dropped one, else 1; empty without
    /// dropout.
    pub(super) mask: Buffer,
    /// After the normalisation, before scale and shift, `[tokens, hidden]`.
    pub(super) normalized: Buffer,
    /// `[tokens]`
    pub(super) scales: Buffer,
    /// After scale and shift, `[tokens, hidden]`; empty for the last output of the layer.
    pub(super) rows: Buffer,
}

impl SavedNorm {
    fn new(dropout: Option<&Dropping>, settings: &Settings, tokens: usize, hidden: usize) -> Self {
        Self {
            mask: dropout
                .map_or_else(Buffer::default, |dropout| dropout.mask(settings, tokens, hidden)),
            normalized: Buffer::new(tokens * hidden),
            scales: Buffer::new(tokens),
            rows: Buffer::default(),
        }
    }
}

impl Dropping {
    /// The mask of the states of all tokens, `[tokens, hidden]`: that of the whole batch, without
    /// padding.
    fn mask(&self, settings: &Settings, tokens: usize, hidden: usize) -> Buffer {
        let longest = settings.rows.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
        let all = self.draw(longest * hidden);
        if tokens == settings.rows.len() * longest {
            return all;
        }
        let mut mask = Buffer::for_bytes(tokens * hidden);
        let mut rest = mask.as_bytes_mut(tokens * hidden);
        let all = all.as_bytes(self.seeds.len() * longest * hidden);
        for (tokens, all) in settings.rows.iter().zip(all.chunks_exact(longest * hidden)) {
            let (row, behind) = rest.split_at_mut(tokens.len() * hidden);
            row.copy_from_slice(&all[..row.len()]);
            rest = behind;
        }
        mask
    }

    /// The masks of all rows, with so many elements each.
    fn draw(&self, elements: usize) -> Buffer {
        let count = self.seeds.len() * elements;
        let mut mask = Buffer::for_bytes(count);
        let level = Level::detected();
        kernels::draw_mask(level, &self.seeds, self.threshold, mask.as_bytes_mut(count));
        mask
    }
}

impl Inputs {
    pub(super) fn new(tensors: [FlexTensor; INPUTS], epsilon: f32) -> Self {
        let mut tensors = tensors.into_iter();
        let mut next = || tensors.next().expect("as many as were counted");
        let states = next().to_contiguous();
        let projections = [(); 3].map(|()| FlexParamLinear::from_tensors([next(), next()]));
        let attended = FlexParamLinear::from_tensors([next(), next()]);
        let attended_norm = FlexParamNorm::from_tensors([next(), next()], epsilon);
        let wide = FlexParamLinear::from_tensors([next(), next()]);
        let output = FlexParamLinear::from_tensors([next(), next()]);
        let output_norm = FlexParamNorm::from_tensors([next(), next()], epsilon);
        Self { states, projections, attended, attended_norm, wide, output, output_norm }
    }

    /// The states before the layer, `[tokens, hidden]`.
    pub(super) fn states(&self) -> &[f32] {
        self.states.as_slice::<f32>().expect("made contiguous")
    }

    /// The states, which nobody else may read.
    pub(super) fn into_states(self) -> FlexTensor {
        self.states
    }

    /// Computes the layer.
    pub(super) fn forward(&self, settings: &Settings) -> (FlexTensor, Saved) {
        let level = Level::detected();
        let states = self.states();
        let [hidden, _] = self.attended.dims();
        let [_, broad_width] = self.wide.dims();
        let tokens = states.len() / hidden;
        let block = block_of(tokens);
        let stride = 3 * hidden;
        let [weight_dropout, attended_dropout, output_dropout] = &settings.dropout;

        let mut projected = Buffer::new(tokens * stride);
        let joined = self.joined_projections();
        let projection = joined.weights();
        projected.par_chunks_mut(block * stride).zip(states.par_chunks(block * hidden)).for_each(
            |(projected, states)| {
                kernels::linear(level, states, &projection, projected, stride);
            },
        );

        let mut weights = Buffer::new(kernels::weight_count(&settings.rows, settings.heads));
        let mut context = Buffer::new(tokens * hidden);
        let attention = settings.attention(&projected, hidden);
        let square = settings.heads * settings.length * settings.length;
        let mask = weight_dropout.as_ref().map(|dropout| (dropout.draw(square), dropout));
        let kept = mask.as_ref().map(|(mask, dropout)| KeptWeights {
            kept: Kept {
                mask: mask.as_bytes(dropout.seeds.len() * square),
                factor: dropout.factor,
            },
            length: settings.length,
        });
        kernels::train_attention(level, &attention, kept, &mut weights, &mut context);
        drop((mask, joined));

        let mut attended = SavedNorm::new(attended_dropout.as_ref(), settings, tokens, hidden);
        let mut output = SavedNorm::new(output_dropout.as_ref(), settings, tokens, hidden);
        let mut middle = Buffer::new(tokens * hidden);
        let mut last = Buffer::new(tokens * hidden);
        let mut broad = Buffer::new(tokens * broad_width);
        let mut slopes = Buffer::new(tokens * broad_width);
        let [dense, wide, narrow] =
            [&self.attended, &self.wide, &self.output].map(FlexParamLinear::weights);
        let blocks = middle
            .par_chunks_mut(block * hidden)
            .zip(last.par_chunks_mut(block * hidden))
            .zip(broad.par_chunks_mut(block * broad_width))
            .zip(slopes.par_chunks_mut(block * broad_width))
            .zip(attended.blocks(block, hidden, attended_dropout.as_ref()))
            .zip(output.blocks(block, hidden, output_dropout.as_ref()))
            .zip(context.par_chunks(block * hidden))
            .zip(states.par_chunks(block * hidden));
        blocks.for_each(
            |(((((((middle, last), broad), slopes), attended), output), context), states)| {
                kernels::linear(level, context, &dense, middle, hidden);
                attended.norm(level, middle, states, &self.attended_norm);
                kernels::linear(level, middle, &wide, broad, broad_width);
                activate(level, settings.activation, broad, slopes);
                kernels::linear(level, broad, &narrow, last, hidden);
                output.norm(level, last, middle, &self.output_norm);
            },
        );
        attended.rows = middle;
        let saved = Saved { projected, weights, context, attended, broad, slopes, output };
        (FlexTensor::from_data(TensorData::new(last.into_vec(), [tokens, hidden])), saved)
    }
}

/// The weights of query, key and value side by side: one product instead of three.
pub(super) struct Joined {
    /// `[hidden, 3 × hidden]`
    weights: Buffer,
    /// `[3 × hidden]`
    bias: Buffer,
    hidden: usize,
}

impl Joined {
    pub(super) fn weights(&self) -> Weights<'_> {
        let output = 3 * self.hidden;
        Weights::new(&self.weights, [self.hidden, output], [output, 1], Some(&self.bias))
    }
}

impl Inputs {
    pub(super) fn joined_projections(&self) -> Joined {
        let [hidden, _] = self.attended.dims();
        let (mut weights, mut bias) = (Buffer::new(3 * hidden * hidden), Buffer::new(3 * hidden));
        for (part, linear) in self.projections.iter().enumerate() {
            let columns = part * hidden..(part + 1) * hidden;
            linear.copy_rows(
                weights.chunks_exact_mut(3 * hidden).map(|row| &mut row[columns.clone()]),
            );
            bias[columns.clone()].copy_from_slice(linear.bias());
        }
        Joined { weights, bias, hidden }
    }
}

impl Settings {
    /// The attention of these projections.
    pub(super) fn attention<'a>(&'a self, projected: &'a [f32], hidden: usize) -> Attention<'a> {
        Attention {
            projected,
            hidden,
            heads: self.heads,
            sequences: &self.rows,
            bias: self.bias.as_deref(),
            queries: None,
        }
    }
}

/// A block of tokens of a [`SavedNorm`].
struct NormBlock<'a> {
    kept: Option<Kept<'a>>,
    normalized: &'a mut [f32],
    scales: &'a mut [f32],
}

impl SavedNorm {
    fn blocks<'a>(
        &'a mut self,
        block: usize,
        hidden: usize,
        dropout: Option<&'a Dropping>,
    ) -> impl IndexedParallelIterator<Item = NormBlock<'a>> {
        let Self { mask, normalized, scales, .. } = self;
        let count = if dropout.is_some() { normalized.len() } else { 0 };
        let mask: &'a [u8] = mask.as_bytes(count);
        let factor = dropout.map(|dropout| dropout.factor);
        normalized.par_chunks_mut(block * hidden).zip(scales.par_chunks_mut(block)).enumerate().map(
            move |(index, (normalized, scales))| {
                let start = index * block * hidden;
                let kept = factor.map(|factor| {
                    let mask = &mask[start..start + normalized.len()];
                    Kept { mask, factor }
                });
                NormBlock { kept, normalized, scales }
            },
        )
    }
}

impl NormBlock<'_> {
    /// Replaces `rows` by the normalised sum of these rows, after dropout, and `residual`.
    fn norm(self, level: Level, rows: &mut [f32], residual: &[f32], norm: &FlexParamNorm) {
        let Self { kept, normalized, scales } = self;
        kernels::train_norm(level, rows, residual, kept, norm.norm(), normalized, scales);
    }
}

/// Applies an activation function in place, and writes its derivative.
fn activate(level: Level, activation: Activation, values: &mut [f32], slopes: &mut [f32]) {
    match activation {
        Activation::Gelu => kernels::train_gelu(level, values, slopes),
        Activation::GeluNew => kernels::train_gelu_tanh(level, values, slopes),
        Activation::Relu => kernels::train_relu(level, values, slopes),
    }
}
