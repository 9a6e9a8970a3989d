//! How many rows of tokens are in a forward pass.

use burn::tensor::Device;

use crate::backend::is_cpu;

/// How many rows of tokens are in a forward pass.
///
/// The cores of a CPU are busy with a few rows. A GPU needs many tokens at a time, so there the
/// number of rows is best given by their length.
///
/// ```
/// use dnabert_inference::BatchSize;
///
/// assert_eq!(BatchSize::Rows(32).rows(512), 32);
/// assert_eq!(BatchSize::Tokens(32_768).rows(512), 64);
/// assert_eq!(BatchSize::Tokens(32_768).rows(100), 327);
/// assert_eq!(BatchSize::Tokens(100).rows(512), 1); // one at least
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchSize {
    /// So many rows of any length.
    Rows(usize),
    /// As many rows as have so many tokens, padding included; one at least.
    Tokens(usize),
}

/// Number of batches that are read together, so that rows of similar length are in one batch.
const WINDOW: usize = 16;

impl BatchSize {
    /// The number of rows of `length` tokens.
    pub fn rows(self, length: usize) -> usize {
        match self {
            Self::Rows(rows) => rows,
            Self::Tokens(tokens) => (tokens / length.max(1)).max(1),
        }
    }

    /// Whether `rows` rows, together of `tokens` tokens, are several batches.
    pub(crate) fn is_window(self, rows: usize, tokens: usize) -> bool {
        match self {
            Self::Rows(of_batch) => rows >= WINDOW * of_batch,
            Self::Tokens(of_batch) => tokens >= WINDOW * of_batch,
        }
    }

    /// The default for a use: `rows` on the CPU. On a GPU, 1,024 tokens for each of these rows: in
    /// f32 the attention weights of one layer of BERT-base have then at most 0.8 GB for 32 rows.
    pub(crate) fn default_for(rows: usize, device: &Device) -> Self {
        if is_cpu(device) { Self::Rows(rows) } else { Self::Tokens(1024 * rows) }
    }

    /// The same size.
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub(crate) fn checked(self) -> Self {
        let (Self::Rows(size) | Self::Tokens(size)) = self;
        assert!(size > 0, "a batch has at least one row");
        self
    }
}

impl From<usize> for BatchSize {
    fn from(rows: usize) -> Self {
        Self::Rows(rows)
    }
}
