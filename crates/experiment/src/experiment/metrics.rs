//! The metrics of an experiment, as JSON and as a table.

use std::fmt::{self, Display};

use dnabert_model::{Adaptation, BertConfig, Pooling};
use dnabert_train::{ClassificationReport, EpochRecord, FineTuneConfig};
use serde::Serialize;

use super::HeadInit;
use crate::evaluation_table::EvaluationTable;
use crate::{Evaluation, Ngrams};

/// The content of `metrics.json`. The metrics of the test split are at the top level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// The version of this layout.
    pub schema: u32,
    /// The task.
    pub task: String,
    /// Class names. In the file they are called `class_names`, because `classes` there are the
    /// metrics of each class.
    #[serde(rename = "class_names")]
    pub classes: Vec<String>,
    /// The metrics on test and dev, at the chosen epoch.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// Test AUROC of GC content alone, for two classes: a baseline.
    pub gc_auroc: Option<f64>,
    /// Test AUROC with the tokens of each sequence shuffled: the performance without positions.
    pub shuffled_auroc: Option<f64>,
    /// How each network was trained.
    pub trainings: Vec<Training>,
    /// Examples in train, dev and test.
    pub examples: [usize; 3],
    /// Tokens that were lost in tokenizing.
    pub lost_tokens: LostTokens,
    /// The seed of initial weights, order, dropout, masking and resampling.
    pub seed: u64,
    /// All other settings of the run.
    pub config: Settings,
    /// The results on other tasks with the same classes.
    pub others: Vec<OtherTask>,
    /// SHA-256 over all sequences and labels, in order.
    pub data_sha256: String,
}

/// How one network was trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Training {
    /// The model folder that it started from, or the size of the new model.
    pub start: String,
    /// Its own seed.
    pub seed: u64,
    /// The epoch chosen on the dev split, from 1; 0 for the initial weights.
    pub best_epoch: usize,
    /// Every epoch, for the network alone.
    pub history: Vec<EpochRecord>,
    /// The weight of the k-mer regression in the scores, chosen on the dev split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngram_fraction: Option<f64>,
    /// Whether the chosen network, without a regression, predicts only one class on the dev split.
    pub collapsed: bool,
}

/// The result on the test split of another task, which was not used in training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherTask {
    /// The task.
    pub task: String,
    /// The metrics of the model there.
    pub test: ClassificationReport,
}

/// Tokens that were lost in tokenizing, over all splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LostTokens {
    /// Tokens that became `[UNK]`.
    pub unknown: usize,
    /// Tokens that were left out since they cover an ambiguous letter.
    pub skipped: usize,
    /// Tokens cut off at the right.
    pub truncated: usize,
}

/// The settings of a run, as `metrics.json` records them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// The k-mer length; absent for byte pairs.
    pub k: Option<usize>,
    /// The model folder that the first network started from, or the size of the new model.
    pub start: String,
    /// The parts of the network with random initial weights, since the folder does not contain
    /// them.
    pub new_parts: Vec<&'static str>,
    /// How the head was initialised.
    pub head: HeadInit,
    /// Which weights were trained.
    pub adaptation: Adaptation,
    /// The counts of k-mers that the classifier reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngrams: Option<Ngrams>,
    /// Whether both strands were read.
    pub both_strands: bool,
    /// The settings of fine-tuning.
    pub fine_tune: FineTuneConfig,
    /// The network.
    pub model: NetworkSettings,
}

/// The network of an experiment, as `metrics.json` records it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NetworkSettings {
    /// The config of a BERT.
    Bert(Box<BertConfig>),
    /// A network with your own encoder.
    Own {
        /// The type of the encoder.
        encoder: &'static str,
        /// How its hidden states are pooled.
        pooling: Pooling,
        /// The number of tokens that it reads at most.
        longest_row: usize,
    },
}

impl NetworkSettings {
    /// The config of a BERT; `None` for a network with your own encoder.
    pub fn bert(&self) -> Option<&BertConfig> {
        match self {
            Self::Bert(config) => Some(config),
            Self::Own { .. } => None,
        }
    }
}

impl Display for Metrics {
    /// A table of the metrics on the test split, with the baselines that they are compared with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, dev, test] = self.examples;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        writeln!(f, "{}: {train} train, {dev} dev, {test} test examples", self.task)?;
        let lost = self.lost_tokens;
        if lost != LostTokens::default() {
            let LostTokens { unknown, skipped, truncated } = lost;
            writeln!(f, "tokens lost: {unknown} unknown, {skipped} skipped, {truncated} cut off")?;
        }
        if !self.config.new_parts.is_empty() {
            writeln!(f, "drawn at random: {}", self.config.new_parts.join(", "))?;
        }
        if self.config.head == HeadInit::Regression {
            writeln!(f, "fitted before training: the head")?;
        }
        let best: Vec<String> =
            self.trainings.iter().map(|training| training.best_epoch.to_string()).collect();
        let epochs =
            self.trainings.iter().map(|training| training.history.len()).max().unwrap_or_default();
        writeln!(f, "best epoch {} of {epochs}, chosen on dev", best.join(", "))?;
        let shares = self.trainings.iter().filter_map(|training| training.ngram_fraction);
        let shares: Vec<String> = shares.map(|share| format!("{:.0} %", 100.0 * share)).collect();
        if !shares.is_empty() {
            let shares = shares.join(", ");
            writeln!(f, "the regression on k-mers weighs {shares}, chosen on dev")?;
        }
        if let [_, _, ..] = self.trainings[..] {
            writeln!(f, "mean of {} networks", self.trainings.len())?;
        }
        let table = EvaluationTable { evaluation: &self.evaluation, classes: &self.classes };
        writeln!(f)?;
        table.scores(f)?;
        writeln!(f, "{:<22}{:>18}", "AUROC of GC content", number(self.gc_auroc))?;
        writeln!(f, "{:<22}{:>18}", "AUROC, shuffled", number(self.shuffled_auroc))?;
        table.calls(f)?;
        for other in &self.others {
            writeln!(f, "\nthe same model on {}: {}", other.task, other.test)?;
        }
        table.confusion(f)?;
        for Training { seed, collapsed, .. } in &self.trainings {
            if *collapsed {
                let same = "it gives every dev example the same class";
                writeln!(f, "\nThe network of seed {seed} collapsed: {same}.")?;
            }
        }
        Ok(())
    }
}
