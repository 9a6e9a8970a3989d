//! Context models: a two-sided Markov model of hidden bases.

use dnabert_core::Sequence;

/// The largest number of bases that a model reads on each side.
pub const MOST_REACH: usize = 6;

/// Predicts hidden bases from the nearest known bases on both sides, by counting which bases occur
/// between them in other sequences.
///
/// A run of hidden bases is called a hole. A hole of h bases has separate counts for each position
/// and each reach r: how often each base occurs there between the r bases before the hole and the r
/// bases after it. The counts of reach r are smoothed with the prediction of reach r − 1, so
/// contexts without counts fall back to shorter ones.
///
/// ```
/// use dnabert_baseline::ContextModel;
/// use dnabert_baseline::context::Around;
///
/// let mut model = ContextModel::new(1, 1); // holes of one base, one base on each side
/// model.count(&"ACGACGACGACG".parse()?);
/// model.finish();
///
/// // C stands between A and G.
/// let around = Around { left: &[0], right: &[2] };
/// let found = model.predict(1, around, 1, 1.0);
/// assert!(found[0][1] > 0.8);
/// # Ok::<(), dnabert_core::SequenceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ContextModel {
    reach: usize,
    /// Counts of four bases for each context: by length of hole (from 1), position in it and reach
    /// (from 0).
    counts: Vec<Vec<Vec<Vec<u32>>>>,
}

/// The known bases on both sides of a hole, as digits 0 to 3, the nearest first.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The bases before the hole.
    pub left: &'a [u8],
    /// The bases after the hole.
    pub right: &'a [u8],
}

impl ContextModel {
    /// Creates a model without counts, for holes of up to `longest_hole` bases and a reach of up to
    /// `reach` bases on each side.
    ///
    /// Memory: about 17 × 16^`reach` bytes for each position of each hole. Holes of up to 4 bases
    /// with a reach of 6 take 2.9 GB.
    ///
    /// # Panics
    ///
    /// If `longest_hole` is 0 or `reach` is above [`MOST_REACH`].
    pub fn new(longest_hole: usize, reach: usize) -> Self {
        assert!(longest_hole > 0 && reach <= MOST_REACH, "holes of {longest_hole}, reach {reach}");
        let tables = || (0..=reach).map(|reach| vec![0; 4 << (4 * reach)]).collect();
        let counts = (1..=longest_hole).map(|hole| (0..hole).map(|_| tables()).collect()).collect();
        Self { reach, counts }
    }

    /// Returns the length of the longest hole with its own counts.
    pub fn longest_hole(&self) -> usize {
        self.counts.len()
    }

    /// Returns the largest number of bases that are read on each side.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Counts every position of a sequence on both strands; ambiguous letters split the sequence.
    pub fn count(&mut self, sequence: &Sequence) {
        for strand in [sequence.clone(), sequence.reverse_complement()] {
            let digits: Vec<Option<u8>> =
                strand.as_bytes().iter().map(|&letter| digit(letter)).collect();
            for known in digits.split(Option::is_none) {
                let bases: Vec<u8> = known.iter().flatten().copied().collect();
                self.count_bases(&bases);
            }
        }
    }

    fn count_bases(&mut self, bases: &[u8]) {
        let reach = self.reach;
        for (index, places) in self.counts.iter_mut().enumerate() {
            let hole = index + 1;
            let span = 2 * reach + hole;
            for window in bases.windows(span) {
                let left = window[..reach].iter().rev();
                let right = &window[reach + hole..];
                let context = left.zip(right).enumerate().fold(0, |code, (depth, (&l, &r))| {
                    code | (usize::from(l << 2 | r) << (4 * depth))
                });
                for (place, tables) in places.iter_mut().enumerate() {
                    tables[reach][4 * context + usize::from(window[reach + place])] += 1;
                }
            }
        }
    }

    /// Computes the counts of shorter reaches; call this after the last sequence was counted.
    pub fn finish(&mut self) {
        for tables in self.counts.iter_mut().flatten() {
            for reach in (0..self.reach).rev() {
                let (shorter, longer) = tables.split_at_mut(reach + 1);
                let shorter = &mut shorter[reach];
                shorter.fill(0);
                // The nearest bases are the low digits of a context.
                let mask = shorter.len() - 1;
                for (code, count) in longer[0].iter().enumerate() {
                    shorter[code & mask] += count;
                }
            }
        }
    }

    /// Returns the probabilities of A, C, G and T at each position of a hole of `hole` bases.
    ///
    /// At most `reach` known bases are read on each side. `backing` is the weight, in counts, of
    /// the prediction of the next shorter reach.
    ///
    /// A hole that is longer than the longest counted one is split in two halves: the left half
    /// uses the left positions of the longest counted hole, the right half its right positions. If
    /// one side has fewer known bases, the counts are summed over all possible bases there.
    pub fn predict(
        &self,
        hole: usize,
        around: Around<'_>,
        reach: usize,
        backing: f64,
    ) -> Vec<[f64; 4]> {
        let counted = hole.min(self.longest_hole());
        let reach = reach.min(self.reach);
        (0..hole)
            .map(|place| {
                let place = if place < hole / 2 {
                    place.min(counted / 2)
                } else {
                    counted - (hole - place).min(counted.div_ceil(2))
                };
                blend(&self.counts[counted - 1][place][..=reach], around, backing)
            })
            .collect()
    }
}

