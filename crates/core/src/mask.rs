//! Which tokens masked-language-model training hides.

use crate::Encoding;

/// A row for masked-language-model training: ids with some tokens hidden, and the original ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaskedRow {
    /// Token ids as the network sees them.
    pub ids: Vec<u32>,
    /// Positions in the row whose tokens the network predicts, ascending.
    pub places: Vec<usize>,
    /// The original id at each of these positions.
    pub targets: Vec<u32>,
}

/// Chooses which tokens of a row are hidden; safe to share between threads.
pub trait MaskPlan: Send + Sync {
    /// Hides tokens of `row`; the same seed hides the same tokens.
    ///
    /// If no token of the row can be hidden, [`MaskedRow::places`] is empty.
    fn mask(&self, row: &Encoding, seed: u64) -> MaskedRow;
}
