//! Examples as rows of tokens, and the predictions of models for them.

use dnabert_core::{Encoding, Example, derive_seed};
use dnabert_train::{EncodeError, EncodedExample, encode_examples, shuffle_tokens};

use super::LostTokens;
use crate::Predictions;
use crate::baseline::both;
use dnabert_inference::{AnyTokenizer, Ensemble};

impl LostTokens {
    /// These, and those of `rows`.
    pub(super) fn and(self, rows: &[EncodedExample]) -> Self {
        rows.iter().fold(self, |lost, row| {
            let report = row.encoding.report;
            Self {
                unknown: lost.unknown + report.unknown_tokens,
                skipped: lost.skipped + report.skipped_tokens,
                truncated: lost.truncated + report.truncated_tokens,
            }
        })
    }
}

/// The rows of the examples, followed by the rows of the reverse complements where both strands are
/// read.
pub(super) fn strands(
    tokenizer: &AnyTokenizer,
    examples: &[Example],
    both_strands: bool,
) -> Result<Vec<EncodedExample>, EncodeError> {
    if both_strands {
        encode_examples(tokenizer, &both(examples))
    } else {
        encode_examples(tokenizer, examples)
    }
}

/// The predictions of the models for the examples: means over the models, and over the strands.
pub(super) fn scored(
    models: &Ensemble,
    rows: &[EncodedExample],
    examples: &[Example],
) -> Predictions {
    let labels = rows.iter().map(|row| row.label).collect();
    let rows: Vec<&Encoding> = rows.iter().map(|row| &row.encoding).collect();
    let scored = Predictions { probabilities: models.predict_encoded(&rows), labels };
    if rows.len() == examples.len() { scored } else { scored.over_strands() }
}

pub(super) fn shuffled_auroc(
    models: &Ensemble,
    rows: &[EncodedExample],
    examples: &[Example],
    seed: u64,
) -> Option<f64> {
    let shuffled = |(index, row): (usize, &EncodedExample)| EncodedExample {
        encoding: shuffle_tokens(&row.encoding, derive_seed(seed, &[12, index as u64])),
        label: row.label,
    };
    let rows: Vec<EncodedExample> = rows.iter().enumerate().map(shuffled).collect();
    scored(models, &rows, examples).auroc()
}
