//! How a network is trained.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use dnabert::Ngrams as Counted;
use dnabert::kmer::AmbiguityPolicy;
use dnabert::model::{Adaptation, LowRank, MaskMode, Pooling};
use dnabert::train::{ClassWeights, EarlyStop, FineTuneConfig};
use dnabert::{
    Auto, Datasets, Experiment, HeadInit, ModelInit, ModelSize, NgramReader, Recipe, TaskDefaults,
    model_folder,
};

use super::{Strands, fraction, positive};
use crate::failure::{Outcome, usage};

/// Options of every training.
#[derive(Debug, Args)]
pub(crate) struct TrainingOptions {
    /// Seed of weights, order, dropout and resampling
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Epochs: passes over the training table [default: as the task needs, 3 with --model]
    #[arg(long)]
    pub(crate) epochs: Option<usize>,
    /// Pre-trained model: a folder, or a name on the Hugging Face Hub. With several, one network
    /// starts from each, and their predictions are averaged [default: shipped models that suit the
    /// recipe, unless --size or --k ask for random weights]
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["size", "k"])]
    model: Vec<String>,
    /// Settings for a kind of task: auto (looks at the data, trains several classifiers and joins
    /// them), or one network for order (splice sites), content (core promoters), placed-kmers
    /// (promoters), motifs (binding sites), known-motifs or transfer [default: as the task has it;
    /// auto for your own tables, or order with options of a network]
    #[arg(long)]
    recipe: Option<RecipeChoice>,
    /// Minutes for training with the recipe auto [default: 10]
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    budget: Option<f64>,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    steps: StepOptions,
}

/// The network and its head.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
#[command(next_help_heading = "Network and head")]
struct NetworkOptions {
    /// Start from random weights: tiny, mini, small, convolutional or base [default: mini with --k]
    #[arg(long)]
    size: Option<ModelSize>,
    /// K-mer length of a network from random weights, 1 to 8 [default: 5 with --size]
    #[arg(long)]
    k: Option<usize>,
    /// How hidden states are pooled: cls, mean, max or std [default: as recipe or model say]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Number of parts of each sequence that are pooled separately, so that the head knows the
    /// position of features [default: as the model says, or 1]
    #[arg(long)]
    parts: Option<NonZeroUsize>,
    /// How the head is initialised: random, or as logistic regression on the pooled states
    /// [default: as the recipe says, or random]
    #[arg(long, value_enum)]
    head: Option<Head>,
    /// What reads counts of k-mers: nothing, the head, or a regression that is combined with the
    /// network [default: as the recipe says, or none]
    #[arg(long, value_enum)]
    ngrams: Option<Ngrams>,
    /// Longest run of tokens that is counted: with 4-mers, 3 gives 4-, 5- and 6-mers
    #[arg(long, requires = "ngrams")]
    max_n: Option<NonZeroUsize>,
    /// Number of bins along a sequence; k-mers are counted in each bin separately
    #[arg(long, requires = "ngrams")]
    position_bins: Option<NonZeroUsize>,
    /// Strands that are read. With both, training rows are read on each strand, and predictions are
    /// means over both [default: as the task needs]
    #[arg(long, value_enum)]
    strands: Option<Strands>,
    /// Number of networks to train, each with its own seed; their probabilities are averaged
    /// [default: one for each model to start from]
    #[arg(long)]
    members: Option<NonZeroUsize>,
    /// How padding is masked: padding, or head for models fine-tuned with DNABERT's code after June
    /// 2021 [default: as the model says]
    #[arg(long, conflicts_with_all = ["size", "k"])]
    mask_mode: Option<MaskMode>,
    /// Tokens that every row is padded to, with special tokens; DNABERT's max_seq_length, needed
    /// with --mask-mode head
    #[arg(long, conflicts_with_all = ["size", "k"])]
    padded_length: Option<usize>,
    /// Replace k-mers with ambiguous letters by [UNK] instead of refusing them (counted in the
    /// report)
    #[arg(long)]
    unknown: bool,
    /// Cut sequences longer than the model instead of refusing them (counted in the report)
    #[arg(long)]
    truncate: bool,
}

