//! Heads: what the hidden states are read for.

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

/// A network with one row of scores for each of the things that it judges; training and
/// prediction are generic over it.
pub trait Scorer: Module + ModuleDisplay {
    /// The number of scores in a row.
    fn labels(&self) -> usize;

    /// The length that rows must be padded to, where the longest of them has `longest` tokens.
    fn padded_length(&self, longest: usize) -> usize {
        longest
    }

    /// Scores (logits): `[batch, labels]` where sequences are judged, `[batch × length, labels]`
    /// where tokens are.
    fn scores(&self, batch: &TokenBatch) -> Tensor<2>;
}

impl<E: Encoder> Scorer for SequenceClassifier<E> {
    fn labels(&self) -> usize {
        self.labels()
    }

    /// Whole chunks, where the head or the length asks for them.
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
