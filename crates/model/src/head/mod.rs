//! Heads over an encoder.

mod masked;
mod sequence;
mod token;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

pub use masked::MaskedLanguageModel;
pub(crate) use sequence::Chunks;
pub use sequence::SequenceClassifier;
pub use token::TokenClassifier;

use crate::{Encoder, TokenBatch};

/// A network that gives one row of scores for each sequence or each token; training and prediction
/// are generic over it.
pub trait Scorer: Module + ModuleDisplay {
    /// Returns the number of scores in a row.
    fn labels(&self) -> usize;

    /// Returns the length that rows must be padded to if the longest of them has `longest` tokens.
    fn padded_length(&self, longest: usize) -> usize {
        longest
    }

    /// Returns the scores (logits).
    ///
    /// # Shapes
    ///
    /// - ids of `batch`: `[batch, length]`
    /// - output: `[batch, labels]` for sequences, `[batch × length, labels]` for tokens
    fn scores(&self, batch: &TokenBatch) -> Tensor<2>;
}

impl<E: Encoder> Scorer for SequenceClassifier<E> {
    fn labels(&self) -> usize {
        self.labels()
    }

    /// Rounds up to whole chunks if the head or the length requires it.
    fn padded_length(&self, longest: usize) -> usize {
        self.padded_length(longest)
    }

    fn scores(&self, batch: &TokenBatch) -> Tensor<2> {
        self.forward(batch, &mut ())
    }
}

impl<E: Encoder> Scorer for TokenClassifier<E> {
    fn labels(&self) -> usize {
        self.labels()
    }

    fn padded_length(&self, longest: usize) -> usize {
        self.padded_length(longest)
    }

    fn scores(&self, batch: &TokenBatch) -> Tensor<2> {
        let scores = self.forward(batch, &mut ());
        let [rows, length, labels] = scores.dims();
        scores.reshape([rows * length, labels])
    }
}
