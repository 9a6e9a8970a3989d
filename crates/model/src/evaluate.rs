//! Scores for many rows.

use burn::tensor::{Device, Tensor};
use dnabert_core::Encoding;

use crate::{Encoder, Scorer, SequenceClassifier, TokenBatch};

/// The logits of `rows`, in their order, computed in batches of similar length: for each row its
/// outputs or, where tokens are judged, the outputs of each of its tokens.
///
/// `model` should come from [`valid`](burn::module::Module::valid), so that dropout is off.
///
/// # Panics
///
/// If `batch_size` is 0, or a row is longer than the model's positions.
pub fn logits<M: Scorer>(
    model: &M,
    rows: &[&Encoding],
    batch_size: usize,
    pad: u32,
    device: &Device,
) -> Vec<Vec<f32>> {
    let padded = |longest| model.padded_length(longest);
    outputs(rows, batch_size, pad, device, padded, |batch| model.scores(batch))
}

/// The pooled states of each of `rows` that the head of `model` reads, `hidden` numbers.
///
/// # Panics
///
/// As [`logits`].
pub fn pooled_states<E: Encoder>(
    model: &SequenceClassifier<E>,
    rows: &[&Encoding],
    batch_size: usize,
    pad: u32,
    device: &Device,
) -> Vec<Vec<f32>> {
    let padded = |longest| model.padded_length(longest);
    let pool = |batch: &TokenBatch| model.average_pool(batch, &mut ());
    outputs(rows, batch_size, pad, device, padded, pool)
}

/// What `output` gives for each row, `[batch, outputs]`, or for each token of each row,
/// `[batch × length, outputs]`, of which those of padding are left out.
fn outputs(
    rows: &[&Encoding],
    batch_size: usize,
    pad: u32,
    device: &Device,
    padded_length: impl Fn(usize) -> usize,
    output: impl Fn(&TokenBatch) -> Tensor<2>,
) -> Vec<Vec<f32>> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&index| rows[index].len());
    let mut found = vec![Vec::new(); rows.len()];
    for chunk in order.chunks(batch_size) {
        let batch: Vec<_> = chunk.iter().map(|&index| rows[index]).collect();
        let longest = batch.iter().map(|row| row.len()).max().unwrap_or_default();
        let inputs = TokenBatch::padded(&batch, padded_length(longest), pad, device);
        let [_, length] = inputs.dims();
        let output = output(&inputs);
        let [judged, outputs] = output.dims();
        let per_row = judged / chunk.len() * outputs;
        let values: Vec<f32> = output.into_data().iter::<f32>().collect();
        for (&index, row) in chunk.iter().zip(values.chunks(per_row)) {
            let real = if judged == chunk.len() { per_row } else { rows[index].len() * outputs };
            debug_assert!(judged == chunk.len() || judged == chunk.len() * length);
            found[index] = row[..real].to_vec();
        }
    }
    found
}

/// Probabilities of one row of logits, computed in f64.
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> = logits.iter().map(|&x| f64::from(x - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

/// The probability of a label by its logit, computed in f64.
pub fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}
