//! The trait that every trained model implements.

use crate::Sequence;

/// A model that predicts from sequences; safe to share between threads.
pub trait Classifier: Send + Sync {
    /// The error type.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns one row for each sequence, in the same order.
    ///
    /// A row holds class probabilities that sum to one. A multi-label model returns one independent
    /// probability for each label, and a regression model returns its predicted values.
    ///
    /// # Errors
    ///
    /// The error of the implementation, for example for a sequence that its tokenizer rejects.
    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error>;
}

/// A reference to a classifier is one as well.
impl<C: Classifier + ?Sized> Classifier for &C {
    type Error = C::Error;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, C::Error> {
        (**self).predict(sequences)
    }
}
