//! GUE, the benchmark of DNABERT-2, from a folder of the user.

mod published;
mod table;

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use dnabert_core::{Split, Task, derive_seed};
use dnabert_tasks::audit::sharing;
use dnabert_tasks::{GueTask, TableTask};
use dnabert_train::{ConfidenceInterval, Observer};
use serde::{Deserialize, Serialize};

pub use self::published::Published;
pub use self::table::gue_table;
use crate::baseline::examples;
use crate::{Auto, AutoOutcome, Baseline, Datasets, ExperimentError, Ngrams, Predictions};

/// The result of one run on a task of GUE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GueResult {
    /// The task.
    pub task: String,
    /// The seed of the run.
    pub seed: u64,
    /// Rows of train, dev and test.
    pub rows: [usize; 3],
    /// Bases of the longest row.
    pub bases: usize,
    /// The Matthews correlation coefficient on all test rows.
    pub mcc: f64,
    /// Lower end of its 95 % bootstrap interval.
    pub mcc_low: f64,
    /// Upper end.
    pub mcc_high: f64,
    /// AUROC on all test rows.
    pub auroc: Option<f64>,
    /// Expected calibration error on all test rows.
    pub calibration_error: f64,
    /// On the test rows that share no 31-mer with a training or dev row, on either strand.
    pub without_shared: Option<Scored>,
    /// Weights of all members.
    pub parameters: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Simple methods on the same rows.
    pub baselines: Vec<GueBaseline>,
}

/// MCC on some rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The number of rows.
    pub rows: usize,
    /// The Matthews correlation coefficient.
    pub mcc: f64,
    /// Lower end of its 95 % bootstrap interval.
    pub mcc_low: f64,
    /// Upper end.
    pub mcc_high: f64,
}

/// A simple method on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GueBaseline {
    /// The method.
    pub method: String,
    /// MCC on all test rows.
    pub mcc: f64,
    /// MCC on the test rows without shared 31-mers.
    pub mcc_without_shared: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
}

/// Length of the k-mers that test rows should not share with other rows.
const SHARED: usize = 31;

/// The methods that every result stands beside.
const BASELINES: [Baseline; 4] =
    [Baseline::Kmers, Baseline::Positions, Baseline::PlacedKmers(Ngrams::BESIDE), Baseline::Cnn];

/// Trains on a task of GUE by [`Auto`], and evaluates the result and the baselines. `None` if the
/// tables of the task are not under `root`.
///
/// # Errors
///
/// [`ExperimentError`].
pub fn run_gue(
    task: GueTask,
    root: &Path,
    auto: &Auto,
    datasets: &Datasets,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Option<(GueResult, AutoOutcome)>, ExperimentError> {
    let failed = |source: dnabert_tasks::DataError| ExperimentError::Data {
        task: task.name().to_owned(),
        split: Split::Train,
        source: source.into(),
    };
    let Some(tables) = task.open(root).map_err(failed)? else { return Ok(None) };
    let outcome = auto.run(&tables, datasets, device, observer)?;
    let result = evaluate(&tables, &outcome, auto, device, observer)?;
    Ok(Some((result, outcome)))
}

/// Evaluates a run, and runs the baselines. Everything about the run is fixed by now.
fn evaluate(
    task: &TableTask,
    outcome: &AutoOutcome,
    auto: &Auto,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<GueResult, ExperimentError> {
    let mut known = examples(task, Split::Train)?;
    known.extend(examples(task, Split::Dev)?);
    let test = examples(task, Split::Test)?;
    let shares = sharing(&known, &test, SHARED);
    let clean: Vec<usize> = (0..test.len()).filter(|&row| !shares[row]).collect();
    let found = outcome.test();
    let metrics = &outcome.metrics;
    let mcc = |rows: &Predictions| rows.report().mcc;
    let without_shared = (!clean.is_empty()).then(|| {
        let rows = found.subset(&clean);
        let interval = rows.mcc_interval(derive_seed(auto.seed, &[31]));
        let ConfidenceInterval { low, high } = interval.expect("there are rows");
        Scored { rows: clean.len(), mcc: mcc(&rows), mcc_low: low, mcc_high: high }
    });
    let mut baselines = Vec::new();
    for method in BASELINES {
        let started = Instant::now();
        let strands = metrics.both_strands;
        let learned = method.learn(task, strands, auto.seed, device, auto.workers)?;
        let seconds = started.elapsed().as_secs_f64();
        let own = mcc(&learned.test);
        observer.note(&format!("{}: MCC {own:.3} on test, {seconds:.0} s", method.name()));
        baselines.push(GueBaseline {
            method: method.name().to_owned(),
            mcc: own,
            mcc_without_shared: (!clean.is_empty()).then(|| mcc(&learned.test.subset(&clean))),
            seconds,
        });
    }
    let evaluation = &metrics.evaluation;
    let whole = evaluation.mcc_interval.expect("a test split has rows");
    Ok(GueResult {
        task: task.name().to_owned(),
        seed: auto.seed,
        rows: metrics.examples,
        bases: metrics.evidence.longest,
        mcc: evaluation.test.mcc,
        mcc_low: whole.low,
        mcc_high: whole.high,
        auroc: evaluation.test.auroc,
        calibration_error: evaluation.calibration.expected_error,
        without_shared,
        parameters: outcome.classifier.parameters(),
        seconds: metrics.train_seconds,
        baselines,
    })
}

impl GueResult {
    /// The published results on this task, if any is known to us.
    pub fn published(&self) -> Option<Published> {
        published::of(&self.task)
    }
}
