//! The gradient of a layer.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use dnabert_kernels::{self as kernels, Kept, Level, Old};
use rayon::prelude::*;

use super::layer::{Inputs, Saved, SavedNorm};
use super::{Dropping, INPUTS, Settings};
use crate::flex::block_of;
use crate::flex::param::{FlexParamLinear, FlexParamNorm};

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
    let output = output.to_contiguous();
    let output = output.as_slice::<f32>().expect("made contiguous");
    let tokens = output.len() / hidden;
    let block = block_of(tokens);
    let [_, attended_dropout, output_dropout] = &settings.dropout;
    let [dense, wide, narrow] =
        [&inputs.attended, &inputs.wide, &inputs.output].map(FlexParamLinear::weights);

    // The sum before the last norm, its branch, and so on back to the attention.
    let mut narrow_rows = vec![0.0; tokens * hidden];
    let mut broad = vec![0.0; tokens * broad_width];
    let mut residual = vec![0.0; tokens * hidden];
    let mut dense_rows = vec![0.0; tokens * hidden];
    let mut context = vec![0.0; tokens * hidden];
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
            kernels::input_gradient(narrow_rows, hidden, &narrow, broad, Old::Replaced);
            let slopes = &saved.slopes[first * broad_width..][..broad.len()];
            kernels::multiply(level, broad, slopes);
            kernels::input_gradient(broad, broad_width, &wide, residual, Old::Added);
            let norm = [attended_gamma, attended_beta];
            saved.attended.gradient(level, first, residual, &inputs.attended_norm, norm);
            saved.attended.branch(level, first, residual, attended_dropout.as_ref(), dense_rows);
            kernels::input_gradient(dense_rows, hidden, &dense, context, Old::Replaced);
            norms
        })
        .collect();

    let mut projected = vec![0.0; tokens * stride];
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
        let projections = inputs.projections.each_ref().map(FlexParamLinear::weights);
        let blocks = residual.par_chunks_mut(block * hidden);
        blocks.zip(projected.par_chunks(block * stride)).for_each(|(states, projected)| {
            for (part, weights) in projections.iter().enumerate() {
                let rows = &projected[part * hidden..];
                kernels::input_gradient(rows, stride, weights, states, Old::Added);
            }
        });
        tensor(residual, &[tokens, hidden])
    });

    let mut found = [const { None }; INPUTS];
    found[0] = states;
    // The weights are input `at`, and the bias is the one after it.
    let mut linear = |at: usize, input: &[f32], rows: &[f32], [outputs, stride]: [usize; 2]| {
        let inputs = input.len() / tokens;
        if wanted[at] {
            let mut weights = vec![0.0; inputs * outputs];
            let shape = [inputs, outputs];
            kernels::weight_gradient(input, [tokens, inputs], rows, stride, &mut weights, shape);
            found[at] = Some(tensor(weights, &[inputs, outputs]));
        }
        if wanted[at + 1] {
            let mut bias = vec![0.0; outputs];
            kernels::column_sums(level, rows, stride, &mut bias);
            found[at + 1] = Some(tensor(bias, &[outputs]));
        }
    };
    for part in 0..3 {
        linear(1 + 2 * part, inputs.states(), &projected[part * hidden..], [hidden, stride]);
    }
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
            let mask = &self.mask[first * hidden..][..branch.len()];
            kernels::apply_mask(level, branch, Kept { mask, factor: dropout.factor });
        }
    }
}