/// The options of the optimizer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Optimization")]
struct StepOptions {
    /// Highest learning rate [default: 5e-5 with --model, 1e-3 from random weights, else as the
    /// recipe says]
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Sequences per batch
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Batches per optimizer step
    #[arg(long, default_value_t = 1)]
    accumulation: usize,
    /// What is trained: all weights, the head alone (probe), or low-rank adapters and the head
    #[arg(long, value_enum, default_value = "full")]
    adapt: Adapt,
    /// Rank of low-rank adapters
    #[arg(long, default_value_t = LowRank::default().rank, value_parser = positive)]
    rank: usize,
    /// Dropout of hidden states [default: as recipe or model say]
    #[arg(long, value_parser = fraction)]
    dropout: Option<f64>,
    /// Fraction of input tokens that are masked in training [default: 0 with --model, 0.2 from
    /// random weights, else as the recipe says]
    #[arg(long)]
    token_masking: Option<f64>,
    /// Weight classes in inverse proportion to their fraction of the training table
    #[arg(long)]
    balanced: bool,
    /// Stop after this many epochs without improvement
    #[arg(long)]
    patience: Option<usize>,
}

/// A recipe, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecipeChoice {
    /// Several classifiers, joined.
    Auto,
    /// One kind of network.
    One(Recipe),
}

impl FromStr for RecipeChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        name.parse().map(Self::One).map_err(|error: String| format!("{error}, auto"))
    }
}

/// Minutes for the recipe auto.
const MINUTES: f64 = 10.0;

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "a number of minutes is expected".to_owned())?;
    if minutes > 0.0 && minutes.is_finite() {
        Ok(minutes)
    } else {
        Err("it must be more than 0".to_owned())
    }
}

/// How the head is initialised, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Head {
    /// With random weights
    Random,
    /// As logistic regression on the pooled states
    Regression,
}

/// What reads counts of k-mers, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ngrams {
    /// Nothing
    None,
    /// The head
    Head,
    /// A regression that is combined with the network
    Beside,
}

/// Which weights are trained, by their names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Adapt {
    /// All weights
    Full,
    /// The head alone
    Probe,
    /// Low-rank adapters and the head
    LowRank,
}

impl StepOptions {
    /// Whether no option was given.
    fn is_usual(&self) -> bool {
        self.learning_rate.is_none()
            && (self.batch_size, self.accumulation) == (32, 1)
            && matches!(self.adapt, Adapt::Full)
            && self.dropout.is_none()
            && self.token_masking.is_none()
            && !self.balanced
            && self.patience.is_none()
    }
}

impl TrainingOptions {
    /// The recipe auto, if it was asked for or, with `is_usual`, if no option of a network was
    /// given.
    pub(crate) fn auto(&self, is_usual: bool, workers: usize) -> Outcome<Option<Auto>> {
        // These options apply to any classifier.
        let NetworkOptions { strands, unknown, truncate, .. } = self.network;
        let general = NetworkOptions { strands, unknown, truncate, ..NetworkOptions::default() };
        let is_plain = self.network == general
            && self.steps.is_usual()
            && self.epochs.is_none()
            && self.model.is_empty();
        match self.recipe {
            Some(RecipeChoice::Auto) if !is_plain => {
                return Err(usage(
                    "--recipe auto chooses networks and their training itself; leave out the other options of networks, \
                     or choose another recipe",
                ));
            }
            Some(RecipeChoice::Auto) => (),
            None if is_usual && is_plain => (),
            _ => return Ok(None),
        }
        Ok(Some(Auto {
            seed: self.seed,
            workers,
            both_strands: strands.map(|strands| strands == Strands::Both),
            ambiguity: self.ambiguity(),
            truncate,
            ..Auto::new(Duration::from_secs_f64(60.0 * self.budget.unwrap_or(MINUTES)))
        }))
    }

