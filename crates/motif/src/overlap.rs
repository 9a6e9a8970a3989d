//! Ungapped alignment of words.

use std::ops::Range;

/// The best ungapped alignment of two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// The position of the query at which the key starts; negative if the key starts before the
    /// query.
    pub offset: isize,
    /// The number of equal bases in the overlap.
    pub score: usize,
    /// The number of alignments with this score.
    pub ways: usize,
}

impl Overlap {
    /// The overlap as a range of the query and a range of the key, given the lengths of both words.
    pub fn aligned(self, query: usize, key: usize) -> [Range<usize>; 2] {
        let start = self.offset.max(0) as usize;
        let end = (self.offset + key as isize).clamp(0, query as isize) as usize;
        let in_key = |base: usize| (base as isize - self.offset) as usize;
        [start..end, in_key(start)..in_key(end)]
    }
}

/// The ungapped alignment of `query` and `key` with the most equal bases.
///
/// Ties are resolved as in Biopython's aligner: if in some of the best alignments the key extends
/// past the end of the query, the rightmost of these wins; otherwise the leftmost alignment wins.
///
/// ```
/// use dnabert_motif::overlap;
///
/// let found = overlap(b"AATGCA", b"GCATT");
/// assert_eq!((found.offset, found.score), (3, 3));
/// assert_eq!(found.aligned(6, 5), [3..6, 0..3]);
/// ```
///
/// # Panics
///
/// If a word is empty.
pub fn overlap(query: &[u8], key: &[u8]) -> Overlap {
    assert!(!query.is_empty() && !key.is_empty(), "words must not be empty");
    let offsets = 1 - key.len() as isize..query.len() as isize;
    let score = |offset: isize| {
        let [in_query, in_key] =
            Overlap { offset, score: 0, ways: 0 }.aligned(query.len(), key.len());
        query[in_query].iter().zip(&key[in_key]).filter(|(a, b)| a == b).count()
    };
    let most = offsets.clone().map(score).max().unwrap_or_default();
    let best: Vec<isize> = offsets.filter(|&offset| score(offset) == most).collect();
    let sticks_out = |offset: &&isize| **offset + key.len() as isize > query.len() as isize;
    let offset = best.iter().rfind(sticks_out).or(best.first()).copied().unwrap_or_default();
    Overlap { offset, score: most, ways: best.len() }
}
