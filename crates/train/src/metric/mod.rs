//! Metrics, with the definitions of scikit-learn, in f64.

mod calls;
mod confusion;
mod curve;
mod labels;
mod ranking;
mod regression;
mod windows;

pub use calls::{Balance, CallReport, best_threshold};
pub use confusion::{ClassScores, ConfusionMatrix};
pub use curve::{precision_recall_curve, roc_curve};
pub use labels::MultiLabelReport;
pub use ranking::{auprc, auroc, one_vs_one_auroc};
pub use regression::RegressionReport;
use serde::Serialize;
pub use windows::{WindowSummary, summarize_windows};

/// Everything that is reported about predictions on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassificationReport {
    /// Share of right predictions.
    pub accuracy: f64,
    /// F1 of each class, averaged over the classes that occur.
    pub f1_macro: f64,
    /// Precision of each class, averaged over the classes that occur.
    pub precision_macro: f64,
    /// Recall of each class, averaged over the classes that occur.
    pub recall_macro: f64,
    /// Matthews correlation coefficient; for more than two classes, Gorodkin's R_K
    /// (2004, doi 10.1016/j.compbiolchem.2004.09.006). 0 where undefined.
    pub mcc: f64,
    /// Area under the ROC curve: of class 1 for two classes, else the mean over pairs of classes
    /// (Hand and Till 2001, doi 10.1023/A:1010920819831). `None` where a class is absent.
    pub auroc: Option<f64>,
    /// Average precision: of class 1 for two classes, else the mean over classes against the rest.
    /// `None` where a class is absent.
    pub auprc: Option<f64>,
    /// Precision, recall, F1 and number of examples of each class; class 1 of two is "positive".
    pub classes: Vec<ClassScores>,
    /// Counts by true class (row) and predicted class (column).
    pub confusion: ConfusionMatrix,
}

impl ClassificationReport {
    /// Judges `probabilities` (one row of class probabilities per example) by the true `labels`.
    /// The predicted class is the most probable one, the first of several.
    ///
    /// # Panics
    ///
    /// If there is no example, the lengths differ, rows have less than two classes or different
    /// lengths, or a label is no class.
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

    /// The only class that was ever predicted, where others were due: a collapsed model.
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

/// The index of the largest value, the first of several.
pub fn argmax(values: &[f64]) -> usize {
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
        // of 6 pairs, 0.8 beats 0.4 and 0.6 wrongly: 4 right
        assert!((report.auroc.unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // precision 1/1, 2/3, 3/4 at the three positives
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
