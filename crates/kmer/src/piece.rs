//! Rows in pieces of 510 k-mers, each with its own special tokens, as DNABERT's chunked heads need
//! them.

use dnabert_core::{Encoding, EncodingReport, TokenizeError};

use crate::LengthPolicy;
use crate::reference::PIECE;
use crate::tokenizer::{KmerTokenizer, Token};

impl KmerTokenizer {
    /// The row of [`reference::row`](crate::reference::row) with spans; k-mers that do not fit are
    /// an error or are counted, by the length policy.
    pub(crate) fn in_pieces(
        &self,
        tokens: &[Token],
        report: EncodingReport,
    ) -> Result<Encoding, TokenizeError> {
        let (maximum, reject) = match self.length() {
            LengthPolicy::Unlimited => (usize::MAX, false),
            LengthPolicy::Reject(maximum) => (maximum, true),
            LengthPolicy::Truncate(maximum) => (maximum, false),
        };
        let kept = tokens.len().min(maximum.saturating_sub(2));
        let mut row = Encoding { report, ..Encoding::default() };
        for piece in 0..=kept / PIECE {
            let piece = &tokens[piece * PIECE..kept.min((piece + 1) * PIECE)];
            let Encoding { ids, segment_ids, spans, .. } =
                self.row(piece, EncodingReport::default());
            row.ids.extend(ids);
            row.segment_ids.extend(segment_ids);
            row.spans.extend(spans);
        }
        row.ids.truncate(maximum);
        row.segment_ids.truncate(maximum);
        row.spans.truncate(maximum);
        let lost = tokens.len() - row.spans.iter().flatten().count();
        if reject && lost > 0 {
            let pieces = tokens.len().div_ceil(PIECE);
            return Err(TokenizeError::TooLong { tokens: tokens.len() + 2 * pieces, maximum });
        }
        row.report.truncated_tokens = lost;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use dnabert_core::{Sequence, Tokenizer};
    use proptest::prelude::*;

    use super::*;
    use crate::reference;

    proptest! {
        #[test]
        fn ids_are_those_of_the_reference(
            length in 3_usize..1600, maximum in prop::option::of(2_usize..1600),
        ) {
            let policy = maximum.map_or(LengthPolicy::Unlimited, LengthPolicy::Truncate);
            let tokenizer = KmerTokenizer::new(3).unwrap().with_length(policy).with_pieces();
            let sequence: Sequence = "ACGGT".repeat(320)[..length].parse().unwrap();
            let ids: Vec<u32> =
                tokenizer.vocabulary().ids(sequence.as_bytes()).map(Option::unwrap).collect();
            let row = tokenizer.encode(&sequence).unwrap();
            prop_assert_eq!(row.ids, reference::row(&ids, maximum));
            let kept = row.spans.iter().flatten().count();
            prop_assert_eq!(kept + row.report.truncated_tokens, ids.len());
        }
    }

    #[test]
    fn kmers_that_do_not_fit_are_rejected() {
        let tokenizer =
            KmerTokenizer::new(3).unwrap().with_length(LengthPolicy::Reject(1024)).with_pieces();
        let bases = |kmers: usize| "A".repeat(kmers + 2).parse().unwrap();
        assert_eq!(tokenizer.encode(&bases(1020)).unwrap().len(), 1024);
        let error = tokenizer.encode(&bases(1021)).unwrap_err();
        assert_eq!(error, TokenizeError::TooLong { tokens: 1027, maximum: 1024 });
    }
}
