//! Sequences of any length as overlapping rows.

use crate::{Encoding, EncodingReport, TokenizeError};

/// How a sequence is cut into rows that a network can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    max_tokens: usize,
    overlap: usize,
}

/// Rows of a sequence from left to right, made as they are asked for; spans have the coordinates
/// of the whole sequence.
///
/// The report of a row tells of its own tokens, and of those left out between it and the row
/// before. After an error there are no more rows.
pub type Tiles<'a> = Box<dyn Iterator<Item = Result<Encoding, TokenizeError>> + Send + 'a>;

impl Tiling {
    /// Rows of at most `max_tokens`, `[CLS]` and `[SEP]` included, that share `overlap` tokens
    /// with the row before.
    ///
    /// # Panics
    ///
    /// Unless `overlap` is smaller than the number of tokens between `[CLS]` and `[SEP]`.
    pub fn new(max_tokens: usize, overlap: usize) -> Self {
        let tiling = Self { max_tokens, overlap };
        assert!(
            overlap < tiling.capacity(),
            "an overlap of {overlap} in rows of {max_tokens} tokens leaves no step"
        );
        tiling
    }

    /// The longest row, `[CLS]` and `[SEP]` included.
    pub fn max_tokens(self) -> usize {
        self.max_tokens
    }

    /// Tokens between `[CLS]` and `[SEP]`.
    pub fn capacity(self) -> usize {
        self.max_tokens.saturating_sub(2)
    }

    /// Tokens that a row shares with the one before.
    pub fn overlap(self) -> usize {
        self.overlap
    }
}

impl Encoding {
    /// Cuts a row `[CLS] x [SEP]` of any length, for tokenizers that need the whole sequence at
    /// once.
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
    fn a_row_is_cut_with_special_tokens_at_both_ends() {
        let mut row = Encoding::default();
        row.push(2, 0, None);
        (0..7).for_each(|place| row.push(10 + place, 0, Some(place as usize..place as usize + 1)));
        row.push(3, 0, None);
        let tiles: Vec<_> =
            row.into_tiles(Tiling::new(6, 1)).map(|tile| tile.unwrap().ids).collect();
        assert_eq!(tiles, [[2, 10, 11, 12, 13, 3], [2, 13, 14, 15, 16, 3]]);
    }

    #[test]
    #[should_panic(expected = "leaves no step")]
    fn an_overlap_as_long_as_the_row_is_refused() {
        Tiling::new(6, 4);
    }
}
