//! The trait between token rows and masked-language-model training.

use crate::Encoding;

/// A row for masked-language-model training: some tokens hidden, and what they were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaskedRow {
    /// Token ids as the network sees them.
    pub ids: Vec<u32>,
    /// Places in the row that are to be predicted, ascending.
    pub places: Vec<usize>,
    /// The original id at each of these places.
    pub targets: Vec<u32>,
}

/// Chooses the tokens of a row that are hidden; safe to share between threads.
pub trait MaskPlan: Send + Sync {
    /// Hides tokens of `row`, as `seed` says: the same seed hides the same tokens. A row of which
    /// nothing may be hidden comes back without places.
    fn mask(&self, row: &Encoding, seed: u64) -> MaskedRow;
}
