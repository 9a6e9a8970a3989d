//! The metrics of a joined classifier, as JSON and as a table.

use std::fmt::{self, Display};

use serde::Serialize;

use super::Evidence;
use crate::evaluation_table::EvaluationTable;
use crate::{Evaluation, OtherTask};

/// The content of `metrics.json`. The metrics of the test split are at the top level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AutoMetrics {
    /// The version of this layout.
    pub schema: u32,
    /// The task.
    pub task: String,
    /// Class names. In the file they are called `class_names`, because `classes` there are the
    /// metrics of each class.
    #[serde(rename = "class_names")]
    pub classes: Vec<String>,
    /// The metrics on test and dev.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// Test AUROC of GC content alone, for two classes: a baseline.
    pub gc_auroc: Option<f64>,
    /// The name of the recipe.
    pub recipe: &'static str,
    /// What the rows showed before anything was trained.
    pub evidence: Evidence,
    /// Whether both strands were read.
    pub both_strands: bool,
    /// Every classifier that was trained.
    pub members: Vec<MemberReport>,
    /// Examples in train, dev and test.
    pub examples: [usize; 3],
    /// The seed of everything that was drawn.
    pub seed: u64,
    /// The time that was given.
    pub budget_seconds: f64,
    /// The time that was used, without the test split.
    pub train_seconds: f64,
    /// The results on other tasks with the same classes.
    pub others: Vec<OtherTask>,
    /// SHA-256 over all sequences and labels, in order.
    pub data_sha256: String,
}

/// A classifier that was trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberReport {
    /// Its name.
    pub name: String,
    /// Passes over the training rows, of which dev chose the best; `None` for a regression.
    pub epochs: Option<usize>,
    /// Seconds of its training.
    pub seconds: f64,
    /// Its MCC on dev.
    pub dev_mcc: f64,
    /// Its AUROC on dev.
    pub dev_auroc: Option<f64>,
    /// Its mean negative log-likelihood on dev, with a temperature from other dev rows.
    pub dev_loss: f64,
    /// Its weight in the joined classifier.
    pub weight: f64,
}

impl Display for AutoMetrics {
    /// A table of the members, and of the metrics on the test split.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, dev, test] = self.examples;
        writeln!(f, "{}: {train} train, {dev} dev, {test} test examples", self.task)?;
        let strands = if self.both_strands { "both strands" } else { "one strand" };
        writeln!(f, "{strands}, {:.0} s of training\n", self.train_seconds)?;
        let width = self.members.iter().map(|one| one.name.len()).max().unwrap_or_default() + 2;
        writeln!(
            f,
            "{:width$}{:>9}{:>9}{:>9}{:>9}",
            "member", "seconds", "MCC", "AUROC", "weight"
        )?;
        for one in &self.members {
            let MemberReport { name, seconds, dev_mcc, dev_auroc, weight, .. } = one;
            let auroc = dev_auroc.map_or("-".to_owned(), |value| format!("{value:.4}"));
            writeln!(f, "{name:width$}{seconds:>9.1}{dev_mcc:>9.4}{auroc:>9}{weight:>9.3}")?;
        }
        writeln!(f, "(MCC and AUROC on dev)\n")?;
        let table = EvaluationTable { evaluation: &self.evaluation, classes: &self.classes };
        table.scores(f)?;
        if let Some(auroc) = self.gc_auroc {
            writeln!(f, "{:<22}{:>18}", "AUROC of GC content", format!("{auroc:.4}"))?;
        }
        table.calls(f)?;
        for other in &self.others {
            writeln!(f, "\nthe same model on {}: {}", other.task, other.test)?;
        }
        table.confusion(f)
    }
}
