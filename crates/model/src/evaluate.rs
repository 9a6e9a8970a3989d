//! Scores of many rows.

use burn::tensor::{Device, Tensor};
use dnabert_core::Encoding;

use crate::{Encoder, Scorer, SequenceClassifier, TokenBatch};

/// Number of batches whose outputs are kept on the device.
const WINDOW: usize = 16;

/// Returns the logits of `rows`, in the same order, computed in batches of similar length.
///
/// The result has one vector for each row: its outputs or, for a token classifier, the outputs of
/// each of its tokens. Call [`valid`](burn::module::Module::valid) on the model first, so that
/// dropout is off.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Encoding;
/// use dnabert_model::{BertConfig, logits, softmax};
///
/// let device = Device::flex();
/// let config = BertConfig {
///     hidden_size: 12,
///     num_hidden_layers: 2,
///     num_attention_heads: 3,
///     intermediate_size: 24,
///     ..BertConfig::new(69)
/// };
/// let model = config.with_labels(&["other", "promoter"]).sequence_classifier(1, &device);
/// let mut row = Encoding::default();
/// [2, 12, 33, 3].into_iter().for_each(|id| row.push(id, 0, None));
/// let scores = logits(&model, &[&row, &row], /* batch size */ 16, /* pad */ 0, &device);
/// assert_eq!((scores.len(), scores[0].len()), (2, 2));
/// let probabilities = softmax(&scores[0]);
/// assert!((probabilities[0] + probabilities[1] - 1.0).abs() < 1e-12);
/// ```
///
/// # Panics
///
/// If `batch_size` is 0, or if a row is longer than the position table of the model.
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

/// Returns for each of `rows` the pooled hidden states that the head of `model` reads.
///
/// A vector holds `hidden` numbers (`parts × hidden` with pooled parts).
///
/// # Panics
///
/// See [`logits`].
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

/// Returns what `output` gives for each row, `[batch, outputs]`, or for each token of each row,
/// `[batch × length, outputs]`, without padding.
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
    for window in order.chunks(WINDOW * batch_size) {
        // All are started before the first is read back, so that a GPU never waits.
        let started: Vec<(&[usize], usize, Tensor<2>)> = window
            .chunks(batch_size)
            .map(|chunk| {
                let batch: Vec<_> = chunk.iter().map(|&index| rows[index]).collect();
                let longest = batch.iter().map(|row| row.len()).max().unwrap_or_default();
                let length = padded_length(longest);
                (chunk, length, output(&TokenBatch::padded(&batch, length, pad, device)))
            })
            .collect();
        for (chunk, length, output) in started {
            let [scored, outputs] = output.dims();
            debug_assert!(scored == chunk.len() || scored == chunk.len() * length);
            let per_row = scored / chunk.len() * outputs;
            let values: Vec<f32> = output.into_data().iter::<f32>().collect();
            for (&index, row) in chunk.iter().zip(values.chunks(per_row)) {
                let real =
                    if scored == chunk.len() { per_row } else { rows[index].len() * outputs };
                found[index] = row[..real].to_vec();
            }
        }
    }
    found
}

/// Returns the class probabilities of one row of logits, computed in f64.
///
/// ```
/// use dnabert_model::softmax;
///
/// assert_eq!(softmax(&[0.0, 0.0]), [0.5, 0.5]);
/// assert!(softmax(&[1000.0, 0.0])[0] > 0.999); // no overflow
/// ```
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> = logits.iter().map(|&x| f64::from(x - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

/// Returns the probability of a label from its logit, computed in f64.
///
/// ```
/// assert_eq!(dnabert_model::sigmoid(0.0), 0.5);
/// ```
pub fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}
