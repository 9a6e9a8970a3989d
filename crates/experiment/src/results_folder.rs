//! The files that a run writes.

use std::fmt::{self, Write as _};
use std::path::Path;

use dnabert_figure::{FigureError, confusion, reliability_curve};
use dnabert_inference::AnyClassifier;
use serde::Serialize;

use crate::experiment::{ExperimentError, Prediction};
use crate::{Evaluation, Predictions};

/// A trained classifier and its results on the test split.
pub(crate) struct Results<'a, M> {
    pub(crate) classifier: &'a AnyClassifier,
    pub(crate) classes: &'a [String],
    pub(crate) predictions: &'a [Prediction],
    pub(crate) evaluation: &'a Evaluation,
    /// The content of `metrics.json`.
    pub(crate) metrics: &'a M,
}

impl<M: Serialize> Results<'_, M> {
    /// Writes `model/`, `predictions.tsv`, figures and, as the last file, `metrics.json` into
    /// `folder`, which is created where it does not exist. Old files and folders are replaced only
    /// when their new content is complete.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ExperimentError> {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let model = folder.join("model");
        let beside = folder.join(".model.new");
        remove(&beside)?;
        self.classifier.save(&beside)?;
        remove(&model)?;
        std::fs::rename(&beside, &model).map_err(failed(&model))?;
        write_file(&folder.join("predictions.tsv"), &self.table())?;
        let calibration = &self.evaluation.calibration;
        let bins: Vec<(f64, f64)> =
            calibration.bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect();
        let drawn = [
            ("reliability.svg", reliability_curve(&bins, calibration.expected_error)),
            ("confusion.svg", confusion(self.evaluation.test.confusion.counts(), self.classes)),
            ("curves.svg", crate::curves(&[("", &test(self.predictions))], self.classes)),
        ];
        for (name, svg) in drawn {
            match svg {
                Ok(svg) => write_file(&folder.join(name), &svg)?,
                Err(FigureError::Empty(_)) => (),
                Err(source) => {
                    return Err(ExperimentError::Figure { path: folder.join(name), source });
                }
            }
        }
        let path = folder.join("metrics.json");
        let json = serde_json::to_string_pretty(self.metrics)
            .map_err(|error| failed(&path)(error.into()))?;
        write_file(&path, &(json + "\n"))
    }

    /// `predictions.tsv`: name, class, predicted class, and the probability of each class.
    fn table(&self) -> String {
        let mut table = String::from("name\tlabel\tpredicted");
        for class in self.classes {
            put(&mut table, format_args!("\tp_{class}"));
        }
        for prediction in self.predictions {
            let mut best = 0;
            for (class, probability) in prediction.probabilities.iter().enumerate() {
                if *probability > prediction.probabilities[best] {
                    best = class;
                }
            }
            let (truth, best) = (&self.classes[prediction.label], &self.classes[best]);
            put(&mut table, format_args!("\n{}\t{truth}\t{best}", prediction.name));
            for probability in &prediction.probabilities {
                put(&mut table, format_args!("\t{probability:.6}"));
            }
        }
        table.push('\n');
        table
    }
}

/// The predictions of the test split.
pub(crate) fn test(predictions: &[Prediction]) -> Predictions {
    let rows = predictions.iter();
    let (labels, probabilities) = rows.map(|row| (row.label, row.probabilities.clone())).unzip();
    Predictions { probabilities, labels }
}

/// Removes a folder of an earlier run, if it exists.
pub(crate) fn remove(folder: &Path) -> Result<(), ExperimentError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(folder)(error)),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), ExperimentError> {
    dnabert_core::file::write(path, text.as_bytes()).map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ExperimentError {
    let path = path.to_path_buf();
    move |source| ExperimentError::Write { path: path.clone(), source }
}

fn put(text: &mut String, arguments: fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}
