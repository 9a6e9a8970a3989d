//! The difference between two methods, with a confidence interval.

use dnabert_core::derive_seed;
use dnabert_train::{ConfidenceInterval, bootstrap};

use crate::Predictions;

/// The mean of paired differences and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The mean.
    pub mean: f64,
    /// The interval; `None` for a single pair of folds.
    pub interval: Option<ConfidenceInterval>,
}

/// Number of resamples of seeds and test rows for an interval.
const RESAMPLES: usize = 1000;

/// The difference over runs with several seeds, evaluated on the same test rows. The bootstrap
/// resamples seeds and rows. Each pair is the method and the one that it is compared with. `None`
/// without pairs.
///
/// ```
/// use dnabert_experiment::Predictions;
/// use dnabert_experiment::comparison::over_seeds;
///
/// let labels: Vec<usize> = (0..40).map(|row| row % 2).collect();
/// let found = |right: usize| {
///     let row = |row: usize| if (row < right) == (row % 2 == 1) { vec![0.2, 0.8] } else { vec![0.8, 0.2] };
///     Predictions { probabilities: (0..40).map(row).collect(), labels: labels.clone() }
/// };
/// let accuracy = |found: &Predictions| found.report().accuracy;
/// let difference = over_seeds(&[[found(38), found(30)]], accuracy).expect("a pair");
/// assert!((difference.mean - 0.2).abs() < 1e-9);
/// println!("{:?}", difference.interval);
/// ```
///
/// # Panics
///
/// If the runs have different test rows.
pub fn over_seeds(
    pairs: &[[Predictions; 2]],
    value: impl Fn(&Predictions) -> f64,
) -> Option<Difference> {
    let [first, _] = pairs.first()?;
    let rows = first.labels.len();
    assert!(pairs.iter().flatten().all(|run| run.labels == first.labels), "the same rows");
    let difference = |[one, other]: &[Predictions; 2], rows: &[usize]| {
        value(&one.subset(rows)) - value(&other.subset(rows))
    };
    let all: Vec<usize> = (0..rows).collect();
    let mean = pairs.iter().map(|pair| difference(pair, &all)).sum::<f64>() / pairs.len() as f64;
    let mut turn = 0;
    let interval = bootstrap(rows, RESAMPLES, 1, |rows| {
        turn += 1;
        let pick =
            |place: usize| &pairs[derive_seed(2, &[turn, place as u64]) as usize % pairs.len()];
        let sum: f64 = (0..pairs.len()).map(|place| difference(pick(place), rows)).sum();
        Some(sum / pairs.len() as f64)
    });
    Some(Difference { mean, interval })
}

/// The difference over runs of repeated cross-validation. `test_rows_per_train_row` is the number
/// of test rows divided by that of training rows. The interval is corrected for the overlap of
/// training sets (Nadeau and Bengio 2003, doi 10.1023/A:1024068626366). `None` without pairs.
pub fn over_folds(
    pairs: &[[Predictions; 2]],
    test_rows_per_train_row: f64,
    value: impl Fn(&Predictions) -> f64,
) -> Option<Difference> {
    let differences: Vec<f64> =
        pairs.iter().map(|[one, other]| value(one) - value(other)).collect();
    let count = differences.len() as f64;
    if differences.is_empty() {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count;
    let interval = (differences.len() > 1).then(|| {
        let squares: f64 = differences.iter().map(|value| (value - mean).powi(2)).sum();
        let variance = squares / (count - 1.0) * (1.0 / count + test_rows_per_train_row);
        let half = student_97_5(differences.len() - 1) * variance.sqrt();
        ConfidenceInterval { low: mean - half, high: mean + half }
    });
    Some(Difference { mean, interval })
}

/// The 97.5th percentile of Student's t, to 1 %. It uses the first terms of its expansion in the
/// degrees of freedom (Abramowitz and Stegun 1964, 26.7.5), and tabled values where these are not
/// accurate enough.
fn student_97_5(degrees: usize) -> f64 {
    const FEW: [f64; 4] = [12.706, 4.303, 3.182, 2.776];
    const NORMAL: f64 = 1.959_964;
    if let Some(&value) = FEW.get(degrees - 1) {
        return value;
    }
    let (n, x) = (degrees as f64, NORMAL);
    let first = (x.powi(3) + x) / 4.0;
    let second = (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0;
    x + first / n + second / (n * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_tables() {
        for (degrees, expected) in [(1, 12.706), (4, 2.776), (5, 2.571), (9, 2.262), (24, 2.064)] {
            let found = student_97_5(degrees);
            assert!((found / expected - 1.0).abs() < 0.01, "{degrees}: {found}");
        }
    }

    /// Predictions for ten rows, of which `right` are correct.
    fn run(right: usize) -> Predictions {
        let row = |at: usize| if at < right { vec![0.1, 0.9] } else { vec![0.9, 0.1] };
        Predictions { probabilities: (0..10).map(row).collect(), labels: vec![1; 10] }
    }

    #[test]
    fn overlapping_training_sets_widen_the_interval() {
        let pairs = [[run(9), run(7)], [run(8), run(7)], [run(9), run(6)], [run(8), run(6)]];
        let value = |run: &Predictions| run.report().accuracy;
        let found = over_folds(&pairs, 0.25, value).unwrap();
        assert!((found.mean - 0.2).abs() < 1e-12);
        // Deviation sqrt(0.02 / 3), times sqrt(1/4 + 1/4), times 3.182
        let half = found.interval.unwrap().high - found.mean;
        assert!((half - 3.182 * (0.02_f64 / 3.0 * 0.5).sqrt()).abs() < 1e-9, "{half}");
        assert_eq!(over_folds(&[], 0.2, value), None);
        let seeds = over_seeds(&pairs, value).unwrap();
        assert!((seeds.mean - 0.2).abs() < 1e-12);
        let ConfidenceInterval { low, high } = seeds.interval.unwrap();
        assert!(low < 0.2 && 0.2 < high && low > -0.1 && high < 0.6, "{low} {high}");
    }
}
