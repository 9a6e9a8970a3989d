//! Evaluates a trained classifier on a task.

use dnabert_core::{Classifier, Example, Sequence, Split, Task};

use crate::baseline::examples;
use crate::{ExperimentError, Predictions};

/// The predictions of a trained classifier for one split of a task: probabilities and true classes.
///
/// ```
/// use dnabert_core::{Classifier, Sequence, Split};
/// use dnabert_experiment::{Benchmark, Datasets, evaluate};
///
/// /// Predicts "promoter" if a sequence has more A and T than G and C.
/// struct Content;
/// impl Classifier for Content {
///     type Error = std::convert::Infallible;
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
///         let gc = |s: &Sequence| s.gc_content().unwrap_or(0.5) as f32;
///         Ok(sequences.iter().map(|s| vec![gc(s), 1.0 - gc(s)]).collect())
///     }
/// }
///
/// let task = Benchmark::PromoterUci.task(&Datasets::find()?);
/// let found = evaluate(&Content, &task, Split::Test)?;
/// assert_eq!(found.labels.len(), 20);
/// println!("{}", found.report());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ExperimentError`] for data that cannot be read, or that the classifier cannot read.
pub fn evaluate<C: Classifier, T: Task>(
    classifier: &C,
    task: &T,
    split: Split,
) -> Result<Predictions, ExperimentError> {
    predict(classifier, &examples(task, split)?, task.name(), split)
}

/// The predictions of a trained classifier for the examples of a split.
pub(crate) fn predict<C: Classifier>(
    classifier: &C,
    examples: &[Example],
    task: &str,
    split: Split,
) -> Result<Predictions, ExperimentError> {
    let sequences: Vec<Sequence> = examples.iter().map(|row| row.sequence.clone()).collect();
    let rows = classifier.predict(&sequences).map_err(|error| ExperimentError::Predict {
        task: task.to_owned(),
        split,
        source: error.into(),
    })?;
    Ok(Predictions {
        probabilities: rows
            .into_iter()
            .map(|row| row.into_iter().map(f64::from).collect())
            .collect(),
        labels: examples.iter().map(|example| example.label).collect(),
    })
}
