//! The trait that every attribution method implements.

use crate::Sequence;

/// A method that scores how much each base of a sequence matters; safe to share between threads.
pub trait Attribution: Send + Sync {
    /// The error type.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns one track for each sequence, in the same order: one score for each of its bases.
    ///
    /// The implementation says what a score means and whether it can be negative.
    ///
    /// # Errors
    ///
    /// The error of the implementation, for example for a sequence that its tokenizer rejects.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Self::Error>;
}

/// A reference to an attribution method is one as well.
impl<A: Attribution + ?Sized> Attribution for &A {
    type Error = A::Error;

    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        (**self).attribute(sequences)
    }
}

/// Boxed methods of different types can be kept in one list.
impl<A: Attribution + ?Sized> Attribution for Box<A> {
    type Error = A::Error;

    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        (**self).attribute(sequences)
    }
}
