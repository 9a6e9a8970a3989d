//! What a network is trained for: labels, loss, and what the dev split is asked.

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

/// Labels, loss and judgement of one kind of problem.
///
/// Outputs are rows of scores as a [`Scorer`](dnabert_model::Scorer) gives them.
pub trait Objective: Sync {
    /// What an example is labelled with.
    type Label: Clone + Sync;
    /// What is said of a split.
    type Report: Clone + std::fmt::Debug + std::fmt::Display;

    /// Checks labels before training.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a label that the network has no output for.
    fn check(&self, split: Split<'_, Self::Label>, outputs: usize) -> Result<(), TrainError>;

    /// How much an example counts in the loss, beside others.
    fn weight(&self, label: &Self::Label) -> f64;

    /// The loss of each example times its share, summed, `[1]`; `scores` are
    /// `[batch, outputs]` or, for tokens, `[batch × length, outputs]`.
    fn loss(&self, scores: Tensor<2>, labels: &[&Self::Label], shares: &[f64]) -> Tensor<1>;

    /// Judges scores: for each example one row of outputs or, for tokens, one row for each token.
    fn report(&self, scores: &[Vec<f32>], labels: &[&Self::Label]) -> Self::Report;

    /// Where a report stands among those of other epochs.
    fn standing(&self, report: &Self::Report) -> Standing;
}

/// One split's labels, for checks.
#[derive(Debug)]
pub struct Split<'a, L> {
    /// `train` or `dev`.
    pub name: &'static str,
    /// Each example's tokens and label.
    pub examples: &'a [(&'a Encoding, &'a L)],
}

impl<L> Clone for Split<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Split<'_, L> {}

/// How good an epoch is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The only class that is ever given, where others were due: worse than any other standing.
    pub collapsed_to: Option<usize>,
    /// Higher is better.
    pub score: f64,
    /// Settles equal scores; higher is better.
    pub second: f64,
}

impl Standing {
    /// Whether this epoch is to be preferred.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let rank =
            |standing: &Self| (standing.collapsed_to.is_none(), standing.score, standing.second);
        rank(self) > rank(other)
    }
}

/// Uploads `values` as `[rows, width]`.
fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
