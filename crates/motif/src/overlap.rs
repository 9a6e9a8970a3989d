//! Words laid over one another without gaps.

use std::ops::Range;

/// How one word lies best over another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Where the key begins, in bases of the query; negative where the key sticks out at the left.
    pub offset: isize,
    /// Equal bases where the two lie over each other.
    pub score: usize,
    /// In how many ways this score can be had.
    pub ways: usize,
}

impl Overlap {
    /// The bases of the query, and of the key, that lie over each other.
    pub fn aligned(self, query: usize, key: usize) -> [Range<usize>; 2] {
        let start = self.offset.max(0) as usize;
        let end = (self.offset + key as isize).clamp(0, query as isize) as usize;
        let in_key = |base: usize| (base as isize - self.offset) as usize;
        [start..end, in_key(start)..in_key(end)]
    }
}

/// The ungapped overlap of `query` and `key` with the most equal bases. Of several, as Biopython's
/// aligner gives them: the one furthest to the right if some key sticks out at the right, else the
/// one furthest to the left.
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
    assert!(!query.is_empty() && !key.is_empty(), "words without bases");
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
