//! Which classifiers are trained, and how long.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use dnabert_core::Example;
use dnabert_inference::AnyTokenizer;
use dnabert_model::Checkpoint;
use dnabert_train::Observer;

use super::candidate::{Candidate, Rows};
use super::{Auto, Evidence};
use crate::{Datasets, Experiment, ExperimentError, Recipe};

/// The part of the time that may be over when the last candidate starts.
pub(super) const SHARE: f64 = 0.9;

/// Rows of the trials that measure times.
const TRIAL: [usize; 2] = [256, 64];

/// Fewer passes over the rows do not pay for a network.
const FEWEST: usize = 3;

/// Filters of a convolutional network.
const FILTERS: usize = 64;

/// The candidates for such rows, the most useful first.
pub(super) fn candidates(
    auto: &Auto,
    evidence: &Evidence,
    both_strands: bool,
    datasets: &Datasets,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>, ExperimentError> {
    let cnn = |member| Candidate::Cnn { epochs: 20, filters: FILTERS, member };
    let mut network = |model: &str, recipe: Recipe, epochs| -> Result<_, ExperimentError> {
        let folder = datasets.model(model);
        let config = Checkpoint::open(&folder)?.config().clone();
        let k = AnyTokenizer::open(&folder, &config)?.k().unwrap_or(1);
        // Two special tokens, and k − 1 bases more than k-mers.
        let longest = config.longest_row() + k - 3;
        if evidence.longest > longest && !auto.truncate {
            observer.note(&format!("{model}: left out, it reads {longest} bases"));
            return Ok(None);
        }
        let experiment = Experiment::from_pretrained(folder).with_recipe(recipe);
        let experiment = Experiment {
            ngrams: None,
            ambiguity: auto.ambiguity,
            truncate: auto.truncate,
            ..experiment
        };
        let experiment = experiment.with_epochs(epochs).with_seed(auto.seed);
        Ok(Some(Candidate::Network(experiment)))
    };
    let mut all = vec![Candidate::Kmers, Candidate::PlacedKmers];
    if evidence.shortest == evidence.longest && !both_strands {
        all.push(Candidate::Positions);
    }
    all.push(cnn(0));
    if both_strands {
        all.extend(network("convolutional-4", Recipe::Motifs, 10)?);
    } else {
        all.extend(network("small-4", Recipe::Order, 8)?);
        all.extend(network("convolutional-4", Recipe::Order, 8)?);
    }
    all.extend([cnn(1), cnn(2)]);
    Ok(all)
}

/// The candidates that fit in the time, with as many passes over the rows as there is time for.
pub(super) fn fit_in(
    budget: Duration,
    started: Instant,
    candidates: Vec<Candidate>,
    rows: Rows<'_>,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>, ExperimentError> {
    // Tables are often sorted by class.
    let some = |rows: &[Example], count: usize| -> Vec<Example> {
        rows.iter().step_by((rows.len() / count).max(1)).take(count).cloned().collect()
    };
    let (train, dev) = (some(rows.train, TRIAL[0]), some(rows.dev, TRIAL[1]));
    let trial = Rows { train: &train, dev: &dev, ..rows };
    let mut planned = Vec::new();
    let mut whole = 0.0;
    for candidate in candidates {
        let Some(epochs) = candidate.epochs() else {
            planned.push((candidate, 0.0));
            continue;
        };
        let time = candidate.clone().with_epochs(1).fit(trial, device, &mut ())?.time;
        // A pass without gradients costs a third. The dev rows are read once more at the end.
        let rows_of = |train: usize, dev: usize| train as f64 + dev as f64 / 3.0;
        let row = time.as_secs_f64() / rows_of(train.len(), 2 * dev.len());
        let epoch = row * rows_of(rows.train.len(), rows.dev.len());
        whole += epoch * epochs as f64;
        planned.push((candidate, epoch));
    }
    let left = budget.saturating_sub(started.elapsed()).as_secs_f64() * SHARE;
    loop {
        let scale = (left / whole).min(1.0);
        let shortened = |(candidate, epoch): &(Candidate, f64)| match candidate.epochs() {
            Some(epochs) => {
                let epochs = ((epochs as f64 * scale) as usize).max(FEWEST.min(epochs));
                (candidate.clone().with_epochs(epochs), epoch * epochs as f64)
            }
            None => (candidate.clone(), 0.0),
        };
        let now: Vec<(Candidate, f64)> = planned.iter().map(shortened).collect();
        let seconds: f64 = now.iter().map(|(_, seconds)| seconds).sum();
        let networks = now.iter().filter(|(candidate, _)| candidate.epochs().is_some()).count();
        if seconds <= left || networks < 2 {
            for (candidate, seconds) in &now {
                if let Some(epochs) = candidate.epochs() {
                    observer.note(&format!(
                        "{}: {epochs} epochs, about {seconds:.0} s",
                        candidate.name()
                    ));
                }
            }
            return Ok(now.into_iter().map(|(candidate, _)| candidate).collect());
        }
        let last = planned.iter().rposition(|(candidate, _)| candidate.epochs().is_some());
        let (candidate, epoch) = planned.remove(last.expect("there are networks"));
        whole -= epoch * candidate.epochs().unwrap_or_default() as f64;
        observer.note(&format!("{}: left out, there is no time for it", candidate.name()));
    }
}
