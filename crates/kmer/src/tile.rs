//! Sequences of any length as overlapping rows.

use dnabert_core::{Encoding, EncodingReport, Sequence, TokenizeError};

use crate::tokenizer::{KmerTokenizer, LengthPolicy, Token};

impl KmerTokenizer {
    /// Encodes `sequence` as rows of at most the maximum length that share `overlap` k-mers with
    /// the row before; spans keep the coordinates of the whole sequence.
    ///
    /// With [`AmbiguityPolicy::Split`](crate::AmbiguityPolicy::Split) a new row starts after each
    /// ambiguous stretch. The report of the first row tells what was left out of all of them.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] as for [`encode`](dnabert_core::Tokenizer::encode), length aside.
    ///
    /// # Panics
    ///
    /// If `overlap` is not smaller than the number of k-mers in a row.
    pub fn tiles(
        &self,
        sequence: &Sequence,
        overlap: usize,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        let capacity = match self.length() {
            LengthPolicy::Unlimited => usize::MAX,
            LengthPolicy::Reject(maximum) | LengthPolicy::Truncate(maximum) => {
                maximum.saturating_sub(2)
            }
        };
        assert!(overlap < capacity, "an overlap of {overlap} k-mers leaves no step");
        let (tokens, mut report) = self.tokens(sequence)?;
        let mut rows = Vec::new();
        for stretch in tokens.chunk_by(|left, right| left.start + 1 == right.start) {
            for tile in windows(stretch, capacity, overlap) {
                let unknown = tile.iter().filter(|token| token.id == crate::SPECIAL_TOKENS.unk);
                let unknown_tokens = unknown.count();
                let skipped_tokens = std::mem::take(&mut report.skipped_tokens);
                let report = EncodingReport { unknown_tokens, skipped_tokens, truncated_tokens: 0 };
                rows.push(self.row(tile, report));
            }
        }
        Ok(rows)
    }
}

/// Windows of at most `capacity` tokens, each sharing `overlap` with the one before, to the end.
fn windows(tokens: &[Token], capacity: usize, overlap: usize) -> impl Iterator<Item = &[Token]> {
    let mut next = Some(0_usize);
    std::iter::from_fn(move || {
        let start = next?;
        let end = tokens.len().min(start.saturating_add(capacity));
        next = (end < tokens.len()).then(|| end - overlap);
        Some(&tokens[start..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AmbiguityPolicy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_every_kmer_and_share_the_overlap(
            text in "[ACGT]{3,200}", maximum in 6_usize..40, overlap in 0_usize..4,
        ) {
            let tokenizer =
                KmerTokenizer::new(3).unwrap().with_length(LengthPolicy::Reject(maximum));
            let rows = tokenizer.tiles(&text.parse().unwrap(), overlap.min(maximum - 3)).unwrap();
            let mut end = 0; // first k-mer not yet seen
            for (index, row) in rows.iter().enumerate() {
                prop_assert!(row.len() <= maximum);
                let starts: Vec<_> = row.spans.iter().flatten().map(|span| span.start).collect();
                let shared = if index == 0 { 0 } else { overlap.min(maximum - 3) };
                prop_assert_eq!(starts[0] + shared, end);
                end = starts.last().unwrap() + 1;
            }
            prop_assert_eq!(end, text.len() - 2);
        }
    }

    #[test]
    fn an_ambiguous_stretch_starts_a_new_row() {
        let tokenizer = KmerTokenizer::new(3).unwrap().with_ambiguity(AmbiguityPolicy::Split);
        let rows = tokenizer.tiles(&"ACGTNNACGTA".parse().unwrap(), 0).unwrap();
        assert_eq!(rows.iter().map(Encoding::len).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(rows[1].spans[1], Some(6..9));
        assert_eq!(rows[0].report.skipped_tokens, 4);
        assert_eq!(rows[1].report.skipped_tokens, 0);
    }
}
