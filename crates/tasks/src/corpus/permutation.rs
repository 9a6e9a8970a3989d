//! A random order that needs no memory.

use dnabert_core::derive_seed;

/// A permutation of `0..len`, drawn from a seed.
///
/// A Feistel network (Luby and Rackoff 1988, doi 10.1137/0217022) permutes the numbers of the next
/// even number of bits; it is applied until the result is below `len` (cycle walking).
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutation {
    len: u64,
    half: u32,
    seed: u64,
}

const ROUNDS: u64 = 4;

impl Permutation {
    /// # Panics
    ///
    /// If `len` is 0.
    pub(super) fn new(len: u64, seed: u64) -> Self {
        assert!(len > 0, "a permutation of 0 numbers");
        let bits = 64 - (len - 1).leading_zeros();
        Self { len, half: bits.div_ceil(2).max(1), seed }
    }

    /// The image of `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below the length.
    pub(super) fn at(&self, index: u64) -> u64 {
        assert!(index < self.len, "{index} of {}", self.len);
        // Every cycle that starts in 0..len returns to it, so the loop ends.
        let mut place = self.scramble(index);
        while place >= self.len {
            place = self.scramble(place);
        }
        place
    }

    fn scramble(&self, index: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (index >> self.half, index & mask);
        for round in 0..ROUNDS {
            let next = left ^ (derive_seed(self.seed, &[round, right]) & mask);
            (left, right) = (right, next);
        }
        (left << self.half) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_occurs_once() {
        for len in [1, 2, 3, 17, 64, 1000] {
            let order: Vec<u64> =
                (0..len).map(|index| Permutation::new(len, 7).at(index)).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..len));
            let other: Vec<u64> =
                (0..len).map(|index| Permutation::new(len, 8).at(index)).collect();
            assert!(len < 17 || order != other);
        }
    }
}
