//! Pieces of a corpus as token rows.

use dnabert_core::{Encoding, TokenizeError, Tokenizer};
use dnabert_tasks::corpus::{CorpusError, Pieces};
use dnabert_train::pretrain::Rows;

/// The rows that a masked language model is trained on: pieces of a corpus, tokenized.
#[derive(Debug, Clone, Copy)]
pub struct CorpusRows<'a, T> {
    pieces: &'a Pieces,
    tokenizer: &'a T,
}

/// Why a row of a corpus cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusRowError {
    /// The piece cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The piece cannot be tokenized.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
}

impl<'a, T: Tokenizer> CorpusRows<'a, T> {
    /// Rows of `pieces`.
    pub fn new(pieces: &'a Pieces, tokenizer: &'a T) -> Self {
        Self { pieces, tokenizer }
    }
}

impl<T: Tokenizer> Rows for CorpusRows<'_, T> {
    type Error = CorpusRowError;

    fn row(&self, number: u64) -> Result<Encoding, CorpusRowError> {
        Ok(self.tokenizer.encode(&self.pieces.piece(number)?.sequence)?)
    }
}
