//! The trait between ways of explaining a model and those who use the explanations.

use crate::Sequence;

/// A way to say how much each base of a sequence counts.
pub trait Attribution {
    /// What it can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// One track for each sequence, in the order given: a score for each of its bases. What a score
    /// means, and whether it may be negative, is the way's own.
    ///
    /// # Errors
    ///
    /// The way's own error, for sequences that it cannot read.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Self::Error>;
}

/// A way of explaining can be lent.
impl<A: Attribution + ?Sized> Attribution for &A {
    type Error = A::Error;

    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        (**self).attribute(sequences)
    }
}

/// Ways of several types can stand in one list.
impl<A: Attribution + ?Sized> Attribution for Box<A> {
    type Error = A::Error;

    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        (**self).attribute(sequences)
    }
}
