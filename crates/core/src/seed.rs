//! Random seeds that depend only on a position in a run, not on what ran before.

/// The seed of one part (`[epoch]`, `[epoch, step]`, …) of a run that starts from `seed`.
///
/// The numbers go one after the other through SplitMix64 (Steele, Lea and Flood 2014, doi
/// 10.1145/2660193.2660195).
///
/// ```
/// use dnabert_core::derive_seed;
///
/// assert_eq!(derive_seed(7, &[3, 120]), derive_seed(7, &[3, 120]));
/// assert_ne!(derive_seed(7, &[3, 120]), derive_seed(7, &[3, 121]));
/// ```
pub fn derive_seed(seed: u64, place: &[u64]) -> u64 {
    // Without the complement, (a, b) and (b, a) would have the same seed.
    place.iter().fold(mix(seed), |state, &number| mix(state ^ mix(!number)))
}

const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn neighbouring_positions_have_different_seeds() {
        let seeds: HashSet<u64> =
            (0..10).flat_map(|a| (0..100).map(move |b| derive_seed(a, &[b]))).collect();
        assert_eq!(seeds.len(), 1000);
        assert_ne!(derive_seed(1, &[2, 3]), derive_seed(1, &[3, 2]));
    }
}
