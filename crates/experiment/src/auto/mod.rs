//! One recipe for any table: looks at the data, trains a few classifiers, and joins them.

mod candidate;
mod evidence;
mod metrics;
mod plan;
mod stack;

use std::path::Path;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use dnabert_core::{Split, Task, derive_seed};
use dnabert_inference::{AnyClassifier, Combination, Ensemble, Member};
use dnabert_kmer::AmbiguityPolicy;
use dnabert_train::Observer;

pub use self::candidate::Candidate;
use self::candidate::{Rows, Trained};
pub use self::evidence::{Evidence, StrandEvidence};
pub use self::metrics::{AutoMetrics, MemberReport};
use self::plan::Plan;
use self::stack::Stack;
use crate::baseline::examples;
use crate::evaluate::predict;
use crate::fingerprint::hash;
use crate::results_folder::{self, Results};
use crate::{
    Datasets, Evaluation, ExperimentError, OtherTask, Prediction, Predictions, evaluate, gc_auroc,
};

/// One recipe for any table of sequences and classes.
///
/// It looks at the rows, trains the classifiers that have earned a place in the time that is given,
/// and joins them by weights that are fitted on the dev split. The test split is read when
/// everything is decided.
///
/// ```
/// use std::time::Duration;
///
/// use dnabert_experiment::{Auto, Benchmark, Candidate, Datasets};
/// use dnabert_inference::device;
///
/// let datasets = Datasets::find()?;
/// let task = Benchmark::PromoterUci.task(&datasets);
/// let auto = Auto {
///     candidates: Some(vec![Candidate::Kmers, Candidate::Positions]),
///     ..Auto::new(Duration::from_secs(60))
/// };
/// let outcome = auto.run(&task, &datasets, &device(None)?, &mut ())?;
/// println!("{}", outcome.metrics);
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// outcome.write(folder)?; // model/, metrics.json, predictions.tsv and figures
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Auto {
    /// The time for training, all told.
    pub budget: Duration,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// CPU cores that share the work: 1 on a GPU.
    pub workers: usize,
    /// Whether both strands are read; if not given, the data decide.
    pub both_strands: Option<bool>,
    /// What networks do with k-mers that have ambiguous letters.
    pub ambiguity: AmbiguityPolicy,
    /// Whether networks read only the beginning of sequences that are too long for them. Otherwise
    /// they are left out where there is such a sequence.
    pub truncate: bool,
    /// The classifiers to try, the most useful first; if not given, the data decide.
    pub candidates: Option<Vec<Candidate>>,
}

/// The joined classifier and its results.
#[derive(Debug)]
pub struct AutoOutcome {
    /// The classifier.
    pub classifier: AnyClassifier,
    /// The content of `metrics.json`.
    pub metrics: AutoMetrics,
    /// The prediction of each test example.
    pub predictions: Vec<Prediction>,
    /// The predictions for the dev split.
    pub dev: Predictions,
}

