//! Random streams that depend on their place only, not on what ran before.

/// A seed for one place (`[epoch]`, `[step]`, …) of the run that `seed` names.
///
/// SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195) over the numbers in turn.
pub fn derive_seed(seed: u64, place: &[u64]) -> u64 {
    // The complement keeps (a, b) and (b, a) apart.
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
    fn neighbouring_places_have_different_seeds() {
        let seeds: HashSet<u64> =
            (0..10).flat_map(|a| (0..100).map(move |b| derive_seed(a, &[b]))).collect();
        assert_eq!(seeds.len(), 1000);
        assert_ne!(derive_seed(1, &[2, 3]), derive_seed(1, &[3, 2]));
    }
}
