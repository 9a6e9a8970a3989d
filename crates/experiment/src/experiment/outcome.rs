//! What an experiment gives: the model, its predictions and metrics.

use dnabert_core::{Example, Split, Task};
use dnabert_inference::{AnyTokenizer, Ensemble};

use super::ExperimentError;
use super::metrics::{Metrics, OtherTask};
use super::rows::{scored, strands};
use crate::baseline::examples;
use crate::{Predictions, results_folder};

/// A trained model and its predictions and metrics.
///
/// ```
/// use dnabert_experiment::{Benchmark, Datasets, Experiment, ModelSize};
/// use dnabert_inference::{Model, device};
///
/// let task = Benchmark::PromoterUci.task(&Datasets::find()?);
/// let experiment = Experiment::fresh(ModelSize::Tiny, 3).with_epochs(1);
/// let outcome = experiment.run(&task, &device(None)?)?;
/// println!("{}", outcome.metrics);
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// outcome.write(folder)?; // model/, metrics.json, predictions.tsv and figures
/// let model = Model::open(folder.join("model"), &device(None)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Outcome {
    /// The models: as many as the experiment has members. Their predictions are averaged.
    pub models: Ensemble,
    /// The tokenizer of the networks.
    pub tokenizer: AnyTokenizer,
    /// The content of `metrics.json`.
    pub metrics: Metrics,
    /// The prediction of each test example.
    pub predictions: Vec<Prediction>,
    /// The predictions for the dev split.
    pub dev: Predictions,
}

/// One test example and its prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The example's name.
    pub name: String,
    /// Its class.
    pub label: usize,
    /// Class probabilities.
    pub probabilities: Vec<f64>,
}

impl Prediction {
    /// One for each example, with its probabilities.
    pub(crate) fn all(examples: Vec<Example>, probabilities: Vec<Vec<f64>>) -> Vec<Self> {
        let rows = examples.into_iter().zip(probabilities);
        rows.map(|(example, probabilities)| Self {
            name: example.name,
            label: example.label,
            probabilities,
        })
        .collect()
    }
}

impl Outcome {
    /// Evaluates the model on the test split of another task with the same classes, and adds the
    /// result to the metrics. An example is the same kind of site in another species.
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
        let test = examples(task, Split::Test)?;
        let both = self.metrics.config.both_strands;
        let rows = strands(&self.tokenizer, &test, both)?;
        let found = scored(&self.models, &rows, &test);
        let task = task.name().to_owned();
        self.metrics.others.push(OtherTask { task, test: found.report() });
        Ok(())
    }

    /// The predictions for the test split.
    pub fn test(&self) -> Predictions {
        results_folder::test(&self.predictions)
    }
}
