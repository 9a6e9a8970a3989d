//! Sequences as rows of numbers.

use dnabert_core::Sequence;

use crate::context::digit;

/// The features of a sequence that are not zero: column and value.
pub type SparseRow = Vec<(usize, f64)>;

/// The fraction of each k-mer among all k-mers of a sequence, for several k.
///
/// Columns: all 4^k of the shortest k, then of the next. Fractions are scaled by the root of the
/// number of columns, so that penalties mean the same for all k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KmerFractions {
    shortest: usize,
    longest: usize,
}

impl KmerFractions {
    /// Features of the k-mers with k from `shortest` to `longest`.
    ///
    /// # Panics
    ///
    /// Unless 1 ≤ `shortest` ≤ `longest` ≤ 10.
    pub fn new(shortest: usize, longest: usize) -> Self {
        assert!(1 <= shortest && shortest <= longest && longest <= 10, "k from 1 to 10");
        Self { shortest, longest }
    }

    /// The number of columns.
    pub fn columns(self) -> usize {
        (self.shortest..=self.longest).map(|k| 1 << (2 * k)).sum()
    }

    /// The features of `sequence`; k-mers with an ambiguous letter are left out.
    pub fn row(self, sequence: &Sequence) -> SparseRow {
        let mut row = SparseRow::new();
        let mut first = 0;
        for k in self.shortest..=self.longest {
            let mut codes = codes(sequence, k);
            codes.sort_unstable();
            let scale = f64::from(1 << k) / codes.len().max(1) as f64;
            let runs = codes.chunk_by(|a, b| a == b);
            row.extend(runs.map(|run| (first + run[0], scale * run.len() as f64)));
            first += 1 << (2 * k);
        }
        row
    }
}

/// The number of each k-mer of a sequence, in order.
fn codes(sequence: &Sequence, k: usize) -> Vec<usize> {
    let (mut code, mut clean) = (0, 0);
    let mask = (1 << (2 * k)) - 1;
    let push = |&letter: &u8| {
        let Some(digit) = digit(letter) else {
            clean = 0;
            return None;
        };
        code = (code << 2 | usize::from(digit)) & mask;
        clean += 1;
        (clean >= k).then_some(code)
    };
    sequence.as_bytes().iter().filter_map(push).collect()
}

/// Which base stands at each place: four columns a place, one of them 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneHot {
    length: usize,
}

impl OneHot {
    /// Features of the first `length` places.
    pub fn new(length: usize) -> Self {
        Self { length }
    }

    /// The number of columns.
    pub fn columns(self) -> usize {
        4 * self.length
    }

    /// The features of `sequence`; an ambiguous letter has none.
    pub fn row(self, sequence: &Sequence) -> SparseRow {
        let places = sequence.as_bytes().iter().take(self.length).enumerate();
        places
            .filter_map(|(place, &letter)| Some((4 * place + usize::from(digit(letter)?), 1.0)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmers_are_shares_of_their_length() {
        let features = KmerFractions::new(1, 2);
        assert_eq!(features.columns(), 20);
        let row = features.row(&"AACN".parse().unwrap());
        // A A C: two thirds and one; AA, AC: a half each, at 4 + 0 and 4 + 1
        assert_eq!(row, [(0, 4.0 / 3.0), (1, 2.0 / 3.0), (4, 2.0), (5, 2.0)]);
    }

    #[test]
    fn one_hot_names_place_and_base() {
        let features = OneHot::new(3);
        assert_eq!(features.columns(), 12);
        assert_eq!(features.row(&"CNTA".parse().unwrap()), [(1, 1.0), (11, 1.0)]);
        assert_eq!(features.row(&"G".parse().unwrap()), [(2, 1.0)]);
    }
}