    /// What happens to k-mers with ambiguous letters.
    fn ambiguity(&self) -> AmbiguityPolicy {
        if self.network.unknown { AmbiguityPolicy::Unknown } else { AmbiguityPolicy::default() }
    }

    /// The recipe of one kind of network, if one was asked for.
    fn one_recipe(&self) -> Option<Recipe> {
        match self.recipe {
            Some(RecipeChoice::One(recipe)) => Some(recipe),
            Some(RecipeChoice::Auto) | None => None,
        }
    }

    /// The defaults of the task, or those of the requested recipe.
    pub(crate) fn defaults(&self, defaults: TaskDefaults) -> TaskDefaults {
        TaskDefaults { recipe: self.one_recipe().unwrap_or(defaults.recipe), ..defaults }
    }

    /// The defaults of the user's own tables.
    pub(crate) fn table_defaults(&self) -> TaskDefaults {
        TaskDefaults::from_recipe(self.one_recipe().unwrap_or(Recipe::Order))
    }

    /// The models to start from, as given on the command line.
    pub(crate) fn models(&self) -> &[String] {
        &self.model
    }

    /// Whether training starts from random weights.
    fn is_fresh(&self) -> bool {
        self.network.size.is_some() || self.network.k.is_some()
    }

    /// Whether training starts from shipped models.
    pub(crate) fn starts_from_shipped(&self) -> bool {
        self.model.is_empty() && !self.is_fresh()
    }

    /// The recipe to use, if any. Where a model or a size is given, its own defaults apply, unless
    /// a recipe is given, too.
    fn recipe(&self, defaults: TaskDefaults) -> Option<Recipe> {
        match self.network.head {
            _ if self.one_recipe().is_some() => self.one_recipe(),
            _ if !self.starts_from_shipped() => None,
            Some(Head::Regression) => Some(Recipe::Content),
            Some(Head::Random) if defaults.recipe == Recipe::Content => Some(Recipe::Order),
            _ => Some(defaults.recipe),
        }
    }

    /// The experiment that these options describe.
    pub(crate) fn experiment(
        &self,
        defaults: TaskDefaults,
        datasets: impl FnOnce() -> Outcome<Datasets>,
        workers: usize,
    ) -> Outcome<Experiment> {
        if self.recipe == Some(RecipeChoice::Auto) {
            return Err(usage("--recipe auto is for `train` and `benchmark`"));
        }
        if self.budget.is_some() {
            return Err(usage("--budget is for the recipe auto"));
        }
        let recipe = self.recipe(defaults);
        let NetworkOptions { size, k, mask_mode, padded_length, .. } = self.network;
        let mut experiment = if self.is_fresh() {
            defaults.fresh(size.unwrap_or(ModelSize::Mini), k.unwrap_or(5))
        } else {
            let mut starts = self.starts(defaults, datasets)?;
            for start in &mut starts {
                if let ModelInit::Folder { mask_mode: mode, padded_length: length, .. } = start {
                    (*mode, *length) = (mask_mode, padded_length);
                }
            }
            let mut experiment = Experiment::from_pretrained("");
            experiment.members = NonZeroUsize::MIN.saturating_add(starts.len() - 1);
            experiment.start = starts.remove(0);
            experiment.further_starts = starts;
            if self.starts_from_shipped() {
                experiment.fine_tune.epochs = defaults.epochs;
            }
            experiment
        };
        if let Some(recipe) = recipe {
            experiment = recipe.apply(experiment);
        }
        experiment.both_strands =
            self.network.strands.map_or(defaults.both_strands, |strands| strands == Strands::Both);
        self.change(&mut experiment, recipe, defaults)?;
        experiment.fine_tune.workers = workers;
        Ok(experiment)
    }

