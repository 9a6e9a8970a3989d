//! Compares calls with known sites.

use dnabert_core::derive_seed;
use dnabert_genome::Strand;
use serde::Serialize;

use super::Call;

/// How well calls and known sites agree, on the same strand and within a tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hits {
    /// Known sites.
    pub sites: usize,
    /// Calls.
    pub calls: usize,
    /// Known sites with a call nearby.
    pub sites_found: usize,
    /// Calls with a known site nearby.
    pub calls_right: usize,
    /// Median distance in bases between a found site and its nearest call; `None` if no site is found.
    pub median_distance: Option<usize>,
    /// Known sites with a call nearby by chance: the mean over a thousand random shifts of all calls along
    /// the sequence.
    pub sites_found_by_chance: f64,
}

impl Hits {
    /// Fraction of the known sites that are found; 0 without sites.
    pub fn recall(&self) -> f64 {
        self.sites_found as f64 / self.sites.max(1) as f64
    }

    /// Fraction of the calls that are right; 0 without calls.
    pub fn precision(&self) -> f64 {
        self.calls_right as f64 / self.calls.max(1) as f64
    }
}

/// How many random shifts are drawn.
const DRAWS: u64 = 1000;

/// Compares `calls` with known `sites` (position from 0, strand) of a sequence of `length` bases.
///
/// A call and a site agree if they are at most `tolerance` bases apart. `seed` draws the shifts that
/// estimate what is found by chance.
pub fn compare(
    calls: &[Call],
    sites: &[(usize, Strand)],
    tolerance: usize,
    length: usize,
    seed: u64,
) -> Hits {
    let [called, known] = [
        ByStrand::of(calls.iter().map(|call| (call.position, call.strand))),
        ByStrand::of(sites.iter().copied()),
    ];
    let mut distances: Vec<usize> =
        sites.iter().filter_map(|site| called.nearest(*site, tolerance)).collect();
    distances.sort_unstable();
    let right = calls
        .iter()
        .filter(|call| known.nearest((call.position, call.strand), tolerance).is_some());
    // All calls are shifted by the same distance, so that they keep their spacing.
    let chance: usize = (0..DRAWS)
        .map(|draw| {
            let shift = (derive_seed(seed, &[draw]) % length.max(1) as u64) as usize;
            let moved = |call: &Call| ((call.position + shift) % length.max(1), call.strand);
            let moved = ByStrand::of(calls.iter().map(moved));
            sites.iter().filter(|site| moved.nearest(**site, tolerance).is_some()).count()
        })
        .sum();
    Hits {
        sites: sites.len(),
        calls: calls.len(),
        sites_found: distances.len(),
        calls_right: right.count(),
        median_distance: distances.get(distances.len() / 2).copied(),
        sites_found_by_chance: chance as f64 / DRAWS as f64,
    }
}

/// Positions, sorted, on the reverse strand and on all others.
struct ByStrand([Vec<usize>; 2]);

impl ByStrand {
    fn of(places: impl Iterator<Item = (usize, Strand)>) -> Self {
        let mut strands = [Vec::new(), Vec::new()];
        places.for_each(|(position, strand)| strands[side(strand)].push(position));
        strands.iter_mut().for_each(|positions| positions.sort_unstable());
        Self(strands)
    }

    /// The distance to the nearest position on the same strand, if it is within the tolerance.
    fn nearest(&self, (position, strand): (usize, Strand), tolerance: usize) -> Option<usize> {
        let positions = &self.0[side(strand)];
        let next = positions.partition_point(|&other| other < position);
        let around = [next.checked_sub(1), Some(next)].into_iter().flatten();
        let distance = |at: usize| Some(positions.get(at)?.abs_diff(position));
        around.filter_map(distance).filter(|far| *far <= tolerance).min()
    }
}

fn side(strand: Strand) -> usize {
    usize::from(strand == Strand::Reverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_sites_agree_by_strand_and_distance() {
        let call = |position, strand| Call { position, strand, score: 0.9 };
        let (forward, reverse) = (Strand::Forward, Strand::Reverse);
        let calls = [call(100, forward), call(505, reverse), call(900, forward)];
        let sites = [(108, forward), (500, forward), (500, reverse), (700, reverse)];
        let hits = compare(&calls, &sites, 10, 10_000, 1);
        assert_eq!((hits.sites_found, hits.calls_right), (2, 2));
        assert_eq!(hits.median_distance, Some(8));
        assert_eq!((hits.recall(), hits.precision()), (0.5, 2.0 / 3.0));
        // Two sites on each strand, 21 bases around each: 2 × 2 × 21 / 10,000 and 2 × 21 / 10,000.
        assert!((hits.sites_found_by_chance - 126.0 / 10_000.0).abs() < 0.01);
        let none = compare(&[], &sites, 10, 10_000, 1);
        assert_eq!((none.recall(), none.precision(), none.median_distance), (0.0, 0.0, None));
    }
}
