//! A user-defined tokenizer.

use std::fmt;
use std::sync::Arc;

use dnabert_core::{
    Encoding, LengthPolicy, Sequence, SpecialTokens, Tiles, Tiling, TokenizeError, Tokenizer,
};

/// A user-defined tokenizer, with the policy for long rows that a network needs.
///
/// It handles unknown letters itself.
#[derive(Clone)]
pub struct OwnTokenizer {
    tokenizer: Arc<dyn Tokenizer>,
    length: LengthPolicy,
}

impl OwnTokenizer {
    /// Any tokenizer, for rows of any length.
    pub fn new(tokenizer: impl Tokenizer + 'static) -> Self {
        Self { tokenizer: Arc::new(tokenizer), length: LengthPolicy::Unlimited }
    }

    /// The same tokenizer with another policy for long rows.
    #[must_use]
    pub fn with_length(mut self, policy: LengthPolicy) -> Self {
        self.length = policy;
        self
    }

    /// Shortens the row as the policy requires: tokens before the final one are removed.
    fn fit(&self, row: Encoding) -> Result<Encoding, TokenizeError> {
        let surplus = self.length.surplus(row.len())?;
        if surplus == 0 {
            return Ok(row);
        }
        let last = row.len() - 1;
        let mut short = Encoding { report: row.report, ..Encoding::default() };
        short.report.truncated_tokens += surplus;
        for place in (0..last - surplus).chain([last]) {
            short.push(row.ids[place], row.segment_ids[place], row.spans[place].clone());
        }
        Ok(short)
    }
}

impl fmt::Debug for OwnTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTokenizer")
            .field("ids", &self.tokenizer.vocab_size())
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Tokenizer for OwnTokenizer {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        self.fit(self.tokenizer.encode(sequence)?)
    }

    fn encode_pair(&self, first: &Sequence, second: &Sequence) -> Result<Encoding, TokenizeError> {
        self.fit(self.tokenizer.encode_pair(first, second)?)
    }

    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        self.tokenizer.tiles(sequence, tiling)
    }

    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        self.tokenizer.decode(ids)
    }

    fn vocab_size(&self) -> usize {
        self.tokenizer.vocab_size()
    }

    fn special_tokens(&self) -> SpecialTokens {
        self.tokenizer.special_tokens()
    }
}

#[cfg(test)]
mod tests {
    use dnabert_kmer::KmerTokenizer;

    use super::*;

    #[test]
    fn long_rows_are_cut_or_refused_as_those_of_kmers() {
        let kmers = KmerTokenizer::new(3).unwrap();
        let own = OwnTokenizer::new(kmers.clone().with_length(LengthPolicy::Unlimited));
        let long: Sequence = "ACGTTGCAACGT".parse().unwrap();
        let short: Sequence = "ACGTTGCA".parse().unwrap();
        for policy in [LengthPolicy::Truncate(8), LengthPolicy::Reject(8), LengthPolicy::Unlimited]
        {
            let (kmers, own) = (kmers.clone().with_length(policy), own.clone().with_length(policy));
            for sequence in [&long, &short] {
                assert_eq!(own.encode(sequence), kmers.encode(sequence), "{policy:?}");
            }
        }
    }
}
