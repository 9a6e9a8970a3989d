//! Metrics of multi-label predictions.

use serde::Serialize;

use super::{auprc, auroc};

/// The metrics of multi-label predictions on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultiLabelReport {
    /// Area under the ROC curve of each label; `None` if the label is always or never present.
    pub auroc: Vec<Option<f64>>,
    /// Average precision of each label; `None` if the label is never present.
    pub auprc: Vec<Option<f64>>,
    /// Mean of the defined areas under the ROC curve.
    pub auroc_macro: Option<f64>,
    /// F1 over all pairs of example and label, with a threshold of 0.5; 0 if undefined.
    pub f1_micro: f64,
    /// Fraction of the examples for which every label is predicted correctly.
    pub exact: f64,
}

impl MultiLabelReport {
    /// Computes the metrics of `probabilities`, one for each label, against the labels that are
    /// present.
    ///
    /// # Panics
    ///
    /// If there is no example, or if rows have different lengths.
    pub fn new<H: AsRef<[bool]>>(probabilities: &[Vec<f64>], holds: &[H]) -> Self {
        assert!(!holds.is_empty() && probabilities.len() == holds.len(), "one row per example");
        let labels = probabilities[0].len();
        let of_label = |label: usize| -> (Vec<f64>, Vec<bool>) {
            let scores = probabilities.iter().map(|row| row[label]).collect();
            (scores, holds.iter().map(|row| row.as_ref()[label]).collect())
        };
        let areas = |area: fn(&[f64], &[bool]) -> Option<f64>| -> Vec<Option<f64>> {
            (0..labels).map(of_label).map(|(scores, holds)| area(&scores, &holds)).collect()
        };
        let (mut right, mut said, mut due, mut exact) = (0_usize, 0_usize, 0_usize, 0_usize);
        for (row, holds) in probabilities.iter().zip(holds) {
            let holds = holds.as_ref();
            let decisions: Vec<bool> = row.iter().map(|&probability| probability >= 0.5).collect();
            right += decisions.iter().zip(holds).filter(|(said, due)| **said && **due).count();
            said += decisions.iter().filter(|said| **said).count();
            due += holds.iter().filter(|due| **due).count();
            exact += usize::from(decisions == holds);
        }
        let auroc = areas(auroc);
        let defined: Vec<f64> = auroc.iter().flatten().copied().collect();
        Self {
            auroc_macro: (!defined.is_empty())
                .then(|| defined.iter().sum::<f64>() / defined.len() as f64),
            auroc,
            auprc: areas(auprc),
            f1_micro: if said + due == 0 { 0.0 } else { 2.0 * right as f64 / (said + due) as f64 },
            exact: exact as f64 / holds.len() as f64,
        }
    }
}

impl std::fmt::Display for MultiLabelReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let auroc = self.auroc_macro.map_or("-".to_owned(), |value| format!("{value:.4}"));
        write!(f, "mean AUROC {auroc}  F1 {:.4}  all right {:.4}", self.f1_micro, self.exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_case_by_hand() {
        let probabilities = [vec![0.9, 0.2], vec![0.4, 0.6], vec![0.6, 0.1]];
        let holds = [vec![true, false], vec![true, false], vec![false, false]];
        let report = MultiLabelReport::new(&probabilities, &holds);
        assert_eq!(report.auroc, [Some(0.5), None]); // 0.9 beats 0.6, 0.4 does not
        assert_eq!(report.auroc_macro, Some(0.5));
        assert_eq!(report.f1_micro, 2.0 / 5.0); // one correct, three predicted, two true
        assert_eq!(report.exact, 1.0 / 3.0);
    }
}
