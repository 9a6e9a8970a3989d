//! Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.

use rayon::prelude::*;

use crate::SparseRow;
use crate::minimize::{Objective, minimize};

/// A linear model of class probabilities.
///
/// ```
/// use dnabert_baseline::LogisticRegression;
///
/// // One feature: class 1 has large values.
/// let rows = [-2.0, -1.0, 1.0, 2.0].map(|value| vec![(0, value)]);
/// let model = LogisticRegression::fit(&rows, &[0, 0, 1, 1], 1, 2, 0.01);
/// assert!(model.predict(&vec![(0, 1.5)])[1] > 0.9);
/// assert!(model.predict(&vec![(0, -1.5)])[0] > 0.9);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    classes: usize,
    columns: usize,
    /// The weights, `[classes, columns + 1]`; the last column is the intercept, which has no
    /// penalty.
    weights: Vec<f64>,
}

impl LogisticRegression {
    /// Fits the weights that minimise mean cross-entropy + `penalty` / 2 × the sum of squared
    /// weights.
    ///
    /// # Panics
    ///
    /// If there are no rows, the numbers of rows and labels differ, or a column or label is out of
    /// range.
    pub fn fit(
        rows: &[SparseRow],
        labels: &[usize],
        columns: usize,
        classes: usize,
        penalty: f64,
    ) -> Self {
        assert_eq!(rows.len(), labels.len(), "one label for each row");
        assert!(!rows.is_empty() && labels.iter().all(|&label| label < classes), "labels");
        let loss = Loss { rows, labels, columns, classes, penalty };
        let weights = minimize(&loss, vec![0.0; classes * (columns + 1)], 300);
        Self { classes, columns, weights }
    }

    /// Returns the weights of each class, one for each column, and its intercept.
    pub fn weights(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.weights.chunks(self.columns + 1).map(|own| (&own[..self.columns], own[self.columns]))
    }

    /// Returns the probability of each class.
    pub fn predict(&self, row: &SparseRow) -> Vec<f64> {
        probabilities(&self.weights, row, self.columns, self.classes)
    }
}

fn probabilities(weights: &[f64], row: &SparseRow, columns: usize, classes: usize) -> Vec<f64> {
    let stride = columns + 1;
    let mut scores: Vec<f64> = (0..classes)
        .map(|class| {
            let own = &weights[class * stride..(class + 1) * stride];
            row.iter().map(|&(column, value)| own[column] * value).sum::<f64>() + own[columns]
        })
        .collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - most).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter().map(|score| score / sum).collect()
}

struct Loss<'a> {
    rows: &'a [SparseRow],
    labels: &'a [usize],
    columns: usize,
    classes: usize,
    penalty: f64,
}

/// Number of rows in one task; fixed, so that the sum does not depend on the number of cores.
const CHUNK: usize = 512;

impl Objective for Loss<'_> {
    fn evaluate(&self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let (columns, classes) = (self.columns, self.classes);
        let stride = columns + 1;
        let share = 1.0 / self.rows.len() as f64;
        let chunks = self.rows.par_chunks(CHUNK).zip(self.labels.par_chunks(CHUNK));
        let parts: Vec<(f64, Vec<f64>)> = chunks
            .map(|(rows, labels)| {
                let (mut loss, mut sum) = (0.0, vec![0.0; weights.len()]);
                for (row, &label) in rows.iter().zip(labels) {
                    let found = probabilities(weights, row, columns, classes);
                    loss -= found[label].max(f64::MIN_POSITIVE).ln() * share;
                    for (class, probability) in found.into_iter().enumerate() {
                        let error = (probability - f64::from(class == label)) * share;
                        let own = &mut sum[class * stride..(class + 1) * stride];
                        row.iter().for_each(|&(column, value)| own[column] += error * value);
                        own[columns] += error;
                    }
                }
                (loss, sum)
            })
            .collect();
        let mut loss = 0.0;
        gradient.fill(0.0);
        for (part, sum) in parts {
            loss += part;
            gradient.iter_mut().zip(sum).for_each(|(total, part)| *total += part);
        }
        for (index, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            if index % stride != columns {
                loss += self.penalty / 2.0 * weight * weight;
                *slope += self.penalty * weight;
            }
        }
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_have_the_known_optimum() {
        // With one column of ±1 and no penalty, the slope is the log odds of 3 to 1 on both sides.
        let rows: Vec<SparseRow> =
            [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0].map(|x| vec![(0, x)]).to_vec();
        let labels = [1, 1, 1, 0, 0, 0, 0, 1];
        let model = LogisticRegression::fit(&rows, &labels, 1, 2, 0.0);
        let high = model.predict(&vec![(0, 1.0)]);
        assert!((high[1] - 0.75).abs() < 1e-4, "{high:?}");
        let low = model.predict(&vec![(0, -1.0)]);
        assert!((low[1] - 0.25).abs() < 1e-4, "{low:?}");
        let penalised = LogisticRegression::fit(&rows, &labels, 1, 2, 10.0);
        let high = penalised.predict(&vec![(0, 1.0)]);
        assert!((0.5..0.6).contains(&high[1]), "{high:?}");
    }

    #[test]
    fn three_classes_without_features_are_as_frequent_as_in_training() {
        let rows = vec![SparseRow::new(); 10];
        let labels = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
        let found = LogisticRegression::fit(&rows, &labels, 4, 3, 0.1).predict(&vec![]);
        for (found, expected) in found.iter().zip([0.5, 0.3, 0.2]) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}
