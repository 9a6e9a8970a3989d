//! Evaluation of masked language models.

use burn::tensor::activation::log_softmax;
use dnabert_core::{Encoding, MaskPlan, derive_seed};
use dnabert_model::MaskedLanguageModel;
use serde::{Deserialize, Serialize};

use super::masked_batch::{Masked, scores};

/// The metrics of the predictions of hidden tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MaskedEvaluation {
    /// Mean cross-entropy of the hidden tokens, in nats.
    pub loss: f64,
    /// Fraction of the hidden tokens whose true id has the highest score.
    pub accuracy: f64,
    /// Perplexity, e^loss.
    pub perplexity: f64,
    /// Number of hidden tokens.
    pub tokens: usize,
}

impl std::fmt::Display for MaskedEvaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { loss, accuracy, perplexity, .. } = self;
        write!(f, "loss {loss:.4}, accuracy {accuracy:.4}, perplexity {perplexity:.2}")
    }
}

/// The predictions of the hidden tokens of one row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RowEvaluation {
    /// Number of hidden tokens.
    pub tokens: usize,
    /// Number of hidden tokens whose true id has the highest score.
    pub right: usize,
    /// Sum of the cross-entropies of the hidden tokens, in nats.
    pub loss: f64,
}

/// Evaluates `model` on `rows`; `None` if no token is hidden.
///
/// The masks depend only on `plan`, the rows and `seed`, so evaluations of different models or
/// steps can be compared. Call [`valid`](burn::module::Module::valid) on the model first, so that
/// dropout is off.
///
/// # Panics
///
/// If `pass_size` is 0.
pub fn evaluate_masked(
    model: &MaskedLanguageModel,
    rows: &[Encoding],
    plan: &dyn MaskPlan,
    pad: u32,
    pass_size: usize,
    seed: u64,
) -> Option<MaskedEvaluation> {
    let rows = evaluate_rows(model, rows, plan, pad, pass_size, seed);
    let tokens: usize = rows.iter().map(|row| row.tokens).sum();
    let right: usize = rows.iter().map(|row| row.right).sum();
    let loss = rows.iter().map(|row| row.loss).sum::<f64>() / tokens as f64;
    let accuracy = right as f64 / tokens as f64;
    (tokens > 0).then(|| MaskedEvaluation { loss, accuracy, perplexity: loss.exp(), tokens })
}

/// Evaluates each row separately, with the masks of [`evaluate_masked`], in the order of `rows`.
///
/// # Panics
///
/// If `pass_size` is 0.
pub fn evaluate_rows(
    model: &MaskedLanguageModel,
    rows: &[Encoding],
    plan: &dyn MaskPlan,
    pad: u32,
    pass_size: usize,
    seed: u64,
) -> Vec<RowEvaluation> {
    let device = burn::module::Module::devices(model).first().cloned().unwrap_or_default();
    let masked = rows.iter().enumerate().map(|(index, row)| {
        (index, Masked::new(row.clone(), plan.mask(row, derive_seed(seed, &[index as u64]))))
    });
    let mut masked: Vec<_> = masked.filter(|(_, masked)| !masked.places.is_empty()).collect();
    masked.sort_by_key(|(_, masked)| masked.row.len());
    let mut found = vec![RowEvaluation::default(); rows.len()];
    for pass in masked.chunks(pass_size) {
        let rows: Vec<&Masked> = pass.iter().map(|(_, masked)| masked).collect();
        let (scores, targets) = scores(model, &rows, pad, false, &device);
        let best = scores.clone().argmax(1).squeeze_dim::<1>(1);
        let right = best.equal(targets.clone()).int().into_data();
        let chosen = log_softmax(scores, 1).gather(1, targets.unsqueeze_dim(1)).into_data();
        let mut tokens = right.iter::<i64>().zip(chosen.iter::<f64>());
        for (index, masked) in pass {
            let row = &mut found[*index];
            for (right, chosen) in tokens.by_ref().take(masked.places.len()) {
                row.tokens += 1;
                row.right += right as usize;
                row.loss -= chosen;
            }
        }
    }
    found
}
