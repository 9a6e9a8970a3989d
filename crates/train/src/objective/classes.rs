//! Classification of sequences.

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{EpochScore, Objective, SplitView, upload};
use crate::{ClassificationReport, TrainError, weighted_cross_entropy};
use dnabert_model::softmax;

/// One class for each sequence; a label is the index of the class.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// Weight of each class in the loss.
    weights: Vec<f64>,
    /// The model-selection metric on the dev split.
    selection: Selection,
}

/// How classes are weighted in the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// All classes have the same weight.
    Equal,
    /// The weight is inversely proportional to the frequency of the class in the training split.
    Balanced,
    /// The given weights, one for each class.
    Given(Vec<f64>),
}

/// The model-selection metric on the dev split; higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Area under the ROC curve, or accuracy if it is undefined.
    Auroc,
    /// Matthews correlation coefficient.
    Mcc,
    /// Mean F1 over classes.
    F1Macro,
    /// Accuracy.
    Accuracy,
}

impl Classification {
    /// Creates the objective for `classes` classes; `train` yields the training labels.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for weights that cannot be used, or if balanced weights are asked for and a
    /// class has no training example.
    pub fn new(
        weights: &ClassWeights,
        selection: Selection,
        train: &(impl Iterator<Item = usize> + Clone),
        classes: usize,
    ) -> Result<Self, TrainError> {
        let weights = match weights {
            ClassWeights::Equal => vec![1.0; classes],
            ClassWeights::Balanced => {
                let examples = train.clone().count() as f64;
                let balanced = |class: usize| {
                    let count = train.clone().filter(|&label| label == class).count();
                    if count == 0 {
                        return Err(TrainError::MissingClass { class, classes });
                    }
                    Ok(examples / classes as f64 / count as f64)
                };
                (0..classes).map(balanced).collect::<Result<_, _>>()?
            }
            ClassWeights::Given(given) => {
                let usable = given.iter().all(|weight| weight.is_finite() && *weight > 0.0);
                if given.len() != classes || !usable {
                    return Err(TrainError::Setting {
                        field: "class_weights",
                        value: format!("{given:?}"),
                        reason: "must be one positive number for each class",
                    });
                }
                given.clone()
            }
        };
        Ok(Self { weights, selection })
    }
}

impl Selection {
    /// Returns the value of this metric in `report`.
    pub fn score(self, report: &ClassificationReport) -> f64 {
        match self {
            Self::Auroc => report.auroc.unwrap_or(report.accuracy),
            Self::Mcc => report.mcc,
            Self::F1Macro => report.f1_macro,
            Self::Accuracy => report.accuracy,
        }
    }

    /// Returns the standing of an epoch with this report.
    ///
    /// An epoch that predicts one class only ranks below any other epoch: its AUROC may be perfect
    /// although every example is put into one class. Accuracy breaks ties.
    pub(super) fn standing(self, report: &ClassificationReport) -> EpochScore {
        EpochScore {
            collapsed_to: report.collapsed_to(),
            score: self.score(report),
            second: report.accuracy,
        }
    }
}

impl Objective for Classification {
    type Label = usize;
    type Report = ClassificationReport;

    fn check(&self, split: SplitView<'_, usize>, classes: usize) -> Result<(), TrainError> {
        match split.examples.iter().position(|(_, label)| **label >= classes) {
            None => Ok(()),
            Some(index) => Err(TrainError::Label {
                split: split.name,
                index,
                label: split.examples[index].1.to_string(),
                outputs: classes,
            }),
        }
    }

    fn weight(&self, label: &usize) -> f64 {
        self.weights[*label]
    }

    fn loss(&self, scores: Tensor<2>, labels: &[&usize], weights: &[f64]) -> Tensor<1> {
        let device = scores.device();
        let classes: Vec<i32> = labels.iter().map(|label| **label as i32).collect();
        let classes = TensorData::new(classes, [labels.len()]);
        let classes = Tensor::<1, Int>::from_data(classes, &device);
        let weights = weights.iter().map(|&weight| weight as f32).collect();
        weighted_cross_entropy(scores, classes, upload(weights, [labels.len()], &device))
    }

    fn report(&self, scores: &[Vec<f32>], labels: &[&usize]) -> ClassificationReport {
        let probabilities: Vec<_> = scores.iter().map(|row| softmax(row)).collect();
        let labels: Vec<usize> = labels.iter().map(|label| **label).collect();
        ClassificationReport::new(&probabilities, &labels)
    }

    fn standing(&self, report: &ClassificationReport) -> EpochScore {
        self.selection.standing(report)
    }
}
