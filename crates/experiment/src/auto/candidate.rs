//! The classifiers that are tried.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use dnabert_baseline::CnnConfig;
use dnabert_core::{Example, derive_seed};
use dnabert_inference::{AnyClassifier, Ensemble};
use dnabert_train::{EarlyStop, Observer};
use serde::{Deserialize, Serialize};

use crate::baseline::{CnnTraining, both, convolve};
use crate::{Baseline, BaselineData, Experiment, ExperimentError, Ngrams, Predictions};

/// A classifier that is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a handful for each run")]
pub enum Candidate {
    /// Logistic regression on the fractions of 4-, 5- and 6-mers.
    Kmers,
    /// Logistic regression on 4-, 5- and 6-mers in seven bins along the sequence.
    PlacedKmers,
    /// Logistic regression on the base at each position.
    Positions,
    /// A convolutional network on bases.
    Cnn {
        /// Passes over the training rows.
        epochs: usize,
        /// Filters of each convolution.
        filters: usize,
        /// Which of several networks: each has its own seed.
        member: usize,
    },
    /// A transformer.
    Network {
        /// How it is trained. The seed is made from that of the run and the member.
        experiment: Experiment,
        /// Which of several networks.
        member: usize,
    },
}

/// Width of the first filters of a convolutional network, its dropout, and the fraction of bases
/// that are hidden in training. In a trial on 19,000 binding sites they raised the AUROC on dev
/// from 0.896 to 0.908 (`docs/results.md`).
const WIDTH: usize = 15;
const DROPOUT: f64 = 0.5;
const MASKING: f64 = 0.1;

/// The gain of the initial weights, about 1/√3. With so much dropout and the usual gain of √2, a network
/// learned nothing on a set of 1,900 binding sites.
const GAIN: f64 = 0.58;

/// Rows, and how they are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) train: &'a [Example],
    pub(super) dev: &'a [Example],
    pub(super) classes: &'a [String],
    pub(super) both_strands: bool,
    pub(super) seed: u64,
    pub(super) workers: usize,
}

/// A trained candidate.
#[derive(Debug, Clone)]
pub(super) struct Trained {
    pub(super) name: String,
    pub(super) classifier: AnyClassifier,
    pub(super) dev: Predictions,
    pub(super) epochs: Option<usize>,
    pub(super) time: Duration,
}

impl Candidate {
    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Kmers => Baseline::Kmers.name().to_owned(),
            Self::PlacedKmers => Baseline::PlacedKmers(Ngrams::BESIDE).name().to_owned(),
            Self::Positions => Baseline::Positions.name().to_owned(),
            Self::Cnn { member: 0, .. } => Baseline::Cnn.name().to_owned(),
            Self::Cnn { member, .. } => format!("{} {}", Baseline::Cnn.name(), member + 1),
            Self::Network { experiment, member: 0 } => experiment.start.name(),
            Self::Network { experiment, member } => {
                format!("{} {}", experiment.start.name(), member + 1)
            }
        }
    }

    /// The same with other passes over the training rows, if it makes any.
    #[must_use]
    pub(super) fn with_epochs(mut self, wanted: usize) -> Self {
        match &mut self {
            Self::Cnn { epochs, .. } => *epochs = wanted,
            Self::Network { experiment, .. } => experiment.fine_tune.epochs = wanted,
            Self::Kmers | Self::PlacedKmers | Self::Positions => (),
        }
        self
    }

    /// Whether a pass over the rows takes as long as one of `other`.
    pub(super) fn costs_as_much_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cnn { filters, .. }, Self::Cnn { filters: others, .. }) => filters == others,
            (Self::Network { experiment: one, .. }, Self::Network { experiment: other, .. }) => {
                one.start == other.start
            }
            _ => false,
        }
    }

    /// Passes over the training rows; `None` for a regression.
    pub(super) fn epochs(&self) -> Option<usize> {
        match self {
            Self::Cnn { epochs, .. } => Some(*epochs),
            Self::Network { experiment, .. } => Some(experiment.fine_tune.epochs),
            Self::Kmers | Self::PlacedKmers | Self::Positions => None,
        }
    }

    /// Trains it.
    pub(super) fn fit(
        &self,
        rows: Rows<'_>,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Trained, ExperimentError> {
        let started = Instant::now();
        let (classifier, dev) = match self {
            Self::Kmers => regress(Baseline::Kmers, rows, device)?,
            Self::PlacedKmers => regress(Baseline::PlacedKmers(Ngrams::BESIDE), rows, device)?,
            Self::Positions => regress(Baseline::Positions, rows, device)?,
            Self::Cnn { epochs, filters, member } => {
                let training = CnnTraining {
                    rates: &[2e-3],
                    epochs: *epochs,
                    early_stop: EarlyStop::Never,
                    masking: MASKING,
                    seed: derive_seed(rows.seed, &[22, *member as u64]),
                    workers: rows.workers,
                };
                let longest = rows.train.iter().map(|example| example.sequence.len()).max();
                let config = CnnConfig::new(longest.unwrap_or_default() + 2, rows.classes.len());
                let config = CnnConfig {
                    filters: *filters,
                    width: WIDTH,
                    dropout: DROPOUT,
                    gain: GAIN,
                    ..config
                };
                on_strands(rows, |data| {
                    convolve(data, &config, rows.classes, training, device, observer)
                })?
            }
            Self::Network { experiment, member } => {
                let mut experiment = experiment.clone();
                experiment.fine_tune.seed = match member {
                    0 => rows.seed,
                    _ => derive_seed(rows.seed, &[24, *member as u64]),
                };
                experiment.both_strands = rows.both_strands;
                experiment.fine_tune.workers = rows.workers;
                experiment.fit(rows.classes, [rows.train, rows.dev], device, observer)?
            }
        };
        let (name, epochs) = (self.name(), self.epochs());
        Ok(Trained { name, classifier, dev, epochs, time: started.elapsed() })
    }
}

fn regress(
    baseline: Baseline,
    rows: Rows<'_>,
    device: &Device,
) -> Result<(AnyClassifier, Predictions), ExperimentError> {
    on_strands(rows, |data| baseline.fit_data(data, rows.classes, rows.seed, device, rows.workers))
}

/// Fits a baseline to the rows or, where both strands are read, to those of both.
fn on_strands(
    rows: Rows<'_>,
    fit: impl FnOnce(
        BaselineData<'_>,
    ) -> Result<(AnyClassifier, crate::BaselineOutcome), ExperimentError>,
) -> Result<(AnyClassifier, Predictions), ExperimentError> {
    let classes = rows.classes.len();
    if !rows.both_strands {
        let data = BaselineData { train: rows.train, dev: rows.dev, test: &[], classes };
        let (classifier, found) = fit(data)?;
        return Ok((classifier, found.dev));
    }
    let (train, dev) = (both(rows.train), both(rows.dev));
    let data = BaselineData { train: &train, dev: &dev, test: &[], classes };
    let (classifier, found) = fit(data)?;
    let classifier = Ensemble::from(classifier).with_both_strands(true);
    Ok((classifier.into(), found.dev.over_strands()))
}
