//! The gradient of a layer.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use dnabert_kernels::{self as kernels, Buffer, Kept, Level, Store};
use rayon::prelude::*;

use super::layer::{Inputs, Saved, SavedNorm};
use super::{Dropping, INPUTS, Settings};
use crate::flex::param::{FlexParamLinear, FlexParamNorm};
use crate::flex::{block_of, give_back};

/// Computes the gradients of the wanted inputs, in their order, from that of the output.
pub(super) fn gradients(
    inputs: &Inputs,
    settings: &Settings,
    saved: &Saved,
    output: FlexTensor,
    wanted: [bool; INPUTS],
) -> [Option<FlexTensor>; INPUTS] {
    let level = Level::detected();
    let [hidden, _] = inputs.attended.dims();
    let [_, broad_width] = inputs.wide.dims();
    let stride = 3 * hidden;
    let last = if output.as_slice::<f32>().is_some() { output } else { output.to_contiguous() };
    let output = last.as_slice::<f32>().expect("made contiguous");
    let tokens = output.len() / hidden;
    let block = block_of(tokens);
    let [_, attended_dropout, output_dropout] = &settings.dropout;
    let [dense, wide, narrow] =
        [&inputs.attended, &inputs.wide, &inputs.output].map(FlexParamLinear::weights);

    // The sum before the last norm, its branch, and so on back to the attention.
    let mut narrow_rows = Buffer::new(tokens * hidden);
    let mut broad = Buffer::new(tokens * broad_width);
    let mut residual = Buffer::new(tokens * hidden);
    let mut dense_rows = Buffer::new(tokens * hidden);
    let mut context = Buffer::new(tokens * hidden);
    let blocks = narrow_rows
        .par_chunks_mut(block * hidden)
        .zip(broad.par_chunks_mut(block * broad_width))
        .zip(residual.par_chunks_mut(block * hidden))
        .zip(dense_rows.par_chunks_mut(block * hidden))
        .zip(context.par_chunks_mut(block * hidden))
        .zip(output.par_chunks(block * hidden))
        .enumerate();
    let norms: Vec<[Vec<f32>; 4]> = blocks
        .map(|(index, (((((narrow_rows, broad), residual), dense_rows), context), output))| {
            let first = index * block;
            let mut norms = [(); 4].map(|()| vec![0.0; hidden]);
            let [attended_gamma, attended_beta, output_gamma, output_beta] = &mut norms;
            residual.copy_from_slice(output);
            let norm = [output_gamma, output_beta];
            saved.output.gradient(level, first, residual, &inputs.output_norm, norm);
            saved.output.branch(level, first, residual, output_dropout.as_ref(), narrow_rows);
            kernels::input_gradient(narrow_rows, hidden, &narrow, broad, Store::Replace);
            let slopes = &saved.slopes[first * broad_width..][..broad.len()];
            kernels::multiply(level, broad, slopes);
            kernels::input_gradient(broad, broad_width, &wide, residual, Store::Add);
            let norm = [attended_gamma, attended_beta];
            saved.attended.gradient(level, first, residual, &inputs.attended_norm, norm);
            saved.attended.branch(level, first, residual, attended_dropout.as_ref(), dense_rows);
            kernels::input_gradient(dense_rows, hidden, &dense, context, Store::Replace);
            norms
        })
        .collect();
    give_back(last);

    let mut projected = Buffer::new(tokens * stride);
    let attention = settings.attention(&saved.projected, hidden);
    let factor = settings.dropout[0].as_ref().map_or(1.0, |dropout| dropout.factor);
    kernels::attention_gradient(
        level,
        &attention,
        &saved.weights,
        factor,
        &context,
        &mut projected,
    );

    let states = wanted[0].then(|| {
        let joined = inputs.joined_projections();
        let projection = joined.weights();
        let blocks = residual.par_chunks_mut(block * hidden);
        blocks.zip(projected.par_chunks(block * stride)).for_each(|(states, projected)| {
            kernels::input_gradient(projected, stride, &projection, states, Store::Add);
        });
        tensor(residual.into_vec(), &[tokens, hidden])
    });

    let mut found = [const { None }; INPUTS];
    found[0] = states;
    if wanted[1..7].iter().any(|wanted| *wanted) {
        // One product for query, key and value, whose columns are then taken apart.
        let mut all = Buffer::new(hidden * stride);
        let rows = [tokens, hidden];
        let shape = [hidden, stride];
        kernels::weight_gradient(inputs.states(), rows, &projected, stride, &mut all, shape);
        let mut biases = vec![0.0; stride];
        kernels::column_sums(level, &projected, stride, &mut biases);
        for part in 0..3 {
            let columns = part * hidden..(part + 1) * hidden;
            found[1 + 2 * part] = wanted[1 + 2 * part].then(|| {
                let mut own = Buffer::new(hidden * hidden);
                for (own, row) in own.chunks_exact_mut(hidden).zip(all.chunks_exact(stride)) {
                    own.copy_from_slice(&row[columns.clone()]);
                }
                tensor(own.into_vec(), &[hidden, hidden])
            });
            found[2 + 2 * part] =
                wanted[2 + 2 * part].then(|| tensor(biases[columns.clone()].to_vec(), &[hidden]));
        }
    }
    // Inputs have the order of `LayerTensors`: weights are input `at`, and their bias is the next one.
    let mut linear = |at: usize, input: &[f32], rows: &[f32], [outputs, stride]: [usize; 2]| {
        let inputs = input.len() / tokens;
        if wanted[at] {
            let mut weights = Buffer::new(inputs * outputs);
            let shape = [inputs, outputs];
            kernels::weight_gradient(input, [tokens, inputs], rows, stride, &mut weights, shape);
            found[at] = Some(tensor(weights.into_vec(), &[inputs, outputs]));
        }
        if wanted[at + 1] {
            let mut bias = vec![0.0; outputs];
            kernels::column_sums(level, rows, stride, &mut bias);
            found[at + 1] = Some(tensor(bias, &[outputs]));
        }
    };
    linear(7, &saved.context, &dense_rows, [hidden; 2]);
    linear(11, &saved.attended.rows, &broad, [broad_width; 2]);
    linear(13, &saved.broad, &narrow_rows, [hidden; 2]);
    for (at, part) in [(9, 0), (10, 1), (15, 2), (16, 3)] {
        if wanted[at] {
            let mut sum = vec![0.0; hidden];
            for norms in &norms {
                sum.iter_mut().zip(&norms[part]).for_each(|(sum, value)| *sum += value);
            }
            found[at] = Some(tensor(sum, &[hidden]));
        }
    }
    found
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

impl SavedNorm {
    /// Replaces the gradient of a block of normalised rows by that of the sum before.
    fn gradient(
        &self,
        level: Level,
        first: usize,
        rows: &mut [f32],
        norm: &FlexParamNorm,
        [gamma, beta]: [&mut Vec<f32>; 2],
    ) {
        let norm = norm.norm();
        let hidden = norm.gamma.len();
        let normalized = &self.normalized[first * hidden..][..rows.len()];
        let scales = &self.scales[first..][..rows.len() / hidden];
        kernels::norm_gradient(level, rows, normalized, scales, norm.gamma, gamma, beta);
    }

    /// Writes the gradient of the branch of a block of sums, before its dropout.
    fn branch(
        &self,
        level: Level,
        first: usize,
        sums: &[f32],
        dropout: Option<&Dropping>,
        branch: &mut [f32],
    ) {
        branch.copy_from_slice(sums);
        if let Some(dropout) = dropout {
            let hidden = self.normalized.len() / self.scales.len();
            let mask = &self.mask.as_bytes(self.normalized.len())[first * hidden..];
            let mask = &mask[..branch.len()];
            kernels::apply_mask(level, branch, Kept { mask, factor: dropout.factor });
        }
    }
}
