//! Metrics of regression.

use serde::Serialize;

/// The metrics of predicted numbers on one split; with several outputs, the means over the outputs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegressionReport {
    /// Mean squared error.
    pub mean_squared_error: f64,
    /// Coefficient of determination; `None` if the true values do not vary.
    pub r2: Option<f64>,
    /// Pearson correlation; `None` if the true or the predicted values do not vary.
    pub pearson: Option<f64>,
    /// Spearman rank correlation; `None` if the true or the predicted values do not vary.
    pub spearman: Option<f64>,
}

impl RegressionReport {
    /// Computes the metrics of the `predicted` rows against the true rows.
    ///
    /// ```
    /// use dnabert_train::metric::RegressionReport;
    ///
    /// let report = RegressionReport::new(&[[1.0], [2.0], [4.0]], &[[1.0], [2.0], [3.0]]);
    /// assert!((report.mean_squared_error - 1.0 / 3.0).abs() < 1e-12);
    /// assert_eq!(report.spearman, Some(1.0));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no example, or if rows have different lengths.
    pub fn new<P: AsRef<[f32]>, T: AsRef<[f32]>>(predicted: &[P], truth: &[T]) -> Self {
        assert!(!truth.is_empty() && predicted.len() == truth.len(), "one row per example");
        let outputs = truth[0].as_ref().len();
        let column = |rows: &dyn Fn(usize) -> f32| -> Vec<f64> {
            (0..truth.len()).map(|row| f64::from(rows(row))).collect()
        };
        let each: Vec<Self> = (0..outputs)
            .map(|output| {
                let predicted = column(&|row| predicted[row].as_ref()[output]);
                let truth = column(&|row| truth[row].as_ref()[output]);
                Self::of_one(&predicted, &truth)
            })
            .collect();
        let mean = |value: fn(&Self) -> Option<f64>| {
            let values: Option<Vec<f64>> = each.iter().map(value).collect();
            values.map(|values| values.iter().sum::<f64>() / outputs as f64)
        };
        Self {
            mean_squared_error: each.iter().map(|one| one.mean_squared_error).sum::<f64>()
                / outputs as f64,
            r2: mean(|one| one.r2),
            pearson: mean(|one| one.pearson),
            spearman: mean(|one| one.spearman),
        }
    }

    fn of_one(predicted: &[f64], truth: &[f64]) -> Self {
        let count = truth.len() as f64;
        let squares = predicted.iter().zip(truth).map(|(p, t)| (p - t).powi(2));
        let mean_squared_error = squares.sum::<f64>() / count;
        let mean = truth.iter().sum::<f64>() / count;
        let variance = truth.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / count;
        Self {
            mean_squared_error,
            r2: (variance > 0.0).then(|| 1.0 - mean_squared_error / variance),
            pearson: pearson(predicted, truth),
            spearman: pearson(&ranks(predicted), &ranks(truth)),
        }
    }
}

impl std::fmt::Display for RegressionReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        let Self { mean_squared_error, r2, pearson, spearman } = self;
        let [r2, pearson, spearman] = [*r2, *pearson, *spearman].map(number);
        write!(f, "MSE {mean_squared_error:.4}  R² {r2}  Pearson {pearson}  Spearman {spearman}")
    }
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = a.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

/// Returns the ranks, from 1; equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = first as f64 + (tied.len() + 1) as f64 / 2.0;
        tied.iter().for_each(|&index| ranks[index] = shared);
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_case_by_hand() {
        let truth = [[1.0], [2.0], [3.0], [4.0]];
        let predicted = [[1.0], [4.0], [9.0], [16.0]]; // squares: the same order, but not linear
        let report = RegressionReport::new(&predicted, &truth);
        assert_eq!(report.mean_squared_error, (4.0 + 36.0 + 144.0) / 4.0);
        assert_eq!(report.r2, Some(1.0 - 46.0 / 1.25));
        assert_eq!(report.spearman, Some(1.0));
        assert!((report.pearson.unwrap() - 0.984_374_0).abs() < 1e-6, "{report}");
        assert_eq!(RegressionReport::new(&predicted, &[[2.0]; 4]).pearson, None);
    }

    #[test]
    fn ties_share_a_rank() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
    }
}
