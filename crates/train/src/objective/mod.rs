//! Objectives: labels, loss and the model-selection metric.

mod classes;
mod labels;
mod tokens;
mod values;

pub use classes::{ClassWeights, Classification, Selection};
pub use labels::MultiLabel;
pub use tokens::TokenClassification;
pub use values::Regression;

use burn::tensor::{Device, Tensor, TensorData};
use dnabert_core::Encoding;

use crate::TrainError;

/// The labels, the loss and the evaluation of one kind of problem.
///
/// A [`Scorer`](dnabert_model::Scorer) gives the scores.
pub trait Objective: Sync {
    /// The label of an example.
    type Label: Clone + Sync;
    /// The metrics of a split.
    type Report: Clone + std::fmt::Debug + std::fmt::Display;

    /// Checks the labels before training.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a label that does not fit the outputs of the network.
    fn check(&self, split: SplitView<'_, Self::Label>, outputs: usize) -> Result<(), TrainError>;

    /// Returns the weight of an example in the loss, relative to other examples.
    fn weight(&self, label: &Self::Label) -> f64;

    /// Returns the sum of the loss of each example, multiplied by its weight of the step.
    ///
    /// # Shapes
    ///
    /// - `scores`: `[batch, outputs]` or, for tokens, `[batch × length, outputs]`
    /// - output: `[1]`
    fn loss(&self, scores: Tensor<2>, labels: &[&Self::Label], weights: &[f64]) -> Tensor<1>;

    /// Computes the metrics of `scores`.
    ///
    /// `scores` holds one row of outputs for each example or, for tokens, the outputs of all its
    /// tokens.
    fn report(&self, scores: &[Vec<f32>], labels: &[&Self::Label]) -> Self::Report;

    /// Returns the standing of an epoch with this report.
    fn standing(&self, report: &Self::Report) -> EpochScore;
}

/// The examples of one split, for checks.
#[derive(Debug)]
pub struct SplitView<'a, L> {
    /// `train` or `dev`.
    pub name: &'static str,
    /// The tokens and the label of each example.
    pub examples: &'a [(&'a Encoding, &'a L)],
}

impl<L> Clone for SplitView<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for SplitView<'_, L> {}

/// How good an epoch is, compared with others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochScore {
    /// The only predicted class if the labels have several; such an epoch ranks below any other.
    pub collapsed_to: Option<usize>,
    /// The model-selection metric; higher is better.
    pub score: f64,
    /// Breaks ties of `score`; higher is better.
    pub second: f64,
}

impl EpochScore {
    /// Returns whether this epoch is better than `other`.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let rank =
            |standing: &Self| (standing.collapsed_to.is_none(), standing.score, standing.second);
        rank(self) > rank(other)
    }
}

/// Uploads `values` with this shape.
fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
