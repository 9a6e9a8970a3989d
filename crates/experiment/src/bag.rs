//! Bags of tokens: what they count, and as what regressions read it.

use std::num::NonZeroUsize;

use dnabert_baseline::SparseRow;
use dnabert_model::Bag;
use dnabert_train::EncodedExample;
use serde::Serialize;

/// A bag of tokens for a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BagOfTokens {
    /// Where it is read.
    pub read: BagReader,
    /// The longest run of tokens that it counts ([`dnabert_model::BertConfig::bag_longest_run`]).
    pub longest_run: NonZeroUsize,
    /// Places along a row that it counts for, each by itself ([`dnabert_model::BertConfig::bag_places`]).
    pub places: NonZeroUsize,
}

/// What reads a bag of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BagReader {
    /// The head that reads the states, too: both are fitted or trained together.
    Head,
    /// A logistic regression of its own, beside the trained network: the scores are a mean of both, in which the dev split
    /// chooses how much each counts.
    Regression,
}

impl BagOfTokens {
    /// Single tokens wherever they are, in the head.
    pub const PLAIN: Self =
        Self { read: BagReader::Head, longest_run: NonZeroUsize::MIN, places: NonZeroUsize::MIN };

    /// Runs of up to three tokens at seven places, beside the network: what suits promoters of 300 bases.
    pub const BESIDE: Self = Self {
        read: BagReader::Regression,
        longest_run: NonZeroUsize::new(3).unwrap(),
        places: NonZeroUsize::new(7).unwrap(),
    };

    /// Single tokens at twenty places, beside the network: what suits sites in the middle of 60 bases.
    pub const AROUND_SITES: Self = Self {
        read: BagReader::Regression,
        longest_run: NonZeroUsize::MIN,
        places: NonZeroUsize::new(20).unwrap(),
    };
}

/// Penalties that a regression on counts chooses from.
pub(crate) const PENALTIES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

/// Tokens of a row of usual length, so that a penalty means the same for rows of any length.
pub(crate) fn unit(train: &[EncodedExample]) -> f64 {
    train.iter().map(|row| row.encoding.len() as f64).sum::<f64>() / train.len() as f64
}

/// How often each row has what `bag` counts, if rows had `unit` tokens.
pub(crate) fn counts(bag: Bag, unit: f64, rows: &[EncodedExample]) -> Vec<SparseRow> {
    let count = |row: &EncodedExample| {
        let shares = bag.shares(&row.encoding.ids).into_iter();
        shares.map(|(column, share)| (column, unit * share)).collect()
    };
    rows.iter().map(count).collect()
}
