//! A task from its data to an evaluated, saved model: the settings.

mod error;
mod initialized;
mod metrics;
mod ngram_regression;
mod outcome;
mod own_encoder;
mod rows;
mod run;
mod write;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use dnabert_kmer::AmbiguityPolicy;
use dnabert_model::{Adaptation, MaskMode, Pooling};
use dnabert_train::FineTuneConfig;
use serde::{Deserialize, Serialize};

pub use self::error::ExperimentError;
pub use self::metrics::{LostTokens, Metrics, NetworkSettings, OtherTask, Settings, Training};
pub use self::outcome::{Outcome, Prediction};
pub use self::own_encoder::OwnEncoder;
use crate::{ModelSize, Ngrams, Recipe};

/// What to train on a task, and how.
///
/// ```
/// use dnabert_experiment::{Experiment, Recipe};
///
/// let experiment = Experiment::from_pretrained("datasets/models/small-4")
///     .with_recipe(Recipe::Order)
///     .with_epochs(8)
///     .with_seed(2);
/// // The settings that a run writes can be read again, to repeat the run.
/// let text = serde_json::to_string(&experiment)?;
/// let again: Experiment = serde_json::from_str(&text)?;
/// assert_eq!(again, experiment);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// The initial weights of the network.
    pub start: ModelInit,
    /// The initial weights of further members, in turn. With one entry here, the second member
    /// starts from it, the third from the first member's weights, and so on. All must have the same
    /// shape and the same tokens as the first. The errors of networks from different checkpoints
    /// are less correlated than those of networks that differ only in their seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further_starts: Vec<ModelInit>,
    /// What happens to k-mers with ambiguous letters.
    pub ambiguity: AmbiguityPolicy,
    /// Whether sequences longer than the model are cut at the right (counted and reported).
    /// Otherwise they are an error.
    pub truncate: bool,
    /// How the head is initialised.
    pub head: HeadInit,
    /// Number of parts of a row that are pooled separately ([`BertConfig::pooled_parts`](dnabert_model::BertConfig::pooled_parts)), if not
    /// as the config of the network says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooled_parts: Option<NonZeroUsize>,
    /// Counts of k-mers that the classifier also reads, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngrams: Option<Ngrams>,
    /// Whether both strands are read. Then every training row is also read as its reverse
    /// complement, and probabilities are means over both strands. For sites that mean the same on
    /// both strands.
    pub both_strands: bool,
    /// Dropout of hidden states, if not as the config of the network says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// Which weights are trained.
    pub adaptation: Adaptation,
    /// The settings of fine-tuning.
    pub fine_tune: FineTuneConfig,
    /// The number of networks to train. Each has its own seed, and the first has the given one.
    /// Their predictions are averaged. The mean has a lower variance and a lower error than one
    /// network (Hansen and Salamon 1990, doi 10.1109/34.58871).
    pub members: NonZeroUsize,
}

/// How the classification head of an experiment is initialised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadInit {
    /// At random.
    #[default]
    Random,
    /// With the weights of a logistic regression on the head's inputs for the training rows (Kumar
    /// et al. 2022, arXiv 2202.10054). The penalty is chosen by AUROC on the dev split. With few
    /// training rows, this prevents a random head from distorting the network at first. The dev
    /// split may choose these initial weights over every epoch. Without epochs, the encoder stays
    /// as it is. Class weights have no effect on the regression.
    Regression,
}

/// The initial weights of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelInit {
    /// From a folder in the Hugging Face layout, with a new classification head.
    Folder {
        /// The folder.
        path: PathBuf,
        /// How hidden states are pooled, if not as the config says.
        pooling: Option<Pooling>,
        /// How padding is masked, if not as the config says.
        mask_mode: Option<MaskMode>,
        /// The length that every row is padded to, if not as the config says.
        padded_length: Option<usize>,
    },
    /// From random weights.
    Fresh {
        /// Its shape.
        size: ModelSize,
        /// Its k-mer length.
        k: usize,
        /// How hidden states are pooled, if not as is the default for the size.
        pooling: Option<Pooling>,
    },
    /// Random weights, with the shape and the tokenizer of a folder: a control without its
    /// training.
    Reset {
        /// The folder.
        path: PathBuf,
        /// How hidden states are pooled, if not as the config says.
        pooling: Option<Pooling>,
    },
}

impl ModelInit {
    /// From a folder. Everything else is as its config says.
    pub fn from_folder(path: impl Into<PathBuf>) -> Self {
        Self::Folder { path: path.into(), pooling: None, mask_mode: None, padded_length: None }
    }

    /// Sets how hidden states are pooled.
    pub fn set_pooling(&mut self, wanted: Pooling) {
        match self {
            Self::Folder { pooling, .. }
            | Self::Fresh { pooling, .. }
            | Self::Reset { pooling, .. } => *pooling = Some(wanted),
        }
    }

    /// The name of the start in `metrics.json`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder { path, .. } => crate::datasets::shown(path),
            Self::Fresh { size, .. } => format!("fresh {}", size.name()),
            Self::Reset { path, .. } => {
                format!("fresh in the shape of {}", crate::datasets::shown(path))
            }
        }
    }
}

impl Default for Experiment {
    /// As [`from_pretrained`](Self::from_pretrained), with no folder yet.
    fn default() -> Self {
        Self::from_pretrained("")
    }
}

impl Experiment {
    /// Fine-tunes the model of a folder with a new head. Defaults: all weights, 3 epochs, the usual
    /// learning rate of BERT, one network, one strand, one core.
    pub fn from_pretrained(folder: impl Into<PathBuf>) -> Self {
        Self {
            start: ModelInit::from_folder(folder),
            further_starts: Vec::new(),
            ambiguity: AmbiguityPolicy::default(),
            truncate: false,
            head: HeadInit::Random,
            pooled_parts: None,
            ngrams: None,
            both_strands: false,
            dropout: None,
            adaptation: Adaptation::Full,
            fine_tune: FineTuneConfig { seed: 1, ..FineTuneConfig::default() },
            members: NonZeroUsize::MIN,
        }
    }

    /// Trains a network from random weights, with tokens of `k` bases.
    pub fn fresh(size: ModelSize, k: usize) -> Self {
        let start = ModelInit::Fresh { size, k, pooling: None };
        Self { start, ..Self::from_pretrained("") }
    }

    /// The same experiment with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.fine_tune.seed = seed;
        self
    }

    /// The same experiment with another number of epochs.
    #[must_use]
    pub fn with_epochs(mut self, epochs: usize) -> Self {
        self.fine_tune.epochs = epochs;
        self
    }

    /// The same experiment with the settings of a recipe.
    #[must_use]
    pub fn with_recipe(self, recipe: Recipe) -> Self {
        recipe.apply(self)
    }

    /// The same experiment, with or without reading both strands.
    #[must_use]
    pub fn with_both_strands(mut self, both_strands: bool) -> Self {
        self.both_strands = both_strands;
        self
    }

    /// The same experiment on all cores of the CPU. On a GPU, use one worker.
    #[must_use]
    pub fn on_all_cores(mut self) -> Self {
        self.fine_tune.workers = std::thread::available_parallelism().map_or(1, usize::from);
        self
    }
}
