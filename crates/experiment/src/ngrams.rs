//! Counts of k-mers for a classifier: which are counted, and which part of the model reads them.

use std::num::NonZeroUsize;

use dnabert_baseline::{Features, LinearClassifier, LogisticRegression, NgramFeatures, SparseRow};
use dnabert_inference::ModelError;
use dnabert_train::EncodedExample;
use serde::{Deserialize, Serialize};

/// Counts of k-mers that a classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ngrams {
    /// Which part of the model reads them.
    pub read: NgramReader,
    /// The longest run of tokens that is counted. With 4-mers, 3 gives 4-, 5- and 6-mers.
    pub max_n: NonZeroUsize,
    /// Number of bins along a row. K-mers are counted in each bin separately.
    pub position_bins: NonZeroUsize,
}

/// Which part of the model reads the counts of k-mers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NgramReader {
    /// The head, together with the hidden states. Both are fitted or trained together.
    Head,
    /// A separate logistic regression, which is combined with the trained network. The scores are a
    /// weighted mean of both, and the weight is chosen on the dev split.
    Regression,
}

impl Ngrams {
    /// Single tokens at any position, read by the head.
    pub const PLAIN: Self = Self {
        read: NgramReader::Head,
        max_n: NonZeroUsize::MIN,
        position_bins: NonZeroUsize::MIN,
    };

    /// Runs of up to three tokens in seven bins, in a regression that is combined with the network.
    /// It suits promoters of 300 bases.
    pub const BESIDE: Self = Self {
        read: NgramReader::Regression,
        max_n: NonZeroUsize::new(3).unwrap(),
        position_bins: NonZeroUsize::new(7).unwrap(),
    };

    /// Single tokens in twenty bins, in a regression that is combined with the network. It suits
    /// sites in the middle of 60 bases.
    pub const AROUND_SITES: Self = Self {
        read: NgramReader::Regression,
        max_n: NonZeroUsize::MIN,
        position_bins: NonZeroUsize::new(20).unwrap(),
    };
}

/// Penalties to choose from, for a regression on counts.
pub(crate) const PENALTIES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

/// Mean number of tokens of a training row. It scales the counts, so that a penalty means the same
/// for rows of any length.
pub(crate) fn unit(train: &[EncodedExample]) -> f64 {
    train.iter().map(|row| row.encoding.len() as f64).sum::<f64>() / train.len() as f64
}

/// The counts of `features` in each row, scaled as if each row had `unit` tokens.
pub(crate) fn counts(
    features: NgramFeatures,
    unit: f64,
    rows: &[EncodedExample],
) -> Vec<SparseRow> {
    let count = |row: &EncodedExample| {
        let fractions = features.fractions(&row.encoding.ids).into_iter();
        fractions.map(|(column, fraction)| (column, unit * fraction)).collect()
    };
    rows.iter().map(count).collect()
}

/// A regression on [`counts`] as a classifier of sequences. The weights are multiplied by `unit`,
/// so that the classifier reads fractions.
pub(crate) fn classifier(
    k: usize,
    counted: Ngrams,
    unit: f64,
    labels: Vec<String>,
    regression: &LogisticRegression,
) -> Result<LinearClassifier, ModelError> {
    let weight = |weight: &f64| (unit * weight) as f32;
    let (weights, biases): (Vec<Vec<f32>>, Vec<f32>) = regression
        .weights()
        .map(|(own, bias)| (own.iter().map(weight).collect(), bias as f32))
        .unzip();
    let features = Features::Ngrams {
        k,
        max_n: counted.max_n.get(),
        position_bins: counted.position_bins.get(),
    };
    Ok(LinearClassifier::new(features, labels, &weights, &biases)?)
}
