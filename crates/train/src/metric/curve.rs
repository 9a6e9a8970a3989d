//! ROC and precision-recall curves.

use super::ranking::tied_groups;

/// Returns the points (false positive rate, true positive rate) of the ROC curve; `None` without
/// positives or negatives.
///
/// There is one point for each distinct score, from (0, 0) to (1, 1).
///
/// ```
/// use dnabert_train::metric::roc_curve;
///
/// let points = roc_curve(&[0.9, 0.6, 0.3], &[true, false, true]).unwrap();
/// assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (1.0, 0.5), (1.0, 1.0)]);
/// ```
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Option<Vec<(f64, f64)>> {
    let positives = positive.iter().filter(|&&is| is).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut found, mut wrong) = (0, 0);
    let mut points = vec![(0.0, 0.0)];
    for (right, false_alarms) in tied_groups(scores, positive, |a, b| b.total_cmp(a)) {
        found += right;
        wrong += false_alarms;
        points.push((wrong as f64 / negatives as f64, found as f64 / positives as f64));
    }
    Some(points)
}

/// Returns the points (recall, precision) of the precision-recall curve; `None` without positives.
///
/// There is one point for each distinct score, the highest score first.
///
/// ```
/// use dnabert_train::metric::precision_recall_curve;
///
/// let points = precision_recall_curve(&[0.9, 0.6, 0.3], &[true, false, true]).unwrap();
/// assert_eq!(points, [(0.5, 1.0), (0.5, 0.5), (1.0, 2.0 / 3.0)]);
/// ```
pub fn precision_recall_curve(scores: &[f64], positive: &[bool]) -> Option<Vec<(f64, f64)>> {
    let positives = positive.iter().filter(|&&is| is).count();
    if positives == 0 {
        return None;
    }
    let (mut found, mut taken) = (0, 0);
    let mut points = Vec::new();
    for (right, wrong) in tied_groups(scores, positive, |a, b| b.total_cmp(a)) {
        found += right;
        taken += right + wrong;
        points.push((found as f64 / positives as f64, found as f64 / taken as f64));
    }
    Some(points)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metric::{auprc, auroc};

    proptest! {
        #[test]
        fn the_areas_under_the_points_are_those_of_the_ranks(
            rows in prop::collection::vec((0_u8..8, any::<bool>()), 2..60),
        ) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
            prop_assume!(positive.iter().any(|&is| is) && positive.iter().any(|&is| !is));
            let roc = roc_curve(&scores, &positive).unwrap();
            let area: f64 =
                roc.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
            prop_assert!((area - auroc(&scores, &positive).unwrap()).abs() < 1e-12);
            let mut before = 0.0;
            let mut area = 0.0;
            for (recall, precision) in precision_recall_curve(&scores, &positive).unwrap() {
                area += (recall - before) * precision;
                before = recall;
            }
            prop_assert!((area - auprc(&scores, &positive).unwrap()).abs() < 1e-12);
        }
    }
}
