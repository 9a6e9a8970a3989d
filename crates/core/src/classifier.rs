//! The trait between a trained model and those who ask it.

use crate::Sequence;

/// Anything that gives class probabilities for sequences.
pub trait Classifier: Send + Sync {
    /// What predicting can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Class probabilities, one row per sequence in the order given; each row sums to one.
    ///
    /// # Errors
    ///
    /// The classifier's own error, for sequences that it cannot read.
    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error>;
}
