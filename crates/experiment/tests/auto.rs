//! The recipe auto on made-up tables.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dnabert_core::{Classifier, Example, Split, Task, derive_seed};
use dnabert_experiment::{Auto, AutoOutcome, Candidate, Datasets, ExperimentError};
use dnabert_inference::{AnyClassifier, device};
use dnabert_train::Observer;

/// Rows of 40 random bases. Those of class 1 have a motif, at a fixed place or at any, on one
/// strand or on either.
struct Planted {
    classes: Vec<String>,
    is_placed: bool,
    both_strands: bool,
    /// Whether everything is decided, so that the test split may be read.
    is_decided: AtomicBool,
}

impl Planted {
    fn new(is_placed: bool, both_strands: bool) -> Self {
        let classes = ["other", "site"].map(str::to_owned).to_vec();
        Self { classes, is_placed, both_strands, is_decided: AtomicBool::new(false) }
    }
}

impl Task for Planted {
    type Error = Infallible;

    fn name(&self) -> &str {
        "planted"
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, Infallible> {
        let (salt, count) = match split {
            Split::Train => (1, 400),
            Split::Dev => (2, 200),
            Split::Test => {
                assert!(self.is_decided.load(Ordering::SeqCst), "the test split is read too early");
                (3, 200)
            }
        };
        let example = |row: usize| {
            let draw = |place: u64| derive_seed(salt, &[row as u64, place]) as usize;
            let mut bases: String =
                (0..40).map(|place| ["A", "C", "G", "T"][draw(place) % 4]).collect();
            // One row in ten has the label of the other class.
            let (label, is_wrong) = (row % 2, draw(50).is_multiple_of(10));
            if (label == 1) != is_wrong {
                let start = if self.is_placed { 10 } else { draw(51) % 30 };
                let is_reverse = self.both_strands && draw(52).is_multiple_of(2);
                bases.replace_range(
                    start..start + 8,
                    if is_reverse { "GTGACCAG" } else { "CTGGTCAC" },
                );
            }
            Example { name: row.to_string(), sequence: bases.parse().unwrap(), pair: None, label }
        };
        Ok((0..count).map(example).collect())
    }
}

/// Opens the test split when the last decision is told.
struct Judge<'a>(&'a AtomicBool, Vec<String>);

impl Observer for Judge<'_> {
    fn note(&mut self, text: &str) {
        if text.starts_with("joined") {
            self.0.store(true, Ordering::SeqCst);
        }
        self.1.push(text.to_owned());
    }
}

fn run(
    task: &Planted,
    candidates: Vec<Candidate>,
    seconds: f64,
) -> Result<(AutoOutcome, Vec<String>), ExperimentError> {
    let auto = Auto {
        candidates: Some(candidates),
        workers: 1,
        ..Auto::new(Duration::from_secs_f64(seconds))
    };
    let mut judge = Judge(&task.is_decided, Vec::new());
    let outcome = auto.run(task, &Datasets::find().unwrap(), &device(None).unwrap(), &mut judge)?;
    Ok((outcome, judge.1))
}

fn regressions() -> Vec<Candidate> {
    vec![Candidate::Kmers, Candidate::PlacedKmers, Candidate::Positions]
}

#[test]
fn the_test_split_is_read_when_everything_is_decided() {
    let task = Planted::new(false, false);
    let cnn = Candidate::Cnn { epochs: 4, filters: 8, member: 0 };
    let (outcome, notes) = run(&task, [regressions(), vec![cnn]].concat(), 600.0).unwrap();
    assert!(outcome.metrics.evaluation.test.mcc > 0.6, "{}", outcome.metrics);
    assert_eq!(outcome.metrics.members.len(), 4);
    assert_eq!(outcome.predictions.len(), 200);
    assert!(notes.iter().any(|note| note.starts_with("CNN: 4 epochs")), "{notes:?}");
    // What is written predicts the same.
    let folder = tempfile::tempdir().unwrap();
    outcome.write(folder.path()).unwrap();
    let device = device(None).unwrap();
    let again = AnyClassifier::open(folder.path().join("model"), &device).unwrap();
    let rows = task.examples(Split::Test).unwrap();
    let sequences: Vec<_> = rows.into_iter().map(|row| row.sequence).collect();
    for (row, kept) in again.predict(&sequences).unwrap().iter().zip(&outcome.predictions) {
        assert!((f64::from(row[1]) - kept.probabilities[1]).abs() < 1e-6);
    }
    for name in ["metrics.json", "predictions.tsv", "reliability.svg", "curves.svg"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn strands_are_read_as_the_data_need_it() {
    let (placed, _) = run(&Planted::new(true, false), regressions(), 600.0).unwrap();
    assert!(!placed.metrics.both_strands, "{:?}", placed.metrics.evidence);
    assert!(placed.metrics.evidence.strands.iter().any(|found| found.is_worse));
    let (free, _) = run(&Planted::new(false, true), regressions(), 600.0).unwrap();
    assert!(free.metrics.both_strands, "{:?}", free.metrics.evidence);
    // At a fixed place the positions are enough; at any place they say nothing.
    let weight = |outcome: &AutoOutcome, name: &str| {
        outcome.metrics.members.iter().find(|one| one.name == name).unwrap().weight
    };
    assert!(weight(&placed, "position regression") > 0.3, "{}", placed.metrics);
    assert!(weight(&free, "k-mer regression") > weight(&free, "position regression"));
}

#[test]
fn little_time_shortens_networks_or_leaves_them_out() {
    let task = Planted::new(false, false);
    let cnn = |member| Candidate::Cnn { epochs: 400, filters: 32, member };
    let candidates = [vec![Candidate::Kmers], (0..4).map(cnn).collect()].concat();
    let (outcome, notes) = run(&task, candidates, 3.0).unwrap();
    let is_shorter = |note: &String| note.contains("epochs, about") && !note.contains("400");
    let is_left_out = |note: &String| note.contains("left out");
    assert!(notes.iter().any(|note| is_left_out(note) || is_shorter(note)), "{notes:?}");
    assert_eq!(outcome.metrics.members[0].name, "k-mer regression");
}

#[test]
fn no_candidate_is_an_error() {
    let failed = run(&Planted::new(false, false), Vec::new(), 3.0).unwrap_err();
    assert!(matches!(failed, ExperimentError::NoCandidate), "{failed}");
}
