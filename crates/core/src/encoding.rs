//! What a tokenizer returns.

use std::ops::Range;

/// One row of tokens: ids, segments, and the bases that each token covers.
///
/// The three vectors have the same length, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 for the first sequence and its special tokens, 1 for the second of a pair.
    pub segment_ids: Vec<u32>,
    /// Bases covered, 0-based half-open in the sequence of the token's segment; `None` for specials.
    pub spans: Vec<Option<Range<usize>>>,
    /// What the row does not say about its sequence.
    pub report: EncodingReport,
}

/// What was lost between a sequence and its [`Encoding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodingReport {
    /// Tokens that became `[UNK]`.
    pub unknown_tokens: usize,
    /// Tokens left out since they cover an ambiguous base.
    pub skipped_tokens: usize,
    /// Tokens cut off at the right to fit the maximum length.
    pub truncated_tokens: usize,
}

impl EncodingReport {
    /// Whether every token of the sequence is in the row as itself.
    pub fn is_lossless(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for EncodingReport {
    fn add_assign(&mut self, other: Self) {
        self.unknown_tokens += other.unknown_tokens;
        self.skipped_tokens += other.skipped_tokens;
        self.truncated_tokens += other.truncated_tokens;
    }
}

impl Encoding {
    /// The number of tokens, special tokens included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Appends one token.
    pub fn push(&mut self, id: u32, segment_id: u32, span: Option<Range<usize>>) {
        self.ids.push(id);
        self.segment_ids.push(segment_id);
        self.spans.push(span);
    }
}
