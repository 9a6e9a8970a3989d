//! Counts of predictions by true class, and what follows from them.

use serde::Serialize;

/// Counts by true class (row) and predicted class (column).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    counts: Vec<Vec<usize>>,
}

/// How well one class is told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScores {
    /// Right among those predicted; 0 where none is.
    pub precision: f64,
    /// Right among those due; 0 where none is.
    pub recall: f64,
    /// Harmonic mean of both; 0 where undefined.
    pub f1: f64,
    /// Examples of the class.
    pub support: usize,
    /// Predictions of the class.
    pub predicted: usize,
}

impl ClassScores {
    /// Whether the class is among the labels or the predictions.
    pub fn occurs(&self) -> bool {
        self.support + self.predicted > 0
    }
}

impl ConfusionMatrix {
    /// Counts `predicted` against `labels`.
    ///
    /// # Panics
    ///
    /// If a value is not below `classes`.
    pub fn new(predicted: &[usize], labels: &[usize], classes: usize) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        for (&prediction, &label) in predicted.iter().zip(labels) {
            counts[label][prediction] += 1;
        }
        Self { counts }
    }

    /// The counts, by true class then predicted class.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// Examples of `class`.
    pub fn support(&self, class: usize) -> usize {
        self.counts[class].iter().sum()
    }

    /// Predictions of `class`.
    pub fn predicted(&self, class: usize) -> usize {
        self.counts.iter().map(|row| row[class]).sum()
    }

    fn right(&self) -> usize {
        (0..self.counts.len()).map(|class| self.counts[class][class]).sum()
    }

    fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Share of right predictions.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.total() as f64
    }

    /// Matthews correlation coefficient over any number of classes; 0 where undefined.
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

    /// Scores of each class.
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
