//! Multi-label classification.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::{EpochScore, Objective, SplitView, upload};
use crate::TrainError;
use crate::metric::MultiLabelReport;
use dnabert_model::sigmoid;

/// Several independent labels for each sequence; a label row says for each output whether it is
/// present.
///
/// The loss is the mean binary cross-entropy over the outputs. The best epoch has the highest mean
/// AUROC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MultiLabel;

impl Objective for MultiLabel {
    type Label = Vec<bool>;
    type Report = MultiLabelReport;

    fn check(&self, split: SplitView<'_, Vec<bool>>, outputs: usize) -> Result<(), TrainError> {
        super::values::check_lengths(split, outputs, Vec::len)
    }

    fn weight(&self, _: &Vec<bool>) -> f64 {
        1.0
    }

    fn loss(&self, scores: Tensor<2>, labels: &[&Vec<bool>], weights: &[f64]) -> Tensor<1> {
        let device = scores.device();
        let shape @ [_, outputs] = scores.dims();
        let holds = labels.iter().flat_map(|row| row.iter().map(|&h| f32::from(u8::from(h))));
        let holds = upload(holds.collect(), shape, &device);
        let weight = |&weight: &f64| (weight / outputs as f64) as f32;
        let weights = upload(weights.iter().map(weight).collect(), [weights.len(), 1], &device);
        // log(1 + eˣ) − y x, without overflow for large |x|
        let rest = scores.clone().abs().neg().exp().log1p();
        ((relu(scores.clone()) - scores * holds + rest) * weights).sum()
    }

    fn report(&self, scores: &[Vec<f32>], labels: &[&Vec<bool>]) -> MultiLabelReport {
        let probabilities: Vec<Vec<f64>> =
            scores.iter().map(|row| row.iter().map(|&score| sigmoid(score)).collect()).collect();
        MultiLabelReport::new(&probabilities, labels)
    }

    fn standing(&self, report: &MultiLabelReport) -> EpochScore {
        let second = report.f1_micro;
        EpochScore { collapsed_to: None, score: report.auroc_macro.unwrap_or(second), second }
    }
}
