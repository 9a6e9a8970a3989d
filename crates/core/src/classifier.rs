//! The trait between a trained model and those who ask it.

use crate::Sequence;

/// Anything that judges sequences.
pub trait Classifier: Send + Sync {
    /// What predicting can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// One row for each sequence, in the order given: class probabilities, which sum to one; or, of
    /// models for such problems, the probability of each label, or numbers.
    ///
    /// # Errors
    ///
    /// The classifier's own error, for sequences that it cannot read.
    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error>;
}

/// A classifier can be lent.
impl<C: Classifier + ?Sized> Classifier for &C {
    type Error = C::Error;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, C::Error> {
        (**self).predict(sequences)
    }
}
