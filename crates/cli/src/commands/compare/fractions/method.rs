//! The methods that are compared, and how each is trained.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use dnabert::comparison::MethodResult;
use dnabert::core::Task;
use dnabert::model::{Adaptation, Pooling};
use dnabert::tasks::{DataError, Subset, sha256};
use dnabert::train::{AdamWSettings, FineTuneConfig};
use dnabert::{Baseline, Device, Experiment, HeadInit, ModelInit, NgramReader, Recipe};

/// A training method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// A simple baseline.
    Baseline(Baseline),
    /// The network from random weights, with the settings that suit these best.
    Random,
    /// The network from random weights, with the head and the settings of the pre-trained one.
    RandomAlike,
    /// The pre-trained network with frozen weights. Only the head is trained.
    Frozen,
    /// The pre-trained network, with all weights trained.
    FineTuned,
}

impl Method {
    /// All methods, the simplest first.
    pub(crate) fn all() -> Vec<Self> {
        let own = [Self::Random, Self::RandomAlike, Self::Frozen, Self::FineTuned];
        Baseline::ALL.map(Self::Baseline).into_iter().chain(own).collect()
    }

    /// The method with this name on the command line (with dashes).
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let called =
            |method: &Self| method.name().replace(", ", "-").replace(' ', "-").to_lowercase();
        let all = Self::all();
        all.iter().copied().find(|method| called(method) == name).ok_or_else(|| {
            let names: Vec<String> = all.iter().map(called).collect();
            format!("choose from {}", names.join(", "))
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Baseline(baseline) => baseline.name(),
            Self::Random => "random weights",
            Self::RandomAlike => "random weights, trained alike",
            Self::Frozen => "pre-trained, frozen",
            Self::FineTuned => "pre-trained, fine-tuned",
        }
    }

    fn is_random(self) -> bool {
        matches!(self, Self::Random | Self::RandomAlike)
    }

    /// Whether the method differs from the others on this task.
    pub(crate) fn suits(self, spec: &BenchmarkSpec) -> bool {
        // For these recipes, the settings of the pre-trained network are also those for random
        // weights, except for the rate.
        self != Self::RandomAlike || !matches!(spec.recipe, Recipe::Order | Recipe::PlacedKmers)
    }

    /// The settings that a run depends on, besides task, fraction and seed.
    pub(crate) fn settings(self, spec: &BenchmarkSpec, share: f64) -> std::io::Result<String> {
        if let Self::Baseline(_) = self {
            let both_strands = spec.both_strands();
            return Ok(if both_strands { "both strands".to_owned() } else { String::new() });
        }
        // Networks from random weights use only the shape of the folder.
        let file = if self.is_random() { "config.json" } else { "model.safetensors" };
        let content = sha256(&spec.model.join(file))?;
        // The path is left out, since the folder may be renamed.
        let experiment = self.experiment(spec, share, 0, Path::new(""));
        Ok(format!("{content} {}", serde_json::to_string(&experiment)?))
    }

    /// Trains on the fraction `share` of the training rows of `task`, drawn by `seed`.
    pub(crate) fn run(
        self,
        spec: &BenchmarkSpec,
        share: f64,
        seed: u64,
        device: &Device,
    ) -> Result<MethodResult, Box<dyn Error + Send + Sync>> {
        let task = &Subset::new(&spec.task, share, seed);
        match self {
            Self::Baseline(baseline) => {
                Ok(baseline.learn(task, spec.both_strands(), seed, device, 1)?)
            }
            _ => {
                let experiment = self.experiment(spec, share, seed, &spec.model);
                Ok(experiment.learn(task, device, &mut ())?)
            }
        }
    }

    /// Settings chosen on dev splits, with training rows and seeds that are not in the table.
    fn experiment(self, spec: &BenchmarkSpec, share: f64, seed: u64, model: &Path) -> Experiment {
        let start = |pooling| {
            let (path, pooling) = (model.to_owned(), Some(pooling));
            match self {
                Self::Frozen | Self::FineTuned => {
                    ModelInit::Folder { path, pooling, mask_mode: None, padded_length: None }
                }
                _ => ModelInit::Reset { path, pooling },
            }
        };
        // Fewer rows give fewer steps per epoch.
        let passes = |all| match share {
            share if share > 0.5 => all,
            share if share > 0.05 => 5 * all / 2,
            _ => 5 * all,
        };
        let recipe = match self {
            Self::Frozen => Recipe::Content,
            _ => spec.recipe,
        };
        let counts = recipe == Recipe::Content && self != Self::Random;
        let pooling = match recipe {
            // For random weights, standard deviations of hidden states are less informative than
            // means.
            Recipe::Content if self.is_random() => Pooling::Mean,
            _ => recipe.pooling(),
        };
        let (epochs, learning_rate, token_masking) = match self {
            Self::Random => (passes(8), 1e-3, 0.2),
            Self::Frozen => (0, recipe.learning_rate(), recipe.token_masking()),
            _ => (passes(spec.epochs), recipe.learning_rate(), recipe.token_masking()),
        };
        Experiment {
            start: start(pooling),
            further_starts: Vec::new(),
            head: if counts { HeadInit::Regression } else { HeadInit::Random },
            pooled_parts: None,
            // A separately fitted regression needs no pre-training.
            ngrams: recipe
                .ngrams()
                .filter(|ngrams| self != Self::Random || ngrams.read == NgramReader::Regression),
            both_strands: spec.both_strands(),
            dropout: recipe.dropout().filter(|_| counts),
            adaptation: Adaptation::Full,
            ambiguity: Default::default(),
            truncate: false,
            fine_tune: FineTuneConfig {
                epochs,
                learning_rate,
                token_masking,
                adamw: AdamWSettings::default(),
                workers: 1,
                seed,
                ..FineTuneConfig::default()
            },
            members: NonZeroUsize::MIN,
        }
    }
}

/// A task to compare methods on.
pub(crate) struct BenchmarkSpec {
    pub(crate) task: Box<dyn Task<Error = DataError>>,
    /// The recipe to fine-tune the pre-trained model with.
    pub(crate) recipe: Recipe,
    /// Epochs of the pre-trained model on all training rows.
    pub(crate) epochs: usize,
    /// The pre-trained model.
    pub(crate) model: PathBuf,
}

impl BenchmarkSpec {
    /// Whether a site may be on either strand.
    fn both_strands(&self) -> bool {
        matches!(self.recipe, Recipe::Motifs | Recipe::KnownMotifs)
    }
}
