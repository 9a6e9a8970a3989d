//! The trait that every tokenizer implements.

use crate::{Encoding, Sequence, Tiles, Tiling};

/// The ids of the five special tokens of a BERT vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialTokens {
    /// `[PAD]` fills short rows of a batch.
    pub pad: u32,
    /// `[UNK]` replaces text outside the vocabulary.
    pub unk: u32,
    /// `[CLS]` starts every row.
    pub cls: u32,
    /// `[SEP]` ends every segment.
    pub sep: u32,
    /// `[MASK]` hides a token in pre-training.
    pub mask: u32,
}

/// Why a sequence cannot be encoded, or ids cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizeError {
    /// A sequence that is too short for one token.
    #[error(
        "a sequence of {length} bases is too short for one token: at least {minimum} are needed"
    )]
    TooShort {
        /// Its length in bases.
        length: usize,
        /// The shortest length that can be encoded.
        minimum: usize,
    },
    /// A row longer than the maximum, under a policy that does not truncate.
    #[error(
        "{tokens} tokens exceed the maximum of {maximum}: truncate the row, or use overlapping tiles"
    )]
    TooLong {
        /// Tokens of the row, including special tokens.
        tokens: usize,
        /// The maximum, including special tokens.
        maximum: usize,
    },
    /// An ambiguous base, where [`AmbiguityPolicy::Reject`](crate::AmbiguityPolicy) refuses them.
    #[error("ambiguous base {letter:?} at position {position} is refused")]
    AmbiguousBase {
        /// The letter.
        letter: char,
        /// 0-based position in the sequence.
        position: usize,
    },
    /// Every token of the sequence covers an ambiguous base.
    #[error("every token of the sequence ({length} bases) covers an ambiguous base")]
    NothingLeft {
        /// Its length in bases.
        length: usize,
    },
    /// An id outside the vocabulary.
    #[error("id {id} at position {position} is outside the vocabulary of {vocab_size} tokens")]
    UnknownId {
        /// The id.
        id: u32,
        /// 0-based position in the row.
        position: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// Ids that spell no sequence: neighbouring tokens disagree, or a special token lies inside.
    #[error(
        "id {id} at position {position} does not continue the sequence of the tokens before it"
    )]
    Inconsistent {
        /// The id.
        id: u32,
        /// 0-based position in the row.
        position: usize,
    },
    /// A tokenizer that cannot encode two sequences in one row.
    #[error("this tokenizer cannot encode pairs of sequences")]
    NoPairs,
    /// A sequence of a batch that cannot be encoded.
    #[error("sequence {index} of the batch cannot be encoded")]
    InBatch {
        /// 0-based index in the batch.
        index: usize,
        /// Why it cannot be encoded.
        #[source]
        source: Box<TokenizeError>,
    },
}

/// Turns sequences into token rows and back; safe to share between threads.
pub trait Tokenizer: Send + Sync {
    /// Encodes one sequence as `[CLS] x [SEP]`.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] if the policies of the tokenizer reject the sequence.
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError>;

    /// Encodes two sequences as `[CLS] a [SEP] b [SEP]` with segment ids 0 and 1.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode). The default implementation returns [`TokenizeError::NoPairs`].
    fn encode_pair(
        &self,
        _first: &Sequence,
        _second: &Sequence,
    ) -> Result<Encoding, TokenizeError> {
        Err(TokenizeError::NoPairs)
    }

    /// Encodes a sequence of any length as overlapping rows `[CLS] x [SEP]`, one at a time.
    ///
    /// The default implementation cuts the row of [`encode`](Self::encode).
    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        match self.encode(sequence) {
            Ok(row) => row.into_tiles(tiling),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    /// Decodes a row of ids; special tokens at its ends are ignored.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for ids outside the vocabulary, or ids that contradict each other.
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError>;

    /// The number of ids, including special tokens.
    fn vocab_size(&self) -> usize;

    /// The ids of the special tokens.
    fn special_tokens(&self) -> SpecialTokens;

    /// Encodes many sequences, and returns one row for each in the same order.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that fails.
    fn encode_batch(&self, sequences: &[Sequence]) -> Result<Vec<Encoding>, TokenizeError> {
        sequences
            .iter()
            .enumerate()
            .map(|(index, sequence)| {
                self.encode(sequence)
                    .map_err(|source| TokenizeError::InBatch { index, source: Box::new(source) })
            })
            .collect()
    }
}
