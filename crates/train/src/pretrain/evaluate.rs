//! How well hidden tokens are predicted.

use burn::tensor::activation::log_softmax;
use dnabert_core::{Encoding, MaskPlan, derive_seed};
use dnabert_model::MaskedLanguageModel;
use serde::{Deserialize, Serialize};

use super::masked_batch::{Masked, scores};

/// How well the hidden tokens of some rows are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MaskedEvaluation {
    /// Mean cross-entropy of the hidden tokens, in nats.
    pub loss: f64,
    /// Share of hidden tokens whose id has the highest score.
    pub accuracy: f64,
    /// e to the loss.
    pub perplexity: f64,
    /// Hidden tokens.
    pub tokens: usize,
}

impl std::fmt::Display for MaskedEvaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { loss, accuracy, perplexity, .. } = self;
        write!(f, "loss {loss:.4}, accuracy {accuracy:.4}, perplexity {perplexity:.2}")
    }
}

/// Judges `model` on `rows` under masks that follow from `seed` alone, so that evaluations of
/// different models or steps can be compared.
///
/// `model` should come from [`valid`](burn::module::Module::valid), so that dropout is off. `None`
/// where nothing is hidden.
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
    let device = burn::module::Module::devices(model).first().cloned().unwrap_or_default();
    let masked = rows.iter().enumerate().map(|(index, row)| {
        Masked::new(row.clone(), plan.mask(row, derive_seed(seed, &[index as u64])))
    });
    let mut masked: Vec<Masked> = masked.filter(|masked| !masked.places.is_empty()).collect();
    masked.sort_by_key(|masked| masked.row.len());
    let (mut loss, mut right, mut tokens) = (0.0, 0, 0);
    for pass in masked.chunks(pass_size) {
        let rows: Vec<&Masked> = pass.iter().collect();
        let (scores, targets) = scores(model, &rows, pad, false, &device);
        let best = scores.clone().argmax(1).squeeze_dim::<1>(1);
        right += best.equal(targets.clone()).int().into_data().iter::<i64>().sum::<i64>();
        let chosen = log_softmax(scores, 1).gather(1, targets.unsqueeze_dim(1));
        let chosen = chosen.into_data();
        loss -= chosen.iter::<f64>().sum::<f64>();
        tokens += chosen.num_elements();
    }
    (tokens > 0).then(|| {
        let loss = loss / tokens as f64;
        let accuracy = right as f64 / tokens as f64;
        MaskedEvaluation { loss, accuracy, perplexity: loss.exp(), tokens }
    })
}