impl Auto {
    /// All cores of the CPU for this time.
    pub fn new(budget: Duration) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            budget,
            seed: 1,
            workers,
            both_strands: None,
            ambiguity: AmbiguityPolicy::default(),
            truncate: false,
            candidates: None,
        }
    }

    /// Trains on `task`, and evaluates the result on the test split once. Shipped pre-trained
    /// models are taken from `datasets`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run<T: Task>(
        &self,
        task: &T,
        datasets: &Datasets,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<AutoOutcome, ExperimentError> {
        let started = Instant::now();
        let (train, dev) = (examples(task, Split::Train)?, examples(task, Split::Dev)?);
        let classes = task.classes();
        if self.candidates.as_ref().is_some_and(Vec::is_empty) {
            return Err(ExperimentError::NoCandidate);
        }
        if train.iter().chain(&dev).any(|example| example.pair.is_some()) {
            return Err(ExperimentError::Pairs { task: task.name().to_owned() });
        }
        let evidence = Evidence::of(&train, &dev, classes, self.seed, device)?;
        observer.note(&evidence.tell());
        let both_strands = self.both_strands.unwrap_or(evidence.both_strands);
        let rows = Rows {
            train: &train,
            dev: &dev,
            classes,
            both_strands,
            seed: self.seed,
            workers: self.workers,
        };
        let candidates = match &self.candidates {
            Some(given) => given.clone(),
            None => plan::candidates(self, &evidence, both_strands, datasets, observer)?,
        };
        let mut plan = Plan::new(candidates, rows, device)?;
        let mut trained: Vec<Trained> = Vec::new();
        let end = self.budget.mul_f64(plan::SHARE);
        while let Some(candidate) = plan.next(end.saturating_sub(started.elapsed()), observer) {
            observer.network(1, 1);
            let found = candidate.fit(rows, device, observer)?;
            plan.took(&candidate, found.time);
            observer.note(&format!(
                "{}: dev {}, {:.0} s",
                found.name,
                found.dev.report(),
                found.time.as_secs_f64()
            ));
            trained.push(found);
        }
        let (classifier, dev_found, members) = self.join(trained, observer);
        let train_seconds = started.elapsed().as_secs_f64();

        // The test split is read when everything is decided.
        let test = examples(task, Split::Test)?;
        let found = predict(&classifier, &test, task.name(), Split::Test)?;
        let metrics = AutoMetrics {
            schema: 2,
            task: task.name().to_owned(),
            classes: classes.to_vec(),
            evaluation: Evaluation::new(&dev_found, &found, self.seed),
            gc_auroc: (classes.len() == 2).then(|| gc_auroc(&train, &test)).flatten(),
            recipe: "auto",
            evidence,
            both_strands,
            members,
            examples: [train.len(), dev.len(), test.len()],
            seed: self.seed,
            budget_seconds: self.budget.as_secs_f64(),
            train_seconds,
            others: Vec::new(),
            data_sha256: hash([&train, &dev, &test]),
        };
        let predictions = Prediction::all(test, found.probabilities);
        Ok(AutoOutcome { classifier, metrics, predictions, dev: dev_found })
    }

    /// Joins trained classifiers, or keeps the best one if joining is no gain.
    fn join(
        &self,
        trained: Vec<Trained>,
        observer: &mut dyn Observer,
    ) -> (AnyClassifier, Predictions, Vec<MemberReport>) {
        let seed = derive_seed(self.seed, &[23]);
        let alone: Vec<Stack> = trained.iter().map(|one| Stack::fit(&[&one.dev], seed)).collect();
        let all: Vec<&Predictions> = trained.iter().map(|one| &one.dev).collect();
        let mut joined = Stack::fit(&all, seed);
        let best = (0..alone.len()).min_by(|&a, &b| alone[a].loss.total_cmp(&alone[b].loss));
        if let Some(best) = best
            && alone[best].loss <= joined.loss
        {
            observer.note(&format!("{} alone is best on dev", trained[best].name));
            joined.weights = vec![0.0; trained.len()];
            joined.weights[best] = alone[best].weights[0];
            joined.offsets.clone_from(&alone[best].offsets);
            joined.loss = alone[best].loss;
        }
        let dev = joined.predict(&all);
        let mut reports = Vec::new();
        let mut members = Vec::new();
        for ((one, alone), &weight) in trained.into_iter().zip(&alone).zip(&joined.weights) {
            let report = one.dev.report();
            reports.push(MemberReport {
                name: one.name,
                epochs: one.epochs,
                seconds: one.time.as_secs_f64(),
                dev_mcc: report.mcc,
                dev_auroc: report.auroc,
                dev_loss: alone.loss,
                weight,
            });
            if weight > 0.0 {
                members.push(Member { classifier: one.classifier, weight });
            }
        }
        observer.note(&format!(
            "joined: dev {}, loss {:.4}; weights {}",
            dev.report(),
            joined.loss,
            reports
                .iter()
                .map(|one| format!("{} {:.2}", one.name, one.weight))
                .collect::<Vec<_>>()
                .join(", ")
        ));
        let ensemble = Ensemble::with_rule(members, Combination::LogProbabilities)
            .and_then(|ensemble| ensemble.with_offsets(joined.offsets))
            .expect("members with the same classes");
        (ensemble.into(), dev, reports)
    }
}

impl AutoOutcome {
    /// Writes the results into `folder`: `metrics.json`, `predictions.tsv`, figures, and the
    /// classifier in `model/`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for a file that cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), ExperimentError> {
        let results = Results {
            classifier: &self.classifier,
            classes: &self.metrics.classes,
            predictions: &self.predictions,
            evaluation: &self.metrics.evaluation,
            metrics: &self.metrics,
        };
        results.write(folder.as_ref())
    }

    /// Evaluates the classifier on the test split of another task with the same classes, and adds
    /// the result to the metrics.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for examples that cannot be read.
    ///
    /// # Panics
    ///
    /// If the classes are not the same.
    pub fn also_evaluate<T: Task>(&mut self, task: &T) -> Result<(), ExperimentError> {
        assert_eq!(task.classes(), self.metrics.classes, "the same classes");
        let test = evaluate(&self.classifier, task, Split::Test)?.report();
        self.metrics.others.push(OtherTask { task: task.name().to_owned(), test });
        Ok(())
    }

    /// The predictions for the test split.
    pub fn test(&self) -> Predictions {
        results_folder::test(&self.predictions)
    }
}
