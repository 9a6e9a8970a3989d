//! The forward pass of a layer, which keeps what the gradient needs.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use dnabert_kernels::{self as kernels, Attention, Kept, KeptWeights, Level};
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
    pub(super) projected: Vec<f32>,
    /// The attention weights; dropped ones have a negative sign.
    pub(super) weights: Vec<f32>,
    /// `[tokens, hidden]`
    pub(super) context: Vec<f32>,
    pub(super) attended: SavedNorm,
    /// After the activation, `[tokens, intermediate]`.
    pub(super) broad: Vec<f32>,
    /// The derivative of the activation, `[tokens, intermediate]`.
    pub(super) slopes: Vec<f32>,
    pub(super) output: SavedNorm,
}

/// What a residual branch keeps: dropout and layer normalisation.
#[derive(Debug, Default)]
pub(super) struct SavedNorm {
    /// 0 for a dropped element, else 1, `[tokens, hidden]`; empty without dropout.
    pub(super) mask: Vec<u8>,
    /// After the normalisation, before scale and shift, `[tokens, hidden]`.
    pub(super) normalized: Vec<f32>,
    /// `[tokens]`
    pub(super) scales: Vec<f32>,
    /// After scale and shift, `[tokens, hidden]`; empty for the last output of the layer.
    pub(super) rows: Vec<f32>,
}

impl SavedNorm {
    fn new(dropout: Option<&Dropping>, settings: &Settings, tokens: usize, hidden: usize) -> Self {
        Self {
            mask: dropout.map_or_else(Vec::new, |dropout| dropout.mask(settings, tokens, hidden)),
            normalized: vec![0.0; tokens * hidden],
            scales: vec![0.0; tokens],
            rows: Vec::new(),
        }
    }
}

impl Dropping {
    /// The mask of the states of all tokens, `[tokens, hidden]`: that of the whole batch, without
    /// padding.
    fn mask(&self, settings: &Settings, tokens: usize, hidden: usize) -> Vec<u8> {
        let longest = settings.rows.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
        let mut mask = vec![0; self.seeds.len() * longest * hidden];
        kernels::draw_mask(Level::detected(), &self.seeds, self.threshold, &mut mask);
        if tokens == settings.rows.len() * longest {
            return mask;
        }
        let rows = settings.rows.iter().zip(mask.chunks_exact(longest * hidden));
        rows.flat_map(|(tokens, mask)| &mask[..tokens.len() * hidden]).copied().collect()
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

        let mut projected = vec![0.0; tokens * stride];
        let projections = self.projections.each_ref().map(FlexParamLinear::weights);
        projected.par_chunks_mut(block * stride).zip(states.par_chunks(block * hidden)).for_each(
            |(projected, states)| {
                for (part, weights) in projections.iter().enumerate() {
                    let place = &mut projected[part * hidden..];
                    kernels::linear(level, states, weights, place, stride);
                }
            },
        );

        let mut weights = vec![0.0; kernels::weight_count(&settings.rows, settings.heads)];
        let mut context = vec![0.0; tokens * hidden];
        let attention = settings.attention(&projected, hidden);
        let mask = weight_dropout.as_ref().map(|dropout| {
            let square = settings.heads * settings.length * settings.length;
            let mut mask = vec![0; dropout.seeds.len() * square];
            kernels::draw_mask(level, &dropout.seeds, dropout.threshold, &mut mask);
            (mask, dropout.factor)
        });
        let kept = mask.as_ref().map(|(mask, factor)| KeptWeights {
            kept: Kept { mask, factor: *factor },
            length: settings.length,
        });
        kernels::train_attention(level, &attention, kept, &mut weights, &mut context);
        drop(mask);

        let mut attended = SavedNorm::new(attended_dropout.as_ref(), settings, tokens, hidden);
        let mut output = SavedNorm::new(output_dropout.as_ref(), settings, tokens, hidden);
        let mut middle = vec![0.0; tokens * hidden];
        let mut last = vec![0.0; tokens * hidden];
        let mut broad = vec![0.0; tokens * broad_width];
        let mut slopes = vec![0.0; tokens * broad_width];
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
        (FlexTensor::from_data(TensorData::new(last, [tokens, hidden])), saved)
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
        let mask: &'a [u8] = mask;
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