    /// The models to start from: those that are given, else the shipped ones, at most one for each
    /// network.
    fn starts(
        &self,
        defaults: TaskDefaults,
        datasets: impl FnOnce() -> Outcome<Datasets>,
    ) -> Outcome<Vec<ModelInit>> {
        let folders: Vec<PathBuf> = if self.model.is_empty() {
            let datasets = datasets()?;
            let members = self.network.members.map_or(usize::MAX, NonZeroUsize::get);
            let names = defaults.recipe.models().iter().take(members);
            names.map(|name| datasets.model(name)).collect()
        } else {
            self.model.iter().map(|model| model_folder(model)).collect::<Result<_, _>>()?
        };
        Ok(folders.into_iter().map(ModelInit::from_folder).collect())
    }

    /// Applies the options to the experiment.
    fn change(
        &self,
        experiment: &mut Experiment,
        recipe: Option<Recipe>,
        defaults: TaskDefaults,
    ) -> Outcome {
        let Self { network, steps, .. } = self;
        if let Some(pooling) = network.pooling {
            experiment.start.set_pooling(pooling);
            experiment.further_starts.iter_mut().for_each(|start| start.set_pooling(pooling));
        }
        if let Some(head) = network.head {
            experiment.head = match head {
                Head::Random => HeadInit::Random,
                Head::Regression => HeadInit::Regression,
            };
        }
        experiment.pooled_parts = network.parts;
        experiment.ngrams = self.counted(recipe, defaults.recipe);
        experiment.dropout = steps.dropout.or(experiment.dropout);
        experiment.adaptation = match steps.adapt {
            Adapt::Full => Adaptation::Full,
            Adapt::Probe => Adaptation::Probe,
            Adapt::LowRank => {
                let alpha = 2.0 * steps.rank as f64;
                Adaptation::LowRank(LowRank { rank: steps.rank, alpha })
            }
        };
        experiment.ambiguity = self.ambiguity();
        experiment.truncate = network.truncate;
        if let Some(members) = network.members {
            if members.get() <= experiment.further_starts.len() {
                return Err(usage("--members: fewer than there are models to start from"));
            }
            experiment.members = members;
        }
        let tune = &mut experiment.fine_tune;
        tune.seed = self.seed;
        tune.epochs = self.epochs.unwrap_or(tune.epochs);
        tune.learning_rate = steps.learning_rate.unwrap_or(tune.learning_rate);
        tune.token_masking = steps.token_masking.unwrap_or(tune.token_masking);
        tune.batch_size = steps.batch_size;
        tune.accumulation = steps.accumulation;
        if steps.balanced {
            tune.class_weights = ClassWeights::Balanced;
        }
        tune.early_stop = steps.patience.map_or(EarlyStop::Never, EarlyStop::Patience);
        Ok(())
    }

    /// As `experiment`, with settings that suit random weights.
    pub(crate) fn with_random_weights(
        &self,
        experiment: &Experiment,
        defaults: TaskDefaults,
    ) -> Experiment {
        Experiment {
            further_starts: Vec::new(),
            head: HeadInit::Random,
            // The regression needs no pre-training, so it is also used with random weights.
            ngrams: experiment.ngrams.filter(|ngrams| ngrams.read == NgramReader::Regression),
            dropout: None,
            fine_tune: FineTuneConfig {
                epochs: self.epochs.unwrap_or(defaults.fresh_epochs),
                learning_rate: 1e-3,
                token_masking: 0.2,
                ..experiment.fine_tune.clone()
            },
            ..experiment.clone()
        }
    }

    /// What reads counts of k-mers. `recipe` decides where a shipped model is fine-tuned, else
    /// `usual`.
    fn counted(&self, recipe: Option<Recipe>, usual: Recipe) -> Option<Counted> {
        let usual = match self.network.ngrams {
            None => recipe.and_then(Recipe::ngrams)?,
            Some(Ngrams::None) => return None,
            Some(Ngrams::Head) => Counted::PLAIN,
            Some(Ngrams::Beside) => usual
                .ngrams()
                .filter(|ngrams| ngrams.read == NgramReader::Regression)
                .unwrap_or(Counted::BESIDE),
        };
        Some(Counted {
            max_n: self.network.max_n.unwrap_or(usual.max_n),
            position_bins: self.network.position_bins.unwrap_or(usual.position_bins),
            ..usual
        })
    }
}
