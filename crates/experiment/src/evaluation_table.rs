//! The parts of a printed evaluation.

use std::fmt;

use dnabert_train::metric::CallReport;
use dnabert_train::{ClassificationReport, ConfidenceInterval};

use crate::Evaluation;

/// The parts of a printed evaluation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EvaluationTable<'a> {
    pub(crate) evaluation: &'a Evaluation,
    pub(crate) classes: &'a [String],
}

impl EvaluationTable<'_> {
    /// Metrics on dev and test, and intervals.
    pub(crate) fn scores(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>9}{:>9}", "", "dev", "test")?;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        let rows = |report: &ClassificationReport| {
            [
                ("accuracy", Some(report.accuracy)),
                ("F1, macro", Some(report.f1_macro)),
                ("precision, macro", Some(report.precision_macro)),
                ("recall, macro", Some(report.recall_macro)),
                ("MCC", Some(report.mcc)),
                ("AUROC", report.auroc),
                ("AUPRC", report.auprc),
            ]
        };
        let Evaluation { test, dev, auroc_interval, mcc_interval, .. } = self.evaluation;
        for ((name, dev), (_, test)) in rows(dev).into_iter().zip(rows(test)) {
            writeln!(f, "{name:<22}{:>9}{:>9}", number(dev), number(test))?;
        }
        for (name, interval) in
            [("MCC, 95 % interval", mcc_interval), ("AUROC, 95 % interval", auroc_interval)]
        {
            if let Some(ConfidenceInterval { low, high }) = interval {
                writeln!(f, "{name:<22}{:>18}", format!("{low:.4} to {high:.4}"))?;
            }
        }
        let error = format!("{:.4}", self.evaluation.calibration.expected_error);
        writeln!(f, "{:<22}{error:>18}", "calibration error")
    }

    /// The metrics of positive calls at each threshold. With more than two classes, positive means
    /// any class but the first.
    pub(crate) fn calls(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evaluation { chosen_threshold, imbalanced, .. } = self.evaluation;
        if chosen_threshold.is_none() && imbalanced.is_empty() {
            return Ok(());
        }
        if let [first, _, _, ..] = self.classes {
            write!(f, "\npositive is any class but {first}, whichever is called")?;
        }
        let calls = "calls on test";
        writeln!(f, "\n{calls:<22}{:>9}{:>9}{:>12}", "accuracy", "MCC", "threshold")?;
        let line = |f: &mut fmt::Formatter<'_>, name: &str, calls: &CallReport| {
            let CallReport { accuracy, mcc, threshold, .. } = calls;
            writeln!(f, "{name:<22}{accuracy:>9.4}{mcc:>9.4}{threshold:>12.4}")
        };
        if let Some(calls) = chosen_threshold {
            line(f, "threshold from dev", calls)?;
        }
        for found in imbalanced {
            let ratio = format!("1 : {:.0}", found.negatives_per_positive);
            line(f, &ratio, &found.at_half)?;
            line(f, &format!("{ratio}, from dev"), &found.at_chosen)?;
            if let Some(ConfidenceInterval { low, high }) = found.at_chosen_mcc_interval {
                let range = format!("MCC {low:.4} to {high:.4}");
                writeln!(f, "{:<22}{range:>30}", "  95 % interval")?;
            }
        }
        Ok(())
    }

    /// Test examples by class and prediction.
    pub(crate) fn confusion(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\ntest examples by class (row) and prediction (column):")?;
        let width = self.classes.iter().map(String::len).max().unwrap_or_default().max(6) + 2;
        write!(f, "{:width$}", "")?;
        for class in self.classes {
            write!(f, "{class:>width$}")?;
        }
        for (class, counts) in self.classes.iter().zip(self.evaluation.test.confusion.counts()) {
            write!(f, "\n{class:width$}")?;
            for count in counts {
                write!(f, "{count:>width$}")?;
            }
        }
        writeln!(f)
    }
}
