//! Measures of agreement between tracks, and between a track and known sites.

/// Returns Spearman's rank correlation of two tracks; `None` if all scores of a track are equal.
///
/// Ties have the mean of their ranks.
///
/// # Panics
///
/// If the tracks have different lengths.
///
/// ```
/// use dnabert_interpret::rank_correlation;
///
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[1.0, 8.0, 9.0]), Some(1.0));
/// assert_eq!(rank_correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
/// ```
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "tracks of one sequence");
    let (a, b) = (ranks(a), ranks(b));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| {
        x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>()
    };
    let norm = (product(&a, &a) * product(&b, &b)).sqrt();
    (norm > 0.0).then(|| product(&a, &b) / norm)
}

/// Returns the ranks, from 0; equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (group.len() as f64 - 1.0) / 2.0;
        group.iter().for_each(|&place| ranks[place] = mean);
        first += group.len();
    }
    ranks
}

/// Returns the fraction of the `count` highest bases of one track that are also among the `count`
/// highest of the other.
///
/// Among bases with equal scores, the first are taken.
///
/// # Panics
///
/// If the tracks have different lengths or fewer than `count` bases, or if `count` is 0.
///
/// ```
/// let overlap = dnabert_interpret::top_overlap(&[9.0, 8.0, 1.0, 0.0], &[9.0, 0.0, 7.0, 1.0], 2);
/// assert_eq!(overlap, 0.5);
/// ```
pub fn top_overlap(a: &[f64], b: &[f64], count: usize) -> f64 {
    assert_eq!(a.len(), b.len(), "tracks of one sequence");
    assert!(0 < count && count <= a.len(), "the {count} highest of {} bases", a.len());
    let top = |track: &[f64]| {
        let mut order: Vec<usize> = (0..track.len()).collect();
        order.sort_by(|&x, &y| track[y].total_cmp(&track[x]));
        order.truncate(count);
        order
    };
    let (a, b) = (top(a), top(b));
    a.iter().filter(|place| b.contains(place)).count() as f64 / count as f64
}

/// Returns the probability that a base inside known sites scores above a base outside them; `None`
/// if all bases or none are inside.
///
/// Ties count half. This is the area under the ROC curve over the bases of one sequence.
///
/// # Panics
///
/// If `track` and `inside` have different lengths.
///
/// ```
/// use dnabert_interpret::site_auroc;
///
/// let inside = [false, true, true, false];
/// assert_eq!(site_auroc(&[0.1, 0.9, 0.5, 0.5], &inside), Some(0.875));
/// assert_eq!(site_auroc(&[0.1, 0.9], &[true, true]), None);
/// ```
pub fn site_auroc(track: &[f64], inside: &[bool]) -> Option<f64> {
    assert_eq!(track.len(), inside.len(), "a score for each base");
    let count = inside.iter().filter(|inside| **inside).count();
    let others = inside.len() - count;
    if count == 0 || others == 0 {
        return None;
    }
    let ranks = ranks(track);
    let sum: f64 =
        ranks.iter().zip(inside).filter(|(_, inside)| **inside).map(|(rank, _)| rank).sum();
    let least = (count * (count - 1)) as f64 / 2.0;
    Some((sum - least) / (count * others) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        let found = rank_correlation(&[1.0, 2.0, 2.0, 4.0], &[4.0, 2.0, 2.0, 1.0]).unwrap();
        assert!((found + 1.0).abs() < 1e-12);
    }
}
