//! Labelled token rows, and the batches of an epoch.

use std::ops::Range;

use dnabert_core::Encoding;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A tokenized example with its label.
///
/// `L` is the label type: a class index (`usize`) by default, or the label type of another
/// [`Objective`](crate::Objective).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedExample<L = usize> {
    /// The tokens.
    pub encoding: Encoding,
    /// The label.
    pub label: L,
}

/// Batches per window in which rows are sorted by length.
const WINDOW: usize = 32;

/// Returns the batches of one epoch as indices into `lengths`.
///
/// Rows of similar length share a batch, so that little padding is computed. Every index occurs
/// exactly once, `seed` determines the order, and the last batch may be smaller.
///
/// ```
/// use dnabert_train::bucketed_batches;
///
/// let lengths = [5, 90, 7, 80, 6];
/// let batches = bucketed_batches(&lengths, 2, 1);
/// assert_eq!(batches.len(), 3);
/// let mut seen = batches.concat();
/// seen.sort_unstable();
/// assert_eq!(seen, [0, 1, 2, 3, 4]);
/// ```
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn bucketed_batches(lengths: &[usize], batch_size: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.shuffle(&mut random);
    for window in windows(order.len(), batch_size * WINDOW) {
        order[window].sort_by_key(|&index| lengths[index]); // stable: equal lengths stay shuffled
    }
    let mut batches: Vec<_> = order.chunks(batch_size).map(<[usize]>::to_vec).collect();
    batches.shuffle(&mut random);
    batches
}

fn windows(length: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..length).step_by(size).map(move |start| start..length.min(start + size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_example_is_visited_once(
            lengths in prop::collection::vec(1_usize..500, 0..300),
            batch_size in 1_usize..20,
            seed: u64,
        ) {
            let batches = bucketed_batches(&lengths, batch_size, seed);
            prop_assert_eq!(batches.len(), lengths.len().div_ceil(batch_size));
            prop_assert!(batches.iter().all(|batch| batch.len() <= batch_size));
            let mut seen: Vec<usize> = batches.concat();
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq(0..lengths.len()));
        }
    }

    #[test]
    fn buckets_save_most_of_the_padding() {
        let lengths: Vec<usize> = (0..1000).map(|i| 60 + i * 37 % 450).collect();
        let padded = |batches: &[Vec<usize>]| -> usize {
            let longest = |batch: &Vec<usize>| batch.iter().map(|&i| lengths[i]).max().unwrap();
            batches.iter().map(|batch| batch.len() * longest(batch)).sum()
        };
        let in_order: Vec<Vec<usize>> =
            (0..1000).collect::<Vec<_>>().chunks(16).map(<[usize]>::to_vec).collect();
        let tokens: usize = lengths.iter().sum();
        let wasted = |batches: &[Vec<usize>]| padded(batches) - tokens;
        assert!(wasted(&bucketed_batches(&lengths, 16, 1)) * 5 < wasted(&in_order));
    }
}
