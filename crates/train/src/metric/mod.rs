//! Metrics with scikit-learn's definitions, computed in f64.

mod calibration;
mod calls;
mod confusion;
mod curve;
mod labels;
mod ranking;
mod regression;
mod windows;

pub use calibration::{Calibration, CalibrationBin};
pub use calls::{Balance, CallReport, best_threshold};
pub use confusion::{ClassScores, ConfusionMatrix};
pub use curve::{precision_recall_curve, roc_curve};
pub use labels::MultiLabelReport;
pub use ranking::{auprc, auroc, one_vs_one_auroc};
pub use regression::RegressionReport;
use serde::Serialize;
pub use windows::{WindowSummary, summarize_windows};

/// All metrics of class predictions on one split.
///
/// ```
/// use dnabert_train::ClassificationReport;
///
/// let probabilities = [[0.1, 0.9], [0.8, 0.2], [0.6, 0.4]].map(|row| row.to_vec());
/// let report = ClassificationReport::new(&probabilities, &[1, 0, 1]);
/// assert!((report.accuracy - 2.0 / 3.0).abs() < 1e-12);
/// assert_eq!(report.auroc, Some(1.0)); // both positives rank above the negative
/// assert_eq!(report.confusion.counts(), [[1, 0], [1, 1]]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassificationReport {
    /// Fraction of correct predictions.
    pub accuracy: f64,
    /// Mean F1 over the classes that occur.
    pub f1_macro: f64,
    /// Mean precision over the classes that occur.
    pub precision_macro: f64,
    /// Mean recall over the classes that occur.
    pub recall_macro: f64,
    /// Matthews correlation coefficient; 0 if undefined. For more than two classes it is Gorodkin's
    /// R_K (2004, doi 10.1016/j.compbiolchem.2004.09.006).
    pub mcc: f64,
    /// Area under the ROC curve; `None` if a class is absent. For two classes it is that of class
    /// 1, for more the mean over pairs of classes (Hand and Till 2001, doi
    /// 10.1023/A:1010920819831).
    pub auroc: Option<f64>,
    /// Average precision; `None` if a class is absent. For two classes it is that of class 1, for
    /// more the mean over classes, each against the rest.
    pub auprc: Option<f64>,
    /// Precision, recall, F1 and number of examples of each class; with two classes, class 1 is the
    /// positive one.
    pub classes: Vec<ClassScores>,
    /// Counts by true class (row) and predicted class (column).
    pub confusion: ConfusionMatrix,
}

impl ClassificationReport {
    /// Computes the metrics of `probabilities`, one row of class probabilities for each example,
    /// against the true `labels`.
    ///
    /// The predicted class is the most probable one; ties go to the lowest index.
    ///
    /// # Panics
    ///
    /// If there is no example, the numbers of rows and labels differ, rows have different lengths
    /// or fewer than two classes, or a label is not a class.
    pub fn new(probabilities: &[Vec<f64>], labels: &[usize]) -> Self {
        assert!(!labels.is_empty() && probabilities.len() == labels.len(), "one row per label");
        let classes = probabilities[0].len();
        assert!(classes >= 2, "a class and another one");
        let predicted: Vec<usize> = probabilities.iter().map(|row| argmax(row)).collect();
        let confusion = ConfusionMatrix::new(&predicted, labels, classes);
        let scores = confusion.class_scores();
        let occurring = || scores.iter().filter(|class| class.occurs());
        let mean = |value: fn(&ClassScores) -> f64| {
            occurring().map(value).sum::<f64>() / occurring().count() as f64
        };
        let (auroc, auprc) = areas(probabilities, labels, classes);
        Self {
            accuracy: confusion.accuracy(),
            f1_macro: mean(|class| class.f1),
            precision_macro: mean(|class| class.precision),
            recall_macro: mean(|class| class.recall),
            mcc: confusion.mcc(),
            auroc,
            auprc,
            classes: scores,
            confusion,
        }
    }

    /// Returns the only predicted class if the labels have several classes: the model has
    /// collapsed.
    pub fn collapsed_to(&self) -> Option<usize> {
        let truths = self.classes.iter().filter(|class| class.support > 0).count();
        let mut predicted =
            (0..self.classes.len()).filter(|&class| self.confusion.predicted(class) > 0);
        let only = predicted.next()?;
        (predicted.next().is_none() && truths > 1).then_some(only)
    }
}

impl std::fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let auroc = self.auroc.map_or("-".to_owned(), |value| format!("{value:.4}"));
        write!(f, "accuracy {:.4}  MCC {:.4}  AUROC {auroc}", self.accuracy, self.mcc)
    }
}

fn areas(
    probabilities: &[Vec<f64>],
    labels: &[usize],
    classes: usize,
) -> (Option<f64>, Option<f64>) {
    let of_class = |class: usize| -> (Vec<f64>, Vec<bool>) {
        let scores = probabilities.iter().map(|row| row[class]).collect();
        (scores, labels.iter().map(|&label| label == class).collect())
    };
    if classes == 2 {
        let (scores, positive) = of_class(1);
        return (auroc(&scores, &positive), auprc(&scores, &positive));
    }
    let each: Option<Vec<f64>> = (0..classes)
        .map(|class| {
            let (scores, positive) = of_class(class);
            auprc(&scores, &positive)
        })
        .collect();
    let mean = each.map(|values| values.iter().sum::<f64>() / classes as f64);
    (one_vs_one_auroc(probabilities, labels), mean)
}

/// Returns the index of the largest value; ties go to the lowest index.
pub fn argmax<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_case_by_hand() {
        let probabilities: Vec<Vec<f64>> =
            [0.9, 0.8, 0.4, 0.3, 0.6].iter().map(|&p| vec![1.0 - p, p]).collect();
        let report = ClassificationReport::new(&probabilities, &[1, 0, 1, 0, 1]);
        assert!((report.accuracy - 0.6).abs() < 1e-12);
        assert_eq!(report.confusion.counts(), [[1, 1], [1, 2]]);
        // Of 6 pairs, 0.8 wrongly ranks above 0.4 and 0.6, so 4 are correct.
        assert!((report.auroc.unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // The precisions at the three positives are 1/1, 2/3 and 3/4.
        assert!((report.auprc.unwrap() - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-12);
        assert!((report.mcc - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(report.collapsed_to(), None);
    }

    #[test]
    fn one_predicted_class_is_a_collapse() {
        let probabilities = vec![vec![0.4, 0.6]; 4];
        let report = ClassificationReport::new(&probabilities, &[0, 1, 0, 1]);
        assert_eq!(report.collapsed_to(), Some(1));
        assert_eq!((report.mcc, report.auroc), (0.0, Some(0.5)));
        assert_eq!(ClassificationReport::new(&probabilities, &[1; 4]).collapsed_to(), None);
        assert_eq!(ClassificationReport::new(&probabilities, &[1; 4]).auroc, None);
    }
}
