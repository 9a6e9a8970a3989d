//! Long sequences as overlapping rows.

use crate::{Encoding, EncodingReport, TokenizeError};

/// How a long sequence is cut into overlapping rows.
///
/// ```
/// use dnabert_core::{Encoding, Tiling};
///
/// let mut row = Encoding::default();
/// for id in [2, 10, 11, 12, 13, 14, 3] {
///     row.push(id, 0, None);
/// }
/// let tiling = Tiling::new(5, 1); // at most 5 tokens in a row, 1 token in common
/// let rows: Result<Vec<_>, _> = row.into_tiles(tiling).map(|tile| tile.map(|t| t.ids)).collect();
/// assert_eq!(rows?, [[2, 10, 11, 12, 3], [2, 12, 13, 14, 3]]);
/// # Ok::<(), dnabert_core::TokenizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    max_tokens: usize,
    overlap: usize,
}

/// A lazy iterator over the rows of a sequence from left to right.
///
/// Spans have the coordinates of the whole sequence. The report of a row counts its own tokens and
/// the tokens left out between it and the row before. The iterator ends after an error.
pub type Tiles<'a> = Box<dyn Iterator<Item = Result<Encoding, TokenizeError>> + Send + 'a>;

impl Tiling {
    /// Rows of at most `max_tokens`, including `[CLS]` and `[SEP]`, where each row repeats the last
    /// `overlap` tokens of the row before.
    ///
    /// # Panics
    ///
    /// If `overlap` is not smaller than the number of tokens between `[CLS]` and `[SEP]`.
    pub fn new(max_tokens: usize, overlap: usize) -> Self {
        let tiling = Self { max_tokens, overlap };
        assert!(
            overlap < tiling.capacity(),
            "an overlap of {overlap} is too large for rows of {max_tokens} tokens"
        );
        tiling
    }

    /// The maximum number of tokens in a row, including `[CLS]` and `[SEP]`.
    pub fn max_tokens(self) -> usize {
        self.max_tokens
    }

    /// The maximum number of tokens between `[CLS]` and `[SEP]`.
    pub fn capacity(self) -> usize {
        self.max_tokens.saturating_sub(2)
    }

    /// The number of tokens that a row has in common with the row before.
    pub fn overlap(self) -> usize {
        self.overlap
    }
}

impl Encoding {
    /// Cuts a row `[CLS] x [SEP]` of any length into tiles, for tokenizers that need the whole
    /// sequence at once.
    pub fn into_tiles(self, tiling: Tiling) -> Tiles<'static> {
        let mut next = Some(1);
        let mut report = self.report;
        let inner_end = self.len().saturating_sub(1);
        Box::new(std::iter::from_fn(move || {
            let start: usize = next?;
            let end = inner_end.min(start + tiling.capacity());
            next = (end < inner_end).then(|| end - tiling.overlap());
            let mut tile = Self { report, ..Self::default() };
            report = EncodingReport::default();
            for place in [0..1, start..end, inner_end..self.len()].into_iter().flatten() {
                tile.push(self.ids[place], self.segment_ids[place], self.spans[place].clone());
            }
            Some(Ok(tile))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_special_tokens_at_both_ends() {
        let mut row = Encoding::default();
        row.push(2, 0, None);
        (0..7).for_each(|place| row.push(10 + place, 0, Some(place as usize..place as usize + 1)));
        row.push(3, 0, None);
        let tiles: Vec<_> =
            row.into_tiles(Tiling::new(6, 1)).map(|tile| tile.unwrap().ids).collect();
        assert_eq!(tiles, [[2, 10, 11, 12, 13, 3], [2, 13, 14, 15, 16, 3]]);
    }

    #[test]
    #[should_panic(expected = "is too large")]
    fn an_overlap_as_long_as_the_row_is_rejected() {
        Tiling::new(6, 4);
    }
}
