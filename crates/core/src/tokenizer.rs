//! The trait between sequences and networks.

use crate::{Encoding, Sequence, Tiles, Tiling};

/// The ids of the five special tokens of a BERT vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialTokens {
    /// `[PAD]`, fills short rows.
    pub pad: u32,
    /// `[UNK]`, stands for anything outside the vocabulary.
    pub unk: u32,
    /// `[CLS]`, opens every row.
    pub cls: u32,
    /// `[SEP]`, closes every segment.
    pub sep: u32,
    /// `[MASK]`, hides a token in pre-training.
    pub mask: u32,
}

/// Why a sequence cannot be encoded, or ids cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizeError {
    /// A sequence too short to hold one token.
    #[error("a sequence of {length} bases holds no token: at least {minimum} bases are needed")]
    TooShort {
        /// Its length in bases.
        length: usize,
        /// The shortest length that can be encoded.
        minimum: usize,
    },
    /// A row longer than the maximum, where cutting was not asked for.
    #[error(
        "{tokens} tokens are more than the maximum of {maximum}: choose truncation, or tiles with overlap"
    )]
    TooLong {
        /// Tokens of the row, special tokens included.
        tokens: usize,
        /// The maximum, special tokens included.
        maximum: usize,
    },
    /// An ambiguous base, where the policy refuses them.
    #[error("ambiguous base {letter:?} at position {position} is refused by the ambiguity policy")]
    AmbiguousBase {
        /// The letter.
        letter: char,
        /// 0-based position in the sequence.
        position: usize,
    },
    /// Every token of the sequence covers an ambiguous base.
    #[error("no token of the sequence ({length} bases) is free of ambiguous bases")]
    NothingLeft {
        /// Its length in bases.
        length: usize,
    },
    /// An id outside the vocabulary.
    #[error("id {id} at position {position} is outside the vocabulary of {vocab_size}")]
    UnknownId {
        /// The id.
        id: u32,
        /// 0-based position in the row.
        position: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// Ids that belong to no single sequence: neighbours disagree, or a special token lies inside.
    #[error("id {id} at position {position} does not continue the sequence before it")]
    Inconsistent {
        /// The id.
        id: u32,
        /// 0-based position in the row.
        position: usize,
    },
    /// A tokenizer that has no way to encode two sequences in one row.
    #[error("this tokenizer does not encode pairs")]
    NoPairs,
    /// The sequence at `index` of a batch failed.
    #[error("sequence {index} of the batch")]
    InBatch {
        /// 0-based index in the batch.
        index: usize,
        /// What was wrong with it.
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
    /// [`TokenizeError`] when the sequence does not fit the tokenizer's policies.
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError>;

    /// Encodes two sequences as `[CLS] a [SEP] b [SEP]` with segment ids 0 and 1.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode); [`TokenizeError::NoPairs`] unless implemented.
    fn encode_pair(
        &self,
        _first: &Sequence,
        _second: &Sequence,
    ) -> Result<Encoding, TokenizeError> {
        Err(TokenizeError::NoPairs)
    }

    /// Encodes a sequence of any length as rows `[CLS] x [SEP]` that overlap, one at a time.
    ///
    /// Unless implemented, the row of [`encode`](Self::encode) is cut.
    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        match self.encode(sequence) {
            Ok(row) => row.into_tiles(tiling),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    /// The sequence that a row of ids stands for; special tokens at its ends are ignored.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for ids outside the vocabulary or ids that contradict each other.
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError>;

    /// The number of ids, special tokens included.
    fn vocab_size(&self) -> usize;

    /// The ids of the special tokens.
    fn special_tokens(&self) -> SpecialTokens;

    /// Encodes many sequences, in order.
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