/// Combines the predictions of all reaches; each longer reach is smoothed with the shorter ones.
fn blend(tables: &[Vec<u32>], around: Around<'_>, backing: f64) -> [f64; 4] {
    let mut probabilities = [0.25; 4];
    let mut codes = vec![0_usize];
    for (depth, table) in tables.iter().enumerate() {
        if depth > 0 {
            let side = |bases: &[u8]| match bases.get(depth - 1) {
                Some(&base) => base..base + 1,
                None => 0..4,
            };
            let (left, right) = (side(around.left), side(around.right));
            if left.len() + right.len() > 5 {
                break; // no base is known on either side
            }
            let deeper = |code: &usize| {
                let (code, right) = (*code, right.clone());
                let pairs = left.clone().flat_map(move |l| right.clone().map(move |r| l << 2 | r));
                pairs.map(move |pair| code | (usize::from(pair) << (4 * (depth - 1))))
            };
            codes = codes.iter().flat_map(deeper).collect();
        }
        let mut counts = [0.0; 4];
        for code in &codes {
            let found = &table[4 * code..4 * code + 4];
            counts.iter_mut().zip(found).for_each(|(sum, &count)| *sum += f64::from(count));
        }
        let sum: f64 = counts.iter().sum::<f64>() + backing;
        if sum > 0.0 {
            for (probability, count) in probabilities.iter_mut().zip(counts) {
                *probability = (count + backing * *probability) / sum;
            }
        }
    }
    probabilities
}

/// Returns 0 to 3 for A, C, G and T, and `None` for other letters.
pub const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'A' => Some(0),
        b'C' => Some(1),
        b'G' => Some(2),
        b'T' => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(text: &str, hole: usize, reach: usize) -> ContextModel {
        let mut model = ContextModel::new(hole, reach);
        model.count(&text.parse().unwrap());
        model.finish();
        model
    }

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|letter| digit(letter).unwrap()).collect()
    }

    #[test]
    fn a_base_is_read_from_both_sides() {
        // Between C and G the base is A after an A, and T after a T.
        let model = model(&"AACAGGTTCTGG".repeat(20), 1, 2);
        for (left, base) in [("CA", 0), ("CT", 3)] {
            let (left, right) = (digits(left), digits("GG"));
            let around = Around { left: &left, right: &right };
            let found = model.predict(1, around, 2, 1.0);
            assert!(found[0][base] > 0.9, "{found:?}");
            let near = model.predict(1, around, 1, 1.0);
            assert!((near[0][0] - near[0][3]).abs() < 0.1, "{near:?}");
        }
    }

    #[test]
    fn both_strands_are_counted_and_short_reaches_are_sums() {
        let model = model("ACGTTNGGA", 1, 1);
        let tables = &model.counts[0][0];
        // On each strand ACGTT has 3 positions and GGA has 1.
        assert_eq!(tables[1].iter().sum::<u32>(), 8);
        assert_eq!(tables[0].iter().sum::<u32>(), 8);
        let shorter = model.predict(1, Around { left: &[], right: &[] }, 1, 0.0);
        // The middle bases are C, G and T of ACGTT, G of GGA, and their complements.
        assert_eq!(shorter[0], [0.125, 0.375, 0.375, 0.125]);
    }

    #[test]
    fn a_side_without_bases_is_summed_over() {
        let model = model(&"AACAGGTTCTGGACCA".repeat(9), 1, 2);
        let left = digits("CT");
        let whole = model.predict(1, Around { left: &left, right: &[] }, 2, 0.0);
        let mut counts = [0.0; 4];
        for code in 0..256 {
            let pairs = [code & 15, code >> 4];
            if pairs.map(|pair| (pair >> 2) as u8) == left[..] {
                for (sum, &count) in counts.iter_mut().zip(&model.counts[0][0][2][4 * code..]) {
                    *sum += f64::from(count);
                }
            }
        }
        let sum: f64 = counts.iter().sum();
        assert!(sum > 0.0);
        assert_eq!(whole[0], counts.map(|count| count / sum));
    }

    #[test]
    fn what_was_never_seen_is_even() {
        let model = ContextModel::new(2, 1);
        let around = Around { left: &[0], right: &[3] };
        for hole in 1..=5 {
            let found = model.predict(hole, around, 1, 1.0);
            assert_eq!(found, vec![[0.25; 4]; hole]);
        }
    }

    #[test]
    fn long_holes_take_their_ends_from_the_longest_counted() {
        let model = model(&"AACCGT".repeat(30), 3, 2);
        let (left, right) = (digits("AA"), digits("AA"));
        let around = Around { left: &left, right: &right };
        let long = model.predict(6, around, 2, 1.0);
        let short = model.predict(3, around, 2, 1.0);
        assert_eq!(long[0], short[0]);
        assert_eq!(long[5], short[2]);
        let sum: f64 = long[2].iter().sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}
