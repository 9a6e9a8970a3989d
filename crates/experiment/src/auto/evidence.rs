//! What the rows show before anything is trained.

use burn::tensor::Device;
use dnabert_core::{Example, derive_seed};
use dnabert_train::{bootstrap, metric::auroc};
use serde::Serialize;

use crate::{Baseline, ExperimentError, Predictions};

/// What the training and dev rows show before anything is trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Rows for training.
    pub train: usize,
    /// Rows for choosing.
    pub dev: usize,
    /// Bases of the shortest row.
    pub shortest: usize,
    /// Bases of the longest row.
    pub longest: usize,
    /// AUROC of simple regressions on dev rows, and on their reverse complements.
    pub strands: Vec<StrandEvidence>,
    /// Whether a row means the same on both strands.
    pub both_strands: bool,
}

/// How well a regression that has learned one strand predicts each strand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrandEvidence {
    /// The regression.
    pub method: &'static str,
    /// AUROC on the dev rows.
    pub forward: f64,
    /// AUROC on their reverse complements.
    pub reverse: f64,
    /// Whether the reverse complements are predicted worse, by the 95 % bootstrap interval.
    pub is_worse: bool,
}

/// Training rows of a regression that only compares strands.
const ROWS: usize = 5000;

/// A regression must know something before its strands are compared: this AUROC.
const INFORMED: f64 = 0.6;

/// The difference of AUROC that is of no importance.
const SMALL: f64 = 0.005;

impl Evidence {
    /// Looks at rows.
    pub(super) fn of(
        train: &[Example],
        dev: &[Example],
        classes: &[String],
        seed: u64,
        device: &Device,
    ) -> Result<Self, ExperimentError> {
        let lengths = || train.iter().chain(dev).map(|example| example.sequence.len());
        let (shortest, longest) =
            (lengths().min().unwrap_or_default(), lengths().max().unwrap_or_default());
        // Every n-th row: tables are often sorted by class.
        let step = train.len().div_ceil(ROWS).max(1);
        let some: Vec<Example> = train.iter().step_by(step).cloned().collect();
        let mut strands = Vec::new();
        for method in [Baseline::Kmers, Baseline::Positions] {
            if method == Baseline::Positions && shortest < longest {
                continue; // Positions of rows of different lengths cannot be compared.
            }
            strands.push(compare(method, &some, dev, classes, seed, device)?);
        }
        let both_strands = !strands.iter().any(|found| found.is_worse);
        Ok(Self { train: train.len(), dev: dev.len(), shortest, longest, strands, both_strands })
    }

    /// One sentence about the rows and one about strands.
    pub(super) fn tell(&self) -> String {
        let Self { train, dev, shortest, longest, strands, both_strands } = self;
        let length = if shortest == longest {
            format!("{longest} bases")
        } else {
            format!("{shortest} to {longest} bases")
        };
        let found: Vec<String> = strands
            .iter()
            .map(|found| format!("{} {:.3} and {:.3}", found.method, found.forward, found.reverse))
            .collect();
        let strand = if *both_strands { "both strands are read" } else { "one strand is read" };
        format!(
            "{train} training rows, {dev} dev rows, of {length}\n{strand}: AUROC on dev rows and on their reverse \
             complements: {}",
            found.join(", ")
        )
    }
}

/// Fits a regression to one strand, and predicts both.
fn compare(
    method: Baseline,
    train: &[Example],
    dev: &[Example],
    classes: &[String],
    seed: u64,
    device: &Device,
) -> Result<StrandEvidence, ExperimentError> {
    let reversed: Vec<Example> = dev
        .iter()
        .map(|example| Example {
            sequence: example.sequence.reverse_complement(),
            ..example.clone()
        })
        .collect();
    let rows = crate::BaselineData { train, dev, test: &reversed, classes: classes.len() };
    let (_, found) = method.fit_data(rows, classes, seed, device, 1)?;
    let positive = |found: &Predictions| -> Vec<f64> {
        found.probabilities.iter().map(|row| 1.0 - row[0]).collect()
    };
    let (forward, reverse) = (positive(&found.dev), positive(&found.test));
    let truth: Vec<bool> = dev.iter().map(|example| example.label > 0).collect();
    let area = |scores: &[f64], rows: &[usize]| {
        let scores: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
        let truth: Vec<bool> = rows.iter().map(|&row| truth[row]).collect();
        auroc(&scores, &truth)
    };
    let all: Vec<usize> = (0..dev.len()).collect();
    let difference = |rows: &[usize]| Some(area(&forward, rows)? - area(&reverse, rows)?);
    let interval = bootstrap(dev.len(), 500, derive_seed(seed, &[21]), difference);
    let whole = area(&forward, &all).unwrap_or(0.5);
    Ok(StrandEvidence {
        method: method.name(),
        forward: whole,
        reverse: area(&reverse, &all).unwrap_or(0.5),
        is_worse: whole >= INFORMED && interval.is_some_and(|found| found.low > SMALL),
    })
}
