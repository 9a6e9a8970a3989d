//! Classification of tokens.

use burn::tensor::{Int, Tensor, TensorData};

use super::{EpochScore, Objective, Selection, SplitView, upload};
use crate::{ClassificationReport, TrainError, weighted_cross_entropy};
use dnabert_model::softmax;

/// One class for each token of a sequence; all labelled tokens have the same weight.
///
/// A label has one entry for each token, including special tokens. `None` marks tokens without a
/// label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenClassification {
    /// The model-selection metric over all labelled tokens of the dev split.
    pub selection: Selection,
}

impl Objective for TokenClassification {
    type Label = Vec<Option<usize>>;
    type Report = ClassificationReport;

    fn check(&self, split: SplitView<'_, Self::Label>, classes: usize) -> Result<(), TrainError> {
        for (index, (encoding, label)) in split.examples.iter().enumerate() {
            let wrong = |label: String| {
                Err(TrainError::Label { split: split.name, index, label, outputs: classes })
            };
            if label.len() != encoding.len() {
                return wrong(format!("{} entries for {} tokens", label.len(), encoding.len()));
            }
            if let Some(class) = label.iter().flatten().find(|class| **class >= classes) {
                return wrong(class.to_string());
            }
        }
        if split.examples.iter().all(|(_, label)| label.iter().flatten().next().is_none()) {
            return Err(TrainError::EmptySplit(split.name));
        }
        Ok(())
    }

    fn weight(&self, label: &Self::Label) -> f64 {
        label.iter().flatten().count() as f64
    }

    fn loss(&self, scores: Tensor<2>, labels: &[&Self::Label], row_weights: &[f64]) -> Tensor<1> {
        let device = scores.device();
        let [tokens, _] = scores.dims(); // batch × length
        let length = tokens / labels.len();
        let (mut classes, mut weights) = (vec![0_i32; tokens], vec![0.0_f32; tokens]);
        for (row, (label, row_weight)) in labels.iter().zip(row_weights).enumerate() {
            let count = self.weight(label);
            for (place, class) in label.iter().enumerate() {
                if let Some(class) = class {
                    classes[row * length + place] = *class as i32;
                    weights[row * length + place] = (row_weight / count) as f32;
                }
            }
        }
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [tokens]), &device);
        weighted_cross_entropy(scores, classes, upload(weights, [tokens], &device))
    }

    fn report(&self, scores: &[Vec<f32>], labels: &[&Self::Label]) -> ClassificationReport {
        let mut probabilities = Vec::new();
        let mut classes = Vec::new();
        for (scores, label) in scores.iter().zip(labels) {
            let outputs = scores.len() / label.len();
            for (row, class) in scores.chunks(outputs).zip(label.iter()) {
                if let Some(class) = class {
                    probabilities.push(softmax(row));
                    classes.push(*class);
                }
            }
        }
        ClassificationReport::new(&probabilities, &classes)
    }

    fn standing(&self, report: &ClassificationReport) -> EpochScore {
        self.selection.standing(report)
    }
}
