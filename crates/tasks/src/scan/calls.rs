//! Calls sites from a track.

use dnabert_genome::Strand;

use super::Point;

/// A called site: the point with the best score around it.
pub type Call = Point;

/// Calls the points above `threshold` that are at least `spacing` bases from every better call on the
/// same strand, in ascending order of position.
///
/// Points are considered from the best to the worst (greedy non-maximum suppression).
pub fn call_maxima(points: &[Point], threshold: f64, spacing: usize) -> Vec<Call> {
    let mut best: Vec<&Point> = points.iter().filter(|point| point.score > threshold).collect();
    // A plateau is called at its first base.
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.position.cmp(&b.position)));
    // Positions of the calls, sorted, for each strand.
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
    fn local_maxima_are_called() {
        let point = |position, strand, score| Point { position, strand, score };
        let (forward, reverse) = (Strand::Forward, Strand::Reverse);
        let points = [
            point(10, forward, 0.6),
            point(20, forward, 0.9),
            point(20, reverse, 0.8), // strands are independent
            point(29, forward, 0.7), // closer than 10 to the best
            point(30, forward, 0.7),
            point(38, forward, 0.7), // closer than 10 to an equal one before it
            point(60, forward, 0.5), // not above the threshold
        ];
        let found = call_maxima(&points, 0.5, 10);
        let found: Vec<(usize, Strand)> =
            found.iter().map(|call| (call.position, call.strand)).collect();
        assert_eq!(found, [(10, forward), (20, forward), (20, reverse), (30, forward)]);
    }
}
