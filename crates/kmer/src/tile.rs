//! Overlapping rows of k-mers, made one at a time.

use dnabert_core::{Encoding, EncodingReport, Sequence, Tiling, TokenizeError};

use crate::tokenizer::{KmerTokenizer, Token, ambiguous_base, nothing_left};
use crate::{AmbiguityPolicy, SPECIAL_TOKENS};

/// Iterates over the rows of a sequence with at most one row in memory.
struct KmerTiles<'a, I> {
    tokenizer: &'a KmerTokenizer,
    sequence: &'a Sequence,
    tiling: Tiling,
    /// Position and id of each remaining k-mer.
    ids: I,
    /// Tokens of the next row.
    row: Vec<Token>,
    skipped: usize,
    started: bool,
    finished: bool,
}

impl KmerTokenizer {
    /// The rows behind [`Tokenizer::tiles`](dnabert_core::Tokenizer::tiles).
    pub(crate) fn walk<'a>(
        &'a self,
        sequence: &'a Sequence,
        tiling: Tiling,
    ) -> impl Iterator<Item = Result<Encoding, TokenizeError>> + Send + 'a {
        KmerTiles {
            tokenizer: self,
            sequence,
            tiling,
            ids: self.vocabulary().ids(sequence.as_bytes()).enumerate(),
            row: Vec::new(),
            skipped: 0,
            started: false,
            finished: false,
        }
    }
}

impl<I: Iterator<Item = (usize, Option<u32>)>> KmerTiles<'_, I> {
    /// The row of the tokens collected so far.
    fn emit(&mut self) -> Encoding {
        self.started = true;
        let unknown = self.row.iter().filter(|token| token.id == SPECIAL_TOKENS.unk);
        let report = EncodingReport {
            unknown_tokens: unknown.count(),
            skipped_tokens: std::mem::take(&mut self.skipped),
            truncated_tokens: 0,
        };
        self.tokenizer.row(&self.row, report)
    }

    /// The next row that is full or ends at an ambiguous base; `None` at the end of the sequence.
    fn step(&mut self) -> Result<Option<Encoding>, TokenizeError> {
        while let Some((start, id)) = self.ids.next() {
            let id = match (id, self.tokenizer.ambiguity()) {
                (Some(id), _) => id,
                (None, AmbiguityPolicy::Unknown) => SPECIAL_TOKENS.unk,
                (None, AmbiguityPolicy::Reject) => {
                    return Err(ambiguous_base(self.sequence, start));
                }
                (None, AmbiguityPolicy::Split) => {
                    let row = (!self.row.is_empty()).then(|| self.emit());
                    self.row.clear();
                    self.skipped += 1;
                    match row {
                        Some(row) => return Ok(Some(row)),
                        None => continue,
                    }
                }
            };
            let full = self.row.len() == self.tiling.capacity();
            let row = full.then(|| self.emit());
            if full {
                self.row.drain(..self.row.len() - self.tiling.overlap());
            }
            self.row.push(Token { id, start });
            if row.is_some() {
                return Ok(row);
            }
        }
        Ok(None)
    }
}

impl<I: Iterator<Item = (usize, Option<u32>)>> Iterator for KmerTiles<'_, I> {
    type Item = Result<Encoding, TokenizeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let row = self.step().transpose();
        self.finished = !matches!(row, Some(Ok(_)));
        if row.is_some() {
            return row;
        }
        if !self.row.is_empty() {
            return Some(Ok(self.emit()));
        }
        (!self.started).then(|| Err(nothing_left(self.sequence, self.tokenizer.k())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dnabert_core::Tokenizer;
    use proptest::prelude::*;

    fn rows(tokenizer: &KmerTokenizer, text: &str, tiling: Tiling) -> Vec<Encoding> {
        tokenizer.tiles(&text.parse().unwrap(), tiling).map(Result::unwrap).collect()
    }

    proptest! {
        #[test]
        fn tiles_cover_every_kmer_and_share_the_overlap(
            text in "[ACGT]{3,200}", maximum in 6_usize..40, overlap in 0_usize..4,
        ) {
            let overlap = overlap.min(maximum - 3);
            let tokenizer = KmerTokenizer::new(3).unwrap();
            let rows = rows(&tokenizer, &text, Tiling::new(maximum, overlap));
            let mut end = 0; // first k-mer not yet seen
            for (index, row) in rows.iter().enumerate() {
                prop_assert!(row.len() <= maximum);
                let starts: Vec<_> = row.spans.iter().flatten().map(|span| span.start).collect();
                let shared = if index == 0 { 0 } else { overlap };
                prop_assert_eq!(starts[0] + shared, end);
                end = starts.last().unwrap() + 1;
            }
            prop_assert_eq!(end, text.len() - 2);
        }

        #[test]
        fn tiles_are_those_of_the_whole_row(
            text in "[ACGT]{3,200}", maximum in 6_usize..40, overlap in 0_usize..4,
        ) {
            let tiling = Tiling::new(maximum, overlap.min(maximum - 3));
            let tokenizer = KmerTokenizer::new(3).unwrap();
            let whole = tokenizer.encode(&text.parse().unwrap()).unwrap();
            let cut: Vec<_> = whole.into_tiles(tiling).map(Result::unwrap).collect();
            prop_assert_eq!(rows(&tokenizer, &text, tiling), cut);
        }
    }

    #[test]
    fn an_ambiguous_stretch_starts_a_new_row() {
        let tokenizer = KmerTokenizer::new(3).unwrap().with_ambiguity(AmbiguityPolicy::Split);
        let rows = rows(&tokenizer, "ACGTNNACGTANA", Tiling::new(512, 0));
        assert_eq!(rows.iter().map(Encoding::len).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(rows[1].spans[1], Some(6..9));
        assert_eq!(rows[0].report.skipped_tokens, 0);
        assert_eq!(rows[1].report.skipped_tokens, 4);
    }

    #[test]
    fn an_error_ends_the_rows() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let sequence: Sequence = "ACGTACNACGT".parse().unwrap();
        let tiles: Vec<_> = tokenizer.tiles(&sequence, Tiling::new(5, 0)).collect();
        assert_eq!(tiles.len(), 2);
        assert_eq!(tiles[1], Err(TokenizeError::AmbiguousBase { letter: 'N', position: 6 }));
        let short: Sequence = "AC".parse().unwrap();
        let tiles: Vec<_> = tokenizer.tiles(&short, Tiling::new(5, 0)).collect();
        assert_eq!(tiles, [Err(TokenizeError::TooShort { length: 2, minimum: 3 })]);
    }
}
