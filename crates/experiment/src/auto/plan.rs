//! Which classifiers are trained, and how long.

use std::collections::VecDeque;
use std::time::Duration;

use burn::tensor::Device;
use dnabert_core::Example;
use dnabert_inference::AnyTokenizer;
use dnabert_model::Checkpoint;
use dnabert_train::Observer;

use super::candidate::{Candidate, Rows};
use super::{Auto, Evidence};
use crate::{Datasets, Experiment, ExperimentError, Recipe};

/// The part of the time that is given away; the rest is for what is not foreseen.
pub(super) const SHARE: f64 = 0.95;

/// Rows of the trials that measure times.
const TRIAL: [usize; 2] = [256, 64];

/// Fewer passes over the rows do not pay for a network.
const FEWEST: usize = 4;

/// Filters of a convolutional network.
const FILTERS: usize = 128;

/// The candidates for such rows, the most useful first.
pub(super) fn candidates(
    auto: &Auto,
    evidence: &Evidence,
    both_strands: bool,
    datasets: &Datasets,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>, ExperimentError> {
    let cnn = |member| Candidate::Cnn { epochs: 12, filters: FILTERS, member };
    let folder = datasets.model("convolutional-4");
    let config = Checkpoint::open(&folder)?.config().clone();
    let k = AnyTokenizer::open(&folder, &config)?.k().unwrap_or(1);
    // Two special tokens, and k − 1 bases more than k-mers.
    let longest = config.longest_row() + k - 3;
    let reads_all = evidence.longest <= longest || auto.truncate;
    if !reads_all {
        let name = crate::datasets::shown(&folder);
        observer.note(&format!("{name}: left out, it reads {longest} bases"));
    }
    // The maximum of a unit finds a motif at any place; the mean keeps what all places tell.
    let (recipe, epochs) = if both_strands { (Recipe::Motifs, 10) } else { (Recipe::Order, 8) };
    let network = |member| {
        let experiment = Experiment::from_pretrained(&folder).with_recipe(recipe);
        let experiment =
            Experiment { ambiguity: auto.ambiguity, truncate: auto.truncate, ..experiment };
        let experiment = experiment.with_epochs(epochs);
        reads_all.then_some(Candidate::Network { experiment, member })
    };
    let mut all = vec![Candidate::Kmers, Candidate::PlacedKmers];
    if evidence.shortest == evidence.longest && !both_strands {
        all.push(Candidate::Positions);
    }
    all.extend([cnn(0), cnn(1)]);
    all.extend(network(0));
    all.extend([cnn(2), cnn(3), cnn(4)]);
    all.extend(network(1));
    Ok(all)
}

/// The candidates that are still to be trained, the most useful first, and what they cost.
pub(super) struct Plan {
    waiting: VecDeque<Waiting>,
    /// Whether no network has been trained.
    is_first: bool,
}

struct Waiting {
    candidate: Candidate,
    /// Seconds of a pass over the rows; 0 for a regression.
    epoch: f64,
}

impl Plan {
    /// Measures the candidates on a few rows.
    pub(super) fn new(
        candidates: Vec<Candidate>,
        rows: Rows<'_>,
        device: &Device,
    ) -> Result<Self, ExperimentError> {
        // Tables are often sorted by class.
        let some = |rows: &[Example], count: usize| -> Vec<Example> {
            rows.iter().step_by((rows.len() / count).max(1)).take(count).cloned().collect()
        };
        let (train, dev) = (some(rows.train, TRIAL[0]), some(rows.dev, TRIAL[1]));
        let trial = Rows { train: &train, dev: &dev, ..rows };
        let mut waiting: VecDeque<Waiting> = VecDeque::new();
        for candidate in candidates {
            let known = waiting.iter().find(|other| other.candidate.costs_as_much_as(&candidate));
            let epoch = match known {
                _ if candidate.epochs().is_none() => 0.0,
                Some(known) => known.epoch,
                None => {
                    let time = candidate.clone().with_epochs(1).fit(trial, device, &mut ())?.time;
                    // A pass without gradients costs a third. The dev rows are read once more at
                    // the end.
                    let rows_of = |train: usize, dev: usize| train as f64 + dev as f64 / 3.0;
                    let row = time.as_secs_f64() / rows_of(train.len(), 2 * dev.len());
                    row * rows_of(rows.train.len(), rows.dev.len())
                }
            };
            waiting.push_back(Waiting { candidate, epoch });
        }
        Ok(Self { waiting, is_first: true })
    }

    /// The next candidate that fits in the time that is left. A transformer may make fewer passes
    /// over the rows; the first network in any case.
    pub(super) fn next(
        &mut self,
        left: Duration,
        observer: &mut dyn Observer,
    ) -> Option<Candidate> {
        let left = left.as_secs_f64();
        while let Some(Waiting { candidate, epoch }) = self.waiting.pop_front() {
            let Some(wanted) = candidate.epochs() else { return Some(candidate) };
            let most = ((left / epoch) as usize).min(wanted);
            let fewest = match candidate {
                _ if self.is_first => 0,
                Candidate::Network { .. } => wanted.min(FEWEST),
                _ => wanted,
            };
            if most < fewest {
                let name = candidate.name();
                observer.note(&format!("{name}: left out, there is no time for it"));
                continue;
            }
            self.is_first = false;
            let epochs = most.max(1);
            let seconds = epoch * epochs as f64;
            observer.note(&format!("{}: {epochs} epochs, about {seconds:.0} s", candidate.name()));
            return Some(candidate.with_epochs(epochs));
        }
        None
    }

    /// Learns from the time that a candidate has taken.
    pub(super) fn took(&mut self, candidate: &Candidate, time: Duration) {
        let Some(epochs) = candidate.epochs() else { return };
        for other in &mut self.waiting {
            if other.candidate.costs_as_much_as(candidate) {
                other.epoch = time.as_secs_f64() / epochs as f64;
            }
        }
    }
}
