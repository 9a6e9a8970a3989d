//! Calls held against known sites.

use dnabert_core::derive_seed;
use dnabert_genome::Strand;
use serde::Serialize;

use super::Call;

/// How calls and known sites meet, on the same strand and within a tolerance.
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
    /// Bases between a site that is found and its nearest call, in the median.
    pub median_distance: Option<usize>,
    /// Known sites with a call nearby, if as many calls lay anywhere: the mean over a thousand draws.
    pub sites_found_by_chance: f64,
}

impl Hits {
    /// Known sites that are found, of all; 0 without sites.
    pub fn recall(&self) -> f64 {
        self.sites_found as f64 / self.sites.max(1) as f64
    }

    /// Calls that are right, of all; 0 without calls.
    pub fn precision(&self) -> f64 {
        self.calls_right as f64 / self.calls.max(1) as f64
    }
}

/// Draws of calls by chance.
const DRAWS: u64 = 1000;

/// Holds `calls` against known `sites` (position from 0, strand) of a sequence of `length` bases;
/// `tolerance` is the largest distance in bases at which the two are the same. `seed` draws the calls
/// that chance would make.
pub fn compare(
    calls: &[Call],
    sites: &[(usize, Strand)],
    tolerance: usize,
    length: usize,
    seed: u64,
) -> Hits {
    let places: Vec<(usize, Strand)> =
        calls.iter().map(|call| (call.position, call.strand)).collect();
    let mut distances: Vec<usize> =
        sites.iter().filter_map(|site| nearest(*site, &places, tolerance)).collect();
    distances.sort_unstable();
    let right = places.iter().filter(|call| nearest(**call, sites, tolerance).is_some());
    let chance: usize = (0..DRAWS)
        .map(|draw| {
            let anywhere: Vec<(usize, Strand)> = (0..)
                .zip(&places)
                .map(|(call, (_, strand))| {
                    let place = derive_seed(seed, &[draw, call]) % length.max(1) as u64;
                    (place as usize, *strand)
                })
                .collect();
            sites.iter().filter(|site| nearest(**site, &anywhere, tolerance).is_some()).count()
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

/// The distance to the nearest of the others on the same strand, if it is within the tolerance.
fn nearest(
    (position, strand): (usize, Strand),
    others: &[(usize, Strand)],
    tolerance: usize,
) -> Option<usize> {
    let same = others.iter().filter(|(_, other)| *other == strand);
    same.map(|(other, _)| other.abs_diff(position)).filter(|far| *far <= tolerance).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strand_and_distance_decide() {
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
