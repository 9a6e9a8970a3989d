//! Tracks turned into sites.

use dnabert_genome::Strand;

use super::Point;

/// A site that was called: the best point of its surroundings.
pub type Call = Point;

/// Of the points above `threshold`, the best first, those that keep `spacing` bases from every better
/// one on the same strand; in ascending order of position.
pub fn call_maxima(points: &[Point], threshold: f64, spacing: usize) -> Vec<Call> {
    let mut best: Vec<&Point> = points.iter().filter(|point| point.score > threshold).collect();
    // A plateau is called at its first base.
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.position.cmp(&b.position)));
    // Positions that were called, sorted, on the strands apart.
    let mut taken: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let mut calls = Vec::new();
    for point in best {
        let taken = &mut taken[usize::from(point.strand == Strand::Reverse)];
        let place = taken.partition_point(|&position| position < point.position);
        let near = |at: Option<&usize>| at.is_some_and(|at| at.abs_diff(point.position) < spacing);
        if near(taken.get(place)) || near(place.checked_sub(1).and_then(|at| taken.get(at))) {
            continue;
        }
        taken.insert(place, point.position);
        calls.push(*point);
    }
    calls.sort_by_key(|call| (call.position, call.strand));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_its_surroundings_is_called() {
        let point = |position, strand, score| Point { position, strand, score };
        let (forward, reverse) = (Strand::Forward, Strand::Reverse);
        let points = [
            point(10, forward, 0.6),
            point(20, forward, 0.9),
            point(20, reverse, 0.8), // another strand is another matter
            point(29, forward, 0.7), // nearer than 10 to the best
            point(30, forward, 0.7),
            point(38, forward, 0.7), // nearer than 10 to one as good, and later
            point(60, forward, 0.5), // not above the threshold
        ];
        let found = call_maxima(&points, 0.5, 10);
        let found: Vec<(usize, Strand)> =
            found.iter().map(|call| (call.position, call.strand)).collect();
        assert_eq!(found, [(10, forward), (20, forward), (20, reverse), (30, forward)]);
    }
}
