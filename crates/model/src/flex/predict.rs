//! One layer in prediction: blocks of tokens, with weights in f32 or packed.

use dnabert_kernels::{
    self as kernels, Attention, Buffer, Level, Norm, PackedRows, PackedWeights, Weights,
};
use rayon::prelude::*;

use super::packed::Packed;
use super::{activate, block_of};
use crate::Activation;

/// The weights of a linear layer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Product<'a> {
    /// In f32, where they are.
    Whole(Weights<'a>),
    /// In fewer bits.
    Packed(&'a PackedWeights),
}

/// The parameters of a layer.
pub(super) struct PredictLayer<'a> {
    pub(super) projections: [Product<'a>; 3],
    pub(super) attended: Product<'a>,
    pub(super) attended_norm: Norm<'a>,
    pub(super) wide: Product<'a>,
    pub(super) activation: Activation,
    pub(super) output: Product<'a>,
    pub(super) output_norm: Norm<'a>,
}

impl Product<'_> {
    pub(super) fn input(&self) -> usize {
        match self {
            Self::Whole(weights) => weights.input(),
            Self::Packed(weights) => weights.input(),
        }
    }

    pub(super) fn output(&self) -> usize {
        match self {
            Self::Whole(weights) => weights.output(),
            Self::Packed(weights) => weights.output(),
        }
    }

    /// Computes the product of `input`, `[rows, input]`, with these weights.
    fn apply(
        &self,
        level: Level,
        input: &[f32],
        rows: &mut PackedRows,
        output: &mut [f32],
        stride: usize,
    ) {
        apply_all(level, &[(*self, 0)], input, rows, output, stride);
    }
}

/// Computes the products of the same rows with several weights, each from a column of `output` on.
fn apply_all(
    level: Level,
    products: &[(Product<'_>, usize)],
    input: &[f32],
    rows: &mut PackedRows,
    output: &mut [f32],
    stride: usize,
) {
    let mut are_packed = false;
    for (product, column) in products {
        let output = &mut output[*column..];
        match product {
            Product::Whole(weights) => kernels::linear(level, input, weights, output, stride),
            Product::Packed(weights) => {
                // All weights of one call are packed alike.
                if !are_packed {
                    weights.pack_rows(level, input, rows);
                    are_packed = true;
                }
                weights.multiply(level, rows, output, stride);
            }
        }
    }
}

/// Runs one layer and returns its output states, of all tokens or of the first token of each row.
#[allow(clippy::too_many_arguments, reason = "one call, and the parts are of different lives")]
pub(super) fn forward(
    level: Level,
    layer: &PredictLayer<'_>,
    states: &[f32],
    packed: &Packed,
    heads: usize,
    first_only: bool,
    weights: Option<(&mut [f32], usize)>,
) -> Buffer {
    let hidden = layer.attended_norm.gamma.len();
    let tokens = packed.places.len();
    let block = block_of(tokens);
    let stride = 3 * hidden;
    let mut projected = Buffer::new(tokens * stride);
    let [query, key, value] = layer.projections;
    let all = [(query, 0), (key, hidden), (value, 2 * hidden)];
    // Queries of the first tokens alone follow below.
    let wanted = &all[usize::from(first_only)..];
    projected.par_chunks_mut(block * stride).zip(states.par_chunks(block * hidden)).for_each_init(
        PackedRows::default,
        |rows, (projected, states)| {
            apply_all(level, wanted, states, rows, projected, stride);
        },
    );
    let mut residual = states;
    let firsts;
    if first_only {
        firsts = packed.first(states, hidden);
        let mut queries = vec![0.0; firsts.len()];
        query.apply(level, &firsts, &mut PackedRows::default(), &mut queries, hidden);
        for (tokens, query) in packed.rows.iter().zip(queries.chunks_exact(hidden)) {
            projected[tokens.start * stride..][..hidden].copy_from_slice(query);
        }
        residual = &firsts;
    }
    let mut context = Buffer::new(residual.len());
    let attention = Attention {
        projected: &projected,
        hidden,
        heads,
        sequences: &packed.rows,
        bias: packed.bias.as_deref(),
        queries: first_only.then_some(1),
    };
    kernels::attention(level, &attention, &mut context, weights);
    drop(projected);
    let mut output = Buffer::new(residual.len());
    let block = block_of(residual.len() / hidden);
    let width = layer.wide.output();
    let blocks = output
        .par_chunks_mut(block * hidden)
        .zip(context.par_chunks(block * hidden))
        .zip(residual.par_chunks(block * hidden));
    blocks.for_each_init(
        || (Buffer::new(block * hidden), Buffer::new(block * width), PackedRows::default()),
        |(middle, broad, rows), ((output, context), residual)| {
            let count = output.len() / hidden;
            let middle = &mut middle[..output.len()];
            layer.attended.apply(level, context, rows, middle, hidden);
            kernels::add_norm(level, middle, Some(residual), layer.attended_norm);
            let broad = &mut broad[..count * width];
            layer.wide.apply(level, middle, rows, broad, width);
            activate(level, layer.activation, broad);
            layer.output.apply(level, broad, rows, output, hidden);
            kernels::add_norm(level, output, Some(middle), layer.output_norm);
        },
    );
    output
}
