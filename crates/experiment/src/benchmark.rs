//! The shipped benchmark tasks, and how their published results are reproduced.

use std::str::FromStr;

use burn::tensor::Device;
use dnabert_core::Task;
use dnabert_tasks::{
    BindingSet, BindingTask, DataError, PromoterSet, PromoterTask, SpliceSet, SpliceTask,
};
use dnabert_train::{FineTuneConfig, Observer};

use crate::datasets::{Datasets, NoDatasets};
use crate::{Experiment, ExperimentError, ModelInit, ModelSize, Outcome, Recipe};

/// A shipped task, with the settings of the results in `docs/results.md`.
///
/// ```no_run
/// use dnabert_experiment::{Benchmark, Datasets};
/// use dnabert_inference::device;
///
/// let outcome = Benchmark::Promoter300.run(&Datasets::find()?, 1, &device(None)?, &mut ())?;
/// println!("{}", outcome.metrics);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Benchmark {
    /// Fruit-fly promoters of 300 bp, −249..+50 around the transcription start.
    Promoter300,
    /// Fruit-fly core promoters of 70 bp, −34..+35.
    PromoterCore,
    /// Fruit-fly promoters of 300 bp with a TATA box.
    PromoterTata,
    /// *E. coli* promoters of 57 bp (UCI).
    PromoterUci,
    /// Binding sites of TAp73-alpha in human Saos-2 cells, 101 bp.
    Tap73Alpha,
    /// Binding sites of CTCF in human GM12878 cells, 101 bp.
    Ctcf,
    /// Fruit-fly splice sites of 200 bp.
    SpliceFly,
    /// Primate splice sites of 60 bp (UCI).
    SpliceUci,
}

/// A boxed task of any of the shipped kinds.
pub type BoxedTask = Box<dyn Task<Error = DataError>>;

/// How a model is trained on a task by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskDefaults {
    /// Epochs for a network with random weights.
    pub fresh_epochs: usize,
    /// Epochs for the shipped pre-trained model.
    pub epochs: usize,
    /// How the shipped model is fine-tuned.
    pub recipe: Recipe,
    /// Whether a site may be on either strand.
    pub both_strands: bool,
    /// Whether the pre-training corpus of the shipped model contains the training rows. If so,
    /// cross-validation is not fair, since it evaluates the model on these rows.
    pub is_in_corpus: bool,
}

impl TaskDefaults {
    /// The defaults for a user's own tables with this recipe.
    pub fn from_recipe(recipe: Recipe) -> Self {
        let both_strands = matches!(recipe, Recipe::Motifs | Recipe::KnownMotifs);
        let (fresh_epochs, epochs) = if both_strands { (20, 10) } else { (8, 8) };
        Self { fresh_epochs, epochs, recipe, both_strands, is_in_corpus: false }
    }

    /// The experiment that fine-tunes the shipped models of the recipe, on one core.
    #[allow(clippy::missing_panics_doc, reason = "every recipe names a model")]
    pub fn experiment(&self, datasets: &Datasets) -> Experiment {
        let mut models = self.recipe.models().iter().map(|name| datasets.model(name));
        let first = models.next().expect("a recipe names a model");
        let mut experiment = Experiment::from_pretrained(first);
        experiment.further_starts = models.map(ModelInit::from_folder).collect();
        experiment.members = experiment.members.saturating_add(experiment.further_starts.len());
        experiment.both_strands = self.both_strands;
        experiment.fine_tune.epochs = self.epochs;
        self.recipe.apply(experiment)
    }

    /// The experiment that trains a network from random weights, on one core.
    pub fn fresh(&self, size: ModelSize, k: usize) -> Experiment {
        let mut experiment = Experiment::fresh(size, k);
        experiment.both_strands = self.both_strands;
        experiment.fine_tune = FineTuneConfig {
            epochs: self.fresh_epochs,
            learning_rate: 1e-3,
            token_masking: 0.2,
            ..experiment.fine_tune
        };
        experiment
    }
}

