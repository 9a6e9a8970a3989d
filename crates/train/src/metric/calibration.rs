//! Whether probabilities are frequencies.

use serde::Serialize;

/// Whether probabilities are frequencies: of the rows that are given 0.8, four of five should be of
/// that class.
///
/// Rows are put into bins by the probability of their most probable class (Guo et al. 2017, arXiv
/// 1706.04599).
///
/// ```
/// use dnabert_train::metric::Calibration;
///
/// // Four rows with 0.75 for the class that is predicted; it is right in three of them.
/// let rows = vec![vec![0.25, 0.75]; 4];
/// let found = Calibration::new(&rows, &[1, 1, 1, 0]);
/// assert_eq!(found.expected_error, 0.0);
/// assert_eq!(found.bins.len(), 1);
/// assert_eq!((found.bins[0].confidence, found.bins[0].accuracy), (0.75, 0.75));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The expected calibration error: the mean difference of confidence and accuracy of the bins,
    /// weighted by their rows.
    pub expected_error: f64,
    /// The bins that have rows, by increasing confidence: the reliability curve.
    pub bins: Vec<CalibrationBin>,
}

/// Rows of similar confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// The mean probability of the class that is predicted.
    pub confidence: f64,
    /// The fraction of rows that are of that class.
    pub accuracy: f64,
    /// The number of rows.
    pub rows: usize,
}

/// Number of bins of equal width from 0 to 1.
const BINS: usize = 15;

impl Calibration {
    /// Compares probabilities, `[rows][classes]`, with the classes of the rows.
    ///
    /// # Panics
    ///
    /// If the numbers of rows differ, or a row has no class.
    pub fn new(probabilities: &[Vec<f64>], labels: &[usize]) -> Self {
        assert_eq!(probabilities.len(), labels.len(), "one label for each row");
        let mut bins = [(0.0, 0, 0); BINS];
        for (row, &label) in probabilities.iter().zip(labels) {
            let best =
                (0..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best });
            let confidence = row[best];
            let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
            let (sum, right, rows) = &mut bins[bin];
            *sum += confidence;
            *right += usize::from(best == label);
            *rows += 1;
        }
        let bins: Vec<CalibrationBin> = bins
            .into_iter()
            .filter(|&(_, _, rows)| rows > 0)
            .map(|(sum, right, rows)| CalibrationBin {
                confidence: sum / rows as f64,
                accuracy: right as f64 / rows as f64,
                rows,
            })
            .collect();
        let error = |bin: &CalibrationBin| (bin.confidence - bin.accuracy).abs() * bin.rows as f64;
        let sum: f64 = bins.iter().map(error).sum();
        Self { expected_error: sum / labels.len().max(1) as f64, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_too_sure_have_an_error() {
        let rows = [0.99, 0.98, 0.3, 0.4].map(|p| vec![1.0 - p, p]).to_vec();
        let found = Calibration::new(&rows, &[1, 0, 0, 1]);
        // 0.985 against 1/2 (two rows), 0.7 against 1, 0.6 against 0.
        let expected = (2.0 * 0.485 + 0.3 + 0.6) / 4.0;
        assert!((found.expected_error - expected).abs() < 1e-12, "{found:?}");
        assert_eq!(found.bins.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!(Calibration::new(&[], &[]).expected_error, 0.0);
    }
}
