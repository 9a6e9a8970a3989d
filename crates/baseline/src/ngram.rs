//! Which k-mers a sequence has, and where.

use serde::{Deserialize, Serialize};

use crate::SparseRow;

/// Counts of k-mers, of runs of them, and of where they are.
///
/// Tokens are the overlapping k-mers of a row, special tokens included. A run of n k-mers, each of
/// which overlaps the one before by all but a base, is one (k + n − 1)-mer. Its position is that of
/// its first token. Position bins lie at equal distances from the first token of a row to the last;
/// a token between two bins counts for both, by its distance to them, and in all 1.
///
/// ```
/// use dnabert_baseline::NgramFeatures;
///
/// // k = 1: the ids of A, T, C and G are 5 to 8.
/// let features = NgramFeatures::new(9, 2, 1).expect("all 1-mers");
/// assert_eq!(features.columns(), 9 + 16); // single tokens, and runs of two
/// // [CLS] T C [SEP]: four tokens and the run TC
/// assert_eq!(features.fractions(&[2, 6, 7, 3]).len(), 5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NgramFeatures {
    ids: usize,
    max_n: usize,
    position_bins: usize,
}

/// Ids below this one are special tokens, and the first k-mer's id.
pub const FIRST_KMER: usize = 5;

/// The largest number of columns that is fitted.
const MOST_COLUMNS: usize = 1 << 22;

impl NgramFeatures {
    /// Features of tokens with ids below `ids` and of runs of up to `max_n` of them, in
    /// `position_bins`; `None` where longer runs than 1 are asked for and the ids are not those of
    /// the five special tokens and all k-mers, or there are more than four million columns.
    ///
    /// # Panics
    ///
    /// If `max_n` or `position_bins` is 0.
    pub fn new(ids: usize, max_n: usize, position_bins: usize) -> Option<Self> {
        assert!(max_n > 0 && position_bins > 0, "at least runs of one token, in one bin");
        let kmers = ids.saturating_sub(FIRST_KMER);
        let are_kmers =
            kmers >= 4 && kmers.is_power_of_two() && kmers.trailing_zeros().is_multiple_of(2);
        // All words of eleven bases are as many columns as are allowed.
        let features = Self { ids, max_n, position_bins };
        let can_be = max_n == 1 || are_kmers && max_n <= 12;
        let columns = if can_be { features.entries().checked_mul(position_bins) } else { None };
        columns.is_some_and(|columns| columns <= MOST_COLUMNS).then_some(features)
    }

    /// The number of token ids.
    pub fn ids(self) -> usize {
        self.ids
    }

    /// The longest run of tokens that is counted.
    pub fn max_n(self) -> usize {
        self.max_n
    }

    /// The number of position bins.
    pub fn position_bins(self) -> usize {
        self.position_bins
    }

    /// The number of different tokens and runs.
    pub fn entries(self) -> usize {
        self.first(self.max_n + 1)
    }

    /// The number of different tokens and runs in each bin: entry e in bin p is column
    /// e × bins + p.
    pub fn columns(self) -> usize {
        self.entries() * self.position_bins
    }

    /// The columns of a row of real tokens, and how often each is there, as a fraction of the
    /// row's tokens.
    pub fn fractions(self, ids: &[u32]) -> SparseRow {
        let fraction = 1.0 / ids.len() as f64;
        let last = ids.len().saturating_sub(1).max(1) as f64;
        let mut found = Vec::new();
        for token in 0..ids.len() {
            let at = (self.position_bins - 1) as f64 * token as f64 / last;
            let (bin, beyond) = (at as usize, at.fract());
            for entry in self.runs(&ids[token..]) {
                let mut add = |bin: usize, weight: f64| {
                    if weight > 0.0 {
                        found.push((entry * self.position_bins + bin, weight * fraction));
                    }
                };
                add(bin, 1.0 - beyond);
                add(bin + 1, beyond);
            }
        }
        found.sort_unstable_by_key(|&(column, _)| column);
        let mut joined: SparseRow = Vec::with_capacity(found.len());
        for (column, fraction) in found {
            match joined.last_mut() {
                Some((last, sum)) if *last == column => *sum += fraction,
                _ => joined.push((column, fraction)),
            }
        }
        joined
    }

    /// The entries of the token that `ids` begin with and of the runs that it begins.
    fn runs(self, ids: &[u32]) -> Vec<usize> {
        let mut entries = Vec::with_capacity(self.max_n);
        let Some(&first) = ids.first().filter(|&&id| (id as usize) < self.ids) else {
            return entries;
        };
        entries.push(first as usize);
        let mut codes = ids.iter().map_while(|&id| (id as usize).checked_sub(FIRST_KMER));
        let Some(mut last) = codes.next() else { return entries };
        let mut run = last;
        for (more, code) in (1..self.max_n).zip(codes) {
            if last % self.overlaps() != code / 4 {
                break;
            }
            run = run * 4 + code % 4;
            entries.push(self.first(more + 1) + run);
            last = code;
        }
        entries
    }

    /// The number of words of all but one base of a k-mer.
    pub fn overlaps(self) -> usize {
        (self.ids.saturating_sub(FIRST_KMER) / 4).max(1)
    }

    /// The first entry of runs of `length` tokens.
    pub fn first(self, length: usize) -> usize {
        let kmers = self.ids.saturating_sub(FIRST_KMER);
        let longer = (1..length.saturating_sub(1)).map(|more| kmers << (2 * more));
        if length == 1 { 0 } else { self.ids + longer.sum::<usize>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_kmers_are_longer_kmers() {
        // k = 1: A, T, C, G are 5 to 8.
        let features = NgramFeatures::new(9, 3, 1).unwrap();
        assert_eq!(features.entries(), 9 + 16 + 64);
        // [CLS] T C [SEP]: four tokens, one run of two; TC is 1 × 4 + 2.
        assert_eq!(
            features.fractions(&[2, 6, 7, 3]),
            [(2, 0.25), (3, 0.25), (6, 0.25), (7, 0.25), (9 + 6, 0.25)]
        );
        let found = features.fractions(&[6, 7, 8]);
        let third = 1.0 / 3.0;
        let expected =
            [(6, third), (7, third), (8, third), (9 + 6, third), (9 + 11, third), (25 + 27, third)];
        assert_eq!(found, expected);
        let new = NgramFeatures::new;
        assert_eq!((new(10, 2, 1), new(6, 2, 1)), (None, None), "no k-mers");
        assert!(new(10, 1, 1).is_some());
        assert_eq!((new(69, 40, 1), new(69, 8, 512)), (None, None), "too many");
    }

    #[test]
    fn a_token_between_two_bins_counts_for_both() {
        let features = NgramFeatures::new(9, 1, 2).unwrap();
        let found = features.fractions(&[5, 6, 7]);
        let third = 1.0 / 3.0;
        let expected = [(10, third), (12, third / 2.0), (13, third / 2.0), (15, third)];
        assert_eq!(found, expected);
    }
}
