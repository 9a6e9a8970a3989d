//! Calls of positives by a score threshold, with any ratio of negatives to positives.

use serde::Serialize;

/// Metrics of the calls that a threshold makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CallReport {
    /// The threshold; scores above it are called positive.
    pub threshold: f64,
    /// Fraction of correct calls.
    pub accuracy: f64,
    /// Matthews correlation coefficient; 0 if undefined.
    pub mcc: f64,
    /// Fraction of the calls that are positives; 0 without calls.
    pub precision: f64,
    /// Fraction of the positives that are called.
    pub recall: f64,
}

/// The ratio of negatives to positives that metrics assume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Balance {
    /// The ratio of the rows.
    AsGiven,
    /// This ratio; each negative counts with the weight that gives it.
    ///
    /// Accuracy and recall equal the averages over subsets with this ratio. Precision and MCC are
    /// those of the average counts.
    NegativesPerPositive(f64),
}

/// True and false positives and negatives, as weighted counts.
#[derive(Debug, Clone, Copy)]
struct Counts {
    found: f64,
    missed: f64,
    false_alarms: f64,
    rejected: f64,
}

impl Counts {
    fn report(self, threshold: f64) -> CallReport {
        let Self { found, missed, false_alarms, rejected } = self;
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        CallReport {
            threshold,
            accuracy: share(found + rejected, found + missed + false_alarms + rejected),
            mcc: self.mcc(),
            precision: share(found, found + false_alarms),
            recall: share(found, found + missed),
        }
    }

    fn mcc(self) -> f64 {
        let Self { found, missed, false_alarms, rejected } = self;
        let spread = (found + false_alarms)
            * (found + missed)
            * (rejected + false_alarms)
            * (rejected + missed);
        if spread > 0.0 { (found * rejected - false_alarms * missed) / spread.sqrt() } else { 0.0 }
    }
}

/// Returns the number of positives, the weight of a negative, and the weight of all negatives.
fn weights(positive: &[bool], balance: Balance) -> Option<(f64, f64, f64)> {
    let positives = positive.iter().filter(|&&is| is).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (positives, negatives) = (positives as f64, negatives as f64);
    let weight = match balance {
        Balance::AsGiven => 1.0,
        Balance::NegativesPerPositive(ratio) => ratio * positives / negatives,
    };
    Some((positives, weight, weight * negatives))
}

impl CallReport {
    /// Computes the metrics of the calls that `threshold` makes; `None` without positives or
    /// negatives.
    pub fn at(threshold: f64, scores: &[f64], positive: &[bool], balance: Balance) -> Option<Self> {
        let (positives, weight, negatives) = weights(positive, balance)?;
        let called = |class: bool| {
            let rows = scores.iter().zip(positive);
            rows.filter(|&(&score, &is)| is == class && score > threshold).count() as f64
        };
        let (found, false_alarms) = (called(true), weight * called(false));
        let counts = Counts {
            found,
            missed: positives - found,
            false_alarms,
            rejected: negatives - false_alarms,
        };
        Some(counts.report(threshold))
    }
}

/// Returns the threshold with the highest MCC; `None` without positives or negatives, or if all
/// scores are equal.
///
/// The threshold is halfway between the two scores that it separates. Choose it on rows that are
/// not used for the evaluation.
///
/// ```
/// use dnabert_train::metric::{Balance, best_threshold};
///
/// let scores = [0.1, 0.2, 0.4, 0.7];
/// let positive = [false, false, true, true];
/// let threshold = best_threshold(&scores, &positive, Balance::AsGiven).unwrap();
/// assert!((threshold - 0.3).abs() < 1e-12);
/// ```
pub fn best_threshold(scores: &[f64], positive: &[bool], balance: Balance) -> Option<f64> {
    let (positives, weight, negatives) = weights(positive, balance)?;
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut found, mut false_alarms) = (0.0, 0.0);
    let mut best: Option<(f64, f64)> = None;
    for pair in rows.windows(2) {
        let [(score, is), (next, _)] = [pair[0], pair[1]];
        if is {
            found += 1.0;
        } else {
            false_alarms += weight;
        }
        if score == next {
            continue;
        }
        let counts = Counts {
            found,
            missed: positives - found,
            false_alarms,
            rejected: negatives - false_alarms,
        };
        if best.is_none_or(|(mcc, _)| counts.mcc() > mcc) {
            best = Some((counts.mcc(), f64::midpoint(score, next)));
        }
    }
    best.map(|(_, threshold)| threshold)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metric::ConfusionMatrix;

    #[test]
    fn weights_are_what_copies_of_the_negatives_would_be() {
        let scores = [0.9, 0.4, 0.8, 0.3, 0.2, 0.1];
        let positive = [true, true, false, false, false, false];
        let ten = Balance::NegativesPerPositive(10.0);
        let weighted = CallReport::at(0.5, &scores, &positive, ten).unwrap();
        // Two positives, and five copies of each of the four negatives.
        let (mut copies, mut truth) = (vec![0.9, 0.4], vec![true, true]);
        for &score in &scores[2..] {
            copies.extend([score; 5]);
            truth.extend([false; 5]);
        }
        let copied = CallReport::at(0.5, &copies, &truth, Balance::AsGiven).unwrap();
        assert!((weighted.mcc - copied.mcc).abs() < 1e-12);
        assert!((weighted.accuracy - 16.0 / 22.0).abs() < 1e-12);
        assert!((weighted.precision - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(weighted.recall, 0.5);
    }

    #[test]
    fn one_class_has_no_calls_to_judge() {
        assert_eq!(CallReport::at(0.5, &[0.1], &[true], Balance::AsGiven), None);
        assert_eq!(best_threshold(&[0.1, 0.1], &[true, false], Balance::AsGiven), None);
    }

    proptest! {
        #[test]
        fn no_threshold_is_better_than_the_best(
            rows in prop::collection::vec((0_u8..20, any::<bool>()), 2..60), other in 0_u8..20,
        ) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let Some(threshold) = best_threshold(&scores, &positive, Balance::AsGiven) else {
                return Ok(());
            };
            let mcc = |threshold: f64| {
                CallReport::at(threshold, &scores, &positive, Balance::AsGiven).unwrap().mcc
            };
            // Only thresholds between the lowest and the highest score: others call all rows or
            // none.
            let inside = scores.iter().any(|&score| score > f64::from(other) + 0.5)
                && scores.iter().any(|&score| score < f64::from(other) + 0.5);
            prop_assert!(!inside || mcc(threshold) + 1e-12 >= mcc(f64::from(other) + 0.5));
            // The confusion matrix counts the same calls.
            let predicted: Vec<usize> =
                scores.iter().map(|&score| usize::from(score > threshold)).collect();
            let labels: Vec<usize> = positive.iter().map(|&is| usize::from(is)).collect();
            let matrix = ConfusionMatrix::new(&predicted, &labels, 2);
            prop_assert!((matrix.mcc() - mcc(threshold)).abs() < 1e-9);
        }
    }
}
