//! Regression.

use burn::tensor::Tensor;

use super::{EpochScore, Objective, SplitView, upload};
use crate::TrainError;
use crate::metric::RegressionReport;

/// One number for each output; a label row holds the true values.
///
/// The loss is the mean squared error over the outputs, and the best epoch has the lowest loss.
/// Standardise targets that are far from zero or vary strongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Regression;

impl Objective for Regression {
    type Label = Vec<f32>;
    type Report = RegressionReport;

    fn check(&self, split: SplitView<'_, Vec<f32>>, outputs: usize) -> Result<(), TrainError> {
        check_lengths(split, outputs, Vec::len)?;
        let finite = |label: &Vec<f32>| label.iter().all(|value| value.is_finite());
        match split.examples.iter().position(|(_, label)| !finite(label)) {
            None => Ok(()),
            Some(index) => Err(TrainError::Label {
                split: split.name,
                index,
                label: format!("{:?}", split.examples[index].1),
                outputs,
            }),
        }
    }

    fn weight(&self, _: &Vec<f32>) -> f64 {
        1.0
    }

    fn loss(&self, scores: Tensor<2>, labels: &[&Vec<f32>], weights: &[f64]) -> Tensor<1> {
        let device = scores.device();
        let shape @ [_, outputs] = scores.dims();
        let values = labels.iter().flat_map(|row| row.iter().copied()).collect();
        let values = upload(values, shape, &device);
        let weight = |&weight: &f64| (weight / outputs as f64) as f32;
        let weights = upload(weights.iter().map(weight).collect(), [weights.len(), 1], &device);
        ((scores - values).square() * weights).sum()
    }

    fn report(&self, scores: &[Vec<f32>], labels: &[&Vec<f32>]) -> RegressionReport {
        RegressionReport::new(scores, labels)
    }

    fn standing(&self, report: &RegressionReport) -> EpochScore {
        let score = -report.mean_squared_error;
        EpochScore { collapsed_to: None, score, second: 0.0 }
    }
}

/// Checks that each label has one entry for each output.
pub(super) fn check_lengths<L: std::fmt::Debug>(
    split: SplitView<'_, L>,
    outputs: usize,
    length: impl Fn(&L) -> usize,
) -> Result<(), TrainError> {
    match split.examples.iter().position(|(_, label)| length(label) != outputs) {
        None => Ok(()),
        Some(index) => Err(TrainError::Label {
            split: split.name,
            index,
            label: format!("{:?}", split.examples[index].1),
            outputs,
        }),
    }
}
