//! The confusion matrix and the metrics that follow from it.

use serde::Serialize;

/// Counts of predictions by true class (row) and predicted class (column).
///
/// ```
/// use dnabert_train::metric::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 1, 1], 2);
/// assert_eq!(matrix.counts(), [[1, 1], [0, 2]]);
/// assert_eq!(matrix.accuracy(), 0.75);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    counts: Vec<Vec<usize>>,
}

/// The metrics of one class against all others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScores {
    /// Fraction of the predictions of the class that are correct; 0 without predictions.
    pub precision: f64,
    /// Fraction of the examples of the class that are predicted correctly; 0 without examples.
    pub recall: f64,
    /// Harmonic mean of precision and recall; 0 if undefined.
    pub f1: f64,
    /// Number of examples of the class.
    pub support: usize,
    /// Number of predictions of the class.
    pub predicted: usize,
}

impl ClassScores {
    /// Returns whether the class occurs among the labels or the predictions.
    pub fn occurs(&self) -> bool {
        self.support + self.predicted > 0
    }
}

impl ConfusionMatrix {
    /// Counts `predicted` against `labels`.
    ///
    /// # Panics
    ///
    /// If a prediction or a label is not below `classes`.
    pub fn new(predicted: &[usize], labels: &[usize], classes: usize) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        for (&prediction, &label) in predicted.iter().zip(labels) {
            counts[label][prediction] += 1;
        }
        Self { counts }
    }

    /// Returns the counts, by true class and then by predicted class.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// Returns the number of examples of `class`.
    pub fn support(&self, class: usize) -> usize {
        self.counts[class].iter().sum()
    }

    /// Returns the number of predictions of `class`.
    pub fn predicted(&self, class: usize) -> usize {
        self.counts.iter().map(|row| row[class]).sum()
    }

    fn right(&self) -> usize {
        (0..self.counts.len()).map(|class| self.counts[class][class]).sum()
    }

    fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Returns the fraction of correct predictions.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.total() as f64
    }

    /// Returns the Matthews correlation coefficient for any number of classes; 0 if undefined.
    pub fn mcc(&self) -> f64 {
        let total = self.total() as f64;
        let (mut chance, mut predicted_squares, mut support_squares) = (0.0, 0.0, 0.0);
        for class in 0..self.counts.len() {
            let (predicted, support) = (self.predicted(class) as f64, self.support(class) as f64);
            chance += predicted * support;
            predicted_squares += predicted * predicted;
            support_squares += support * support;
        }
        let spread = (total * total - predicted_squares) * (total * total - support_squares);
        if spread == 0.0 { 0.0 } else { (self.right() as f64 * total - chance) / spread.sqrt() }
    }

    /// Returns the metrics of each class.
    pub fn class_scores(&self) -> Vec<ClassScores> {
        let share = |part: usize, whole: usize| {
            if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
        };
        (0..self.counts.len())
            .map(|class| {
                let right = self.counts[class][class];
                let (support, predicted) = (self.support(class), self.predicted(class));
                ClassScores {
                    precision: share(right, predicted),
                    recall: share(right, support),
                    f1: share(2 * right, support + predicted),
                    support,
                    predicted,
                }
            })
            .collect()
    }
}