impl Benchmark {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Promoter300,
        Self::PromoterCore,
        Self::PromoterTata,
        Self::PromoterUci,
        Self::Tap73Alpha,
        Self::Ctcf,
        Self::SpliceFly,
        Self::SpliceUci,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Promoter300 => "promoter-300",
            Self::PromoterCore => "promoter-core",
            Self::PromoterTata => "promoter-tata",
            Self::PromoterUci => "promoter-uci",
            Self::Tap73Alpha => "tap73alpha",
            Self::Ctcf => "ctcf",
            Self::SpliceFly => "splice-fly",
            Self::SpliceUci => "splice-uci",
        }
    }

    /// One sentence about the data.
    pub fn description(self) -> &'static str {
        match self {
            Self::Promoter300 => "fruit-fly promoters, 300 bp, against genomic windows",
            Self::PromoterCore => "fruit-fly core promoters, 70 bp",
            Self::PromoterTata => "fruit-fly promoters with a TATA box, 300 bp",
            Self::PromoterUci => "E. coli promoters, 57 bp (UCI)",
            Self::Tap73Alpha => "binding sites of TAp73-alpha in human cells, 101 bp",
            Self::Ctcf => "binding sites of CTCF in human cells, 101 bp",
            Self::SpliceFly => "fruit-fly splice sites, 200 bp, against GT and AG decoys",
            Self::SpliceUci => "primate splice sites, 60 bp (UCI)",
        }
    }

    /// The data of the task.
    pub fn task(self, datasets: &Datasets) -> BoxedTask {
        let folder = datasets.folder();
        let promoter = |set| -> BoxedTask { Box::new(PromoterTask::new(folder, set)) };
        match self {
            Self::Promoter300 => promoter(PromoterSet::Fly300),
            Self::PromoterCore => promoter(PromoterSet::FlyCore),
            Self::PromoterTata => promoter(PromoterSet::FlyTata),
            Self::PromoterUci => promoter(PromoterSet::Uci),
            Self::Tap73Alpha => Box::new(BindingTask::new(folder, BindingSet::Tap73Alpha)),
            Self::Ctcf => Box::new(BindingTask::new(folder, BindingSet::CtcfGm12878)),
            Self::SpliceFly => Box::new(SpliceTask::new(folder, SpliceSet::Fly)),
            Self::SpliceUci => Box::new(SpliceTask::new(folder, SpliceSet::Uci)),
        }
    }

    /// Test splits of other data sets, on which the trained model is also evaluated. A model that
    /// has seen no human sites is tested on human sites: how much is the same in all animals? (The
    /// primates of UCI include humans: 236 of the human rows share a 20-mer with them.)
    pub fn other_tasks(self, datasets: &Datasets) -> Vec<BoxedTask> {
        match self {
            Self::SpliceFly => {
                vec![Box::new(SpliceTask::new(datasets.folder(), SpliceSet::Human))]
            }
            _ => Vec::new(),
        }
    }

    /// The name in `datasets/models` of the shipped model that was trained on it, if there is one.
    pub fn shipped_model(self) -> Option<&'static str> {
        match self {
            Self::Promoter300 => Some("promoter-fly"),
            Self::Tap73Alpha => Some("tap73alpha-convolutional"),
            Self::Ctcf => Some("ctcf-gm12878-convolutional"),
            Self::SpliceFly => Some("splice-fly"),
            Self::PromoterCore | Self::PromoterTata | Self::PromoterUci | Self::SpliceUci => None,
        }
    }

    /// The default training settings of the task.
    pub fn defaults(self) -> TaskDefaults {
        let defaults = |fresh_epochs, epochs, recipe| TaskDefaults {
            fresh_epochs,
            epochs,
            recipe,
            both_strands: matches!(self, Self::Tap73Alpha | Self::Ctcf),
            is_in_corpus: matches!(
                self,
                Self::Promoter300 | Self::PromoterCore | Self::PromoterTata | Self::SpliceFly
            ),
        };
        match self {
            Self::Promoter300 => defaults(6, 6, Recipe::PlacedKmers),
            Self::PromoterCore => defaults(6, 4, Recipe::Content),
            // A few dozen sequences give few steps per epoch, so small sets need more epochs.
            Self::PromoterTata => defaults(30, 20, Recipe::Order),
            Self::PromoterUci => defaults(60, 20, Recipe::Content),
            // The long motif of CTCF is learned without help. The motifs of the p53 family are
            // among the known motifs.
            Self::Tap73Alpha => defaults(20, 8, Recipe::KnownMotifs),
            Self::Ctcf => defaults(20, 10, Recipe::Motifs),
            Self::SpliceFly => defaults(8, 8, Recipe::Order),
            Self::SpliceUci => defaults(8, 8, Recipe::Transfer),
        }
    }

    /// The experiment whose result is published, on one core.
    ///
    /// # Errors
    ///
    /// [`NoDatasets`] where the shipped models are not found.
    pub fn experiment(self) -> Result<Experiment, NoDatasets> {
        Ok(self.defaults().experiment(&Datasets::find()?))
    }

    /// Trains with the published settings on all cores and evaluates on the test splits.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run(
        self,
        datasets: &Datasets,
        seed: u64,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let experiment = self.defaults().experiment(datasets).with_seed(seed).on_all_cores();
        let mut outcome = experiment.run_observed(&self.task(datasets), device, observer)?;
        for other in self.other_tasks(datasets) {
            outcome.also_evaluate(&other)?;
        }
        Ok(outcome)
    }
}

impl std::fmt::Display for Benchmark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Benchmark {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|benchmark| benchmark.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown benchmark {name:?}: choose one of {names}")
        })
    }
}
