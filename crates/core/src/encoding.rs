//! What a tokenizer returns.

use std::ops::Range;

/// One row of tokens: ids, segment ids, and the bases that each token covers.
///
/// The three vectors have the same length, which includes the special tokens.
///
/// ```
/// use dnabert_core::Encoding;
///
/// let mut row = Encoding::default();
/// row.push(2, 0, None); // [CLS] covers no base
/// row.push(12, 0, Some(0..3)); // ATG
/// row.push(3, 0, None); // [SEP]
/// assert_eq!((row.len(), row.spans[1].clone()), (3, Some(0..3)));
/// assert!(row.report.is_lossless());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 for the first sequence and its special tokens, 1 for the second of a pair.
    pub segment_ids: Vec<u32>,
    /// The bases that each token covers in the sequence of its segment; `None` for special tokens.
    pub spans: Vec<Option<Range<usize>>>,
    /// What was lost between the sequence and this row.
    pub report: EncodingReport,
}

/// What was lost between a sequence and its [`Encoding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodingReport {
    /// Tokens that became `[UNK]`.
    pub unknown_tokens: usize,
    /// Tokens left out because they cover an ambiguous base.
    pub skipped_tokens: usize,
    /// Tokens cut off at the end to fit the maximum length.
    pub truncated_tokens: usize,
}

impl EncodingReport {
    /// Whether nothing was lost: no token is unknown, skipped or truncated.
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
    /// The number of tokens, including special tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the row has no token.
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
