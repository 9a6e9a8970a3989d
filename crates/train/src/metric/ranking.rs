//! Areas under curves, computed from the ranks of scores.

/// Returns the area under the ROC curve; `None` without positives or negatives.
///
/// It is the probability that a positive scores above a negative; ties count half.
///
/// ```
/// use dnabert_train::metric::auroc;
///
/// assert_eq!(auroc(&[0.9, 0.6, 0.3], &[true, false, true]), Some(0.5));
/// ```
pub fn auroc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let positives = positive.iter().filter(|&&is| is).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut below, mut pairs) = (0_usize, 0.0);
    for (right, wrong) in tied_groups(scores, positive, f64::total_cmp) {
        pairs += right as f64 * (below as f64 + wrong as f64 / 2.0);
        below += wrong;
    }
    Some(pairs / (positives as f64 * negatives as f64))
}

/// Returns the average precision; `None` without positives.
///
/// It is the sum of the precision at each threshold, weighted by the increase in recall.
pub fn auprc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let positives = positive.iter().filter(|&&is| is).count();
    if positives == 0 {
        return None;
    }
    let (mut found, mut taken, mut area) = (0, 0, 0.0);
    for (right, wrong) in tied_groups(scores, positive, |a, b| b.total_cmp(a)) {
        found += right;
        taken += right + wrong;
        area += right as f64 / positives as f64 * found as f64 / taken as f64;
    }
    Some(area)
}

/// Returns the mean AUROC over ordered pairs of classes; `None` if a class has no example.
///
/// Each pair is evaluated on the examples of its two classes only.
pub fn one_vs_one_auroc(probabilities: &[Vec<f64>], labels: &[usize]) -> Option<f64> {
    let classes = probabilities.first()?.len();
    let mut sum = 0.0;
    for class in 0..classes {
        for other in (0..classes).filter(|&other| other != class) {
            let pair = || {
                let rows = probabilities.iter().zip(labels);
                rows.filter(move |&(_, &label)| label == class || label == other)
            };
            let scores: Vec<f64> = pair().map(|(row, _)| row[class]).collect();
            let positive: Vec<bool> = pair().map(|(_, &label)| label == class).collect();
            sum += auroc(&scores, &positive)?;
        }
    }
    Some(sum / (classes * (classes - 1)) as f64)
}

/// Returns the numbers of positives and negatives with each distinct score, in the given order.
pub(super) fn tied_groups(
    scores: &[f64],
    positive: &[bool],
    order: impl Fn(&f64, &f64) -> std::cmp::Ordering,
) -> Vec<(usize, usize)> {
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    rows.sort_by(|a, b| order(&a.0, &b.0));
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let right = group.iter().filter(|row| row.1).count();
            (right, group.len() - right)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn auroc_is_the_share_of_ordered_pairs(
            rows in prop::collection::vec((0_u8..6, any::<bool>()), 1..60),
        ) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let (mut won, mut pairs) = (0.0, 0.0);
            for (a, _) in scores.iter().zip(&positive).filter(|row| *row.1) {
                for (b, _) in scores.iter().zip(&positive).filter(|row| !*row.1) {
                    pairs += 1.0;
                    won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
            match auroc(&scores, &positive) {
                Some(area) => prop_assert!((area - won / pairs).abs() < 1e-12),
                None => prop_assert_eq!(pairs, 0.0),
            }
        }
    }
}
