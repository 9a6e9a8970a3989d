//! Options and output that every task example shares.

#[path = "compare.rs"]
mod compare;
#[path = "identity.rs"]
mod identity;
#[path = "recipe.rs"]
mod recipe;
#[path = "shipped.rs"]
mod shipped;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use compare::{CompareOptions, Contest};
use dnabert::backend::describe;
use dnabert::core::Task;
use dnabert::kmer::AmbiguityPolicy;
use dnabert::model::{Adaptation, LowRank, MaskMode, Pooling};
use dnabert::train::{AdamWSettings, ClassWeights, EarlyStop, FineTuneConfig, ProgressBar};
use dnabert::{
    Backend, BagOfTokens, BagReader, Experiment, HeadStart, ModelFolderError, ModelSize, Start,
    device, model_folder,
};
#[allow(unused_imports, reason = "of those who keep runs in a file")]
pub(crate) use identity::settings;
pub(crate) use recipe::Recipe;

/// What is usual for a task: passes over its training table, and how the shipped model learns it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    /// Passes of a fresh model.
    pub(crate) fresh_epochs: usize,
    /// Passes of the shipped model.
    pub(crate) epochs: usize,
    /// How the shipped model learns.
    pub(crate) recipe: Recipe,
    /// The strands that a site may be on.
    pub(crate) strands: Strands,
    /// Whether the shipped model was pre-trained on sequence that holds its training rows.
    pub(crate) is_in_corpus: bool,
}

/// Strands that are read of every sequence, as the command line calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strands {
    /// As it stands
    One,
    /// And reversed and complemented
    Both,
}

/// Options of every task example.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Training table (TSV or CSV, plain or .gz: sequence, label); needs --dev and --test
    #[arg(long, requires_all = ["dev", "test"])]
    pub(crate) train: Option<PathBuf>,
    /// Table that chooses the epoch
    #[arg(long, requires = "train")]
    pub(crate) dev: Option<PathBuf>,
    /// Table that is judged once, at the end
    #[arg(long, requires = "train")]
    pub(crate) test: Option<PathBuf>,
    /// The project's datasets folder
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets"), hide_default_value = true)]
    pub(crate) datasets: PathBuf,
    /// Pre-trained model: a folder in the Hugging Face layout, or a name on its Hub; of several, each is what a network of
    /// its own starts from, and they answer together [default: a shipped
    /// one, convolutional-4 for binding sites (and convolutional-4-motifs for TAp73-alpha's), splice-fly-60 for primate splice
    /// sites and else small-4, unless --size or --k ask for a fresh one]
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["size", "k"])]
    pub(crate) model: Vec<String>,
    /// How hidden states are pooled: cls, mean, max or std [default: as the model says; of the shipped
    /// one mean, max for binding sites, and std under a fitted head]
    #[arg(long)]
    pub(crate) pooling: Option<Pooling>,
    /// How padding is masked: padding, or head for models fine-tuned with DNABERT's code after
    /// June 2021 [default: as the model says]
    #[arg(long, conflicts_with_all = ["size", "k"])]
    pub(crate) mask_mode: Option<MaskMode>,
    /// Tokens that every row is padded to, special tokens included; DNABERT's max_seq_length,
    /// needed with --mask-mode head
    #[arg(long, conflicts_with_all = ["size", "k"])]
    pub(crate) padded_length: Option<usize>,
    /// How the head begins: at random, or as logistic regression on the pooled states [default: at
    /// random; of the shipped model, as the task has it]
    #[arg(long, value_enum)]
    pub(crate) head: Option<Head>,
    /// Dropout of hidden states [default: as the model says; 0 where the shipped one gets a fitted head]
    #[arg(long, value_parser = share)]
    pub(crate) dropout: Option<f64>,
    /// Parts of each sequence that are pooled by themselves (by mean, max or std), so that the head knows
    /// what stands where [default: as the model says, or 1]
    #[arg(long)]
    pub(crate) parts: Option<NonZeroUsize>,
    /// Let the classifier also read which k-mers a sequence has: in its head, in a logistic regression of its own
    /// beside the network, or not [default: no; of the shipped model, as the task has it or a fitted head needs]
    #[arg(long, value_enum)]
    pub(crate) bag_of_tokens: Option<Bag>,
    /// Longest run of tokens that such a bag counts: 3 makes 4-, 5- and 6-mers of 4-mers [default: 1; 3 beside a
    /// network, but 1 with splice --data uci]
    #[arg(long, requires = "bag_of_tokens")]
    pub(crate) bag_longest_run: Option<NonZeroUsize>,
    /// Places along a sequence that it counts for, each by itself, so that it matters where a k-mer stands [default: 1; 7
    /// beside a network, but 20 with splice --data uci]
    #[arg(long, requires = "bag_of_tokens")]
    pub(crate) bag_places: Option<NonZeroUsize>,
    /// Strands that are read of every sequence: one as it stands, or both, in training as rows of their
    /// own and in the answer as the mean [default: as the task needs]
    #[arg(long, value_enum)]
    pub(crate) strands: Option<Strands>,
    /// What is trained: all weights, the head alone (probe), or low-rank adapters and the head
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) adapt: Adapt,
    /// Rank of low-rank adapters
    #[arg(long, default_value_t = LowRank::default().rank, value_parser = positive)]
    pub(crate) rank: usize,
    /// Size of a fresh model: tiny, mini, small, convolutional or base [default: mini]
    #[arg(long)]
    pub(crate) size: Option<ModelSize>,
    /// K-mer length of a fresh model, 1 to 8 [default: 5]
    #[arg(long)]
    pub(crate) k: Option<usize>,
    /// Passes over the training table [default: as the set needs, 3 with --model]
    #[arg(long)]
    pub(crate) epochs: Option<usize>,
    /// Highest learning rate [default: 5e-5 with --model, 1e-3 of a
    /// fresh one, 2e-4 or 5e-4 of the shipped one]
    #[arg(long)]
    pub(crate) learning_rate: Option<f64>,
    /// Sequences per batch
    #[arg(long, default_value_t = 32)]
    pub(crate) batch_size: usize,
    /// Batches per optimizer step
    #[arg(long, default_value_t = 1)]
    pub(crate) accumulation: usize,
    /// Share of input tokens hidden while training [default: 0.2, or 0.1 under a head over maxima; 0
    /// with --model, and where the shipped one gets a fitted head]
    #[arg(long)]
    pub(crate) token_masking: Option<f64>,
    /// Weigh classes in inverse proportion to their share of the training table
    #[arg(long)]
    pub(crate) balanced: bool,
    /// Stop after this many epochs without a better one
    #[arg(long)]
    pub(crate) patience: Option<usize>,
    /// Make k-mers with ambiguous letters [UNK] instead of refusing them (counted in the report)
    #[arg(long)]
    pub(crate) unknown: bool,
    /// Cut sequences longer than the model instead of refusing them (counted in the report)
    #[arg(long)]
    pub(crate) truncate: bool,
    /// Seed of weights, order, dropout and resampling
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Networks to train, each from a seed of its own; they answer together, with the mean of their
    /// probabilities, and take that many times as long [default: one for each model to start from]
    #[arg(long)]
    pub(crate) members: Option<NonZeroUsize>,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    pub(crate) device: Option<Backend>,
    /// Folder for metrics.json, predictions.tsv and model/ (further members: model-2/ and so on)
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) compare: CompareOptions,
}

/// How the head begins, as the command line calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Head {
    /// At random
    Random,
    /// As logistic regression on the pooled states
    Regression,
}

/// What reads a bag of tokens, as the command line calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bag {
    /// Nothing
    None,
    /// The head
    Head,
    /// A regression beside the network
    Beside,
}

/// What is trained, as the command line calls it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Adapt {
    /// Every weight
    Full,
    /// The head alone
    Probe,
    /// Low-rank adapters and the head
    LowRank,
}

impl Options {
    /// The experiment that these options describe.
    pub(crate) fn experiment(
        &self,
        usual: Usual,
        workers: usize,
    ) -> Result<Experiment, ModelFolderError> {
        let fresh = self.size.is_some() || self.k.is_some();
        let recipe = match self.head {
            _ if fresh || !self.model.is_empty() => None,
            Some(Head::Regression) => Some(Recipe::Counts),
            Some(Head::Random) if usual.recipe == Recipe::Counts => Some(Recipe::Order),
            _ => Some(usual.recipe),
        };
        let (epochs, learning_rate, token_masking) = match recipe {
            Some(recipe) => (usual.epochs, recipe.learning_rate(), recipe.token_masking()),
            None if fresh => (usual.fresh_epochs, 1e-3, 0.2),
            None => (3, 5e-5, 0.0),
        };
        let folder = |model: &str| {
            Ok(Start::Folder {
                path: model_folder(model)?,
                pooling: self.pooling.or(recipe.map(Recipe::pooling)),
                mask_mode: self.mask_mode,
                padded_length: self.padded_length,
            })
        };
        let (start, further_starts) = if fresh {
            let size = self.size.unwrap_or(ModelSize::Mini);
            let k = self.k.unwrap_or(5);
            (Start::Fresh { size, k, pooling: self.pooling }, Vec::new())
        } else {
            let mut models: Vec<&str> = self.model.iter().map(String::as_str).collect();
            if models.is_empty() {
                let members = self.members.map_or(usize::MAX, NonZeroUsize::get);
                models.extend(usual.recipe.models().iter().take(members));
            }
            let further: Result<_, ModelFolderError> =
                models.split_off(1).into_iter().map(folder).collect();
            (folder(models[0])?, further?)
        };
        let starts = NonZeroUsize::MIN.saturating_add(further_starts.len());
        let counts = recipe == Some(Recipe::Counts);
        let adaptation = match self.adapt {
            Adapt::Full => Adaptation::Full,
            Adapt::Probe => Adaptation::Probe,
            Adapt::LowRank => {
                let alpha = 2.0 * self.rank as f64;
                Adaptation::LowRank(LowRank { rank: self.rank, alpha })
            }
        };
        Ok(Experiment {
            start,
            further_starts,
            head: match self.head {
                Some(Head::Regression) => HeadStart::Regression,
                None if counts => HeadStart::Regression,
                _ => HeadStart::Random,
            },
            pooled_parts: self.parts,
            bag_of_tokens: self.bag(recipe, usual.recipe),
            both_strands: self.strands.unwrap_or(usual.strands) == Strands::Both,
            dropout: self.dropout.or(recipe.and_then(Recipe::dropout)),
            adaptation,
            ambiguity: if self.unknown {
                AmbiguityPolicy::Unknown
            } else {
                AmbiguityPolicy::Reject
            },
            truncate: self.truncate,
            fine_tune: FineTuneConfig {
                epochs: self.epochs.unwrap_or(epochs),
                batch_size: self.batch_size,
                accumulation: self.accumulation,
                learning_rate: self.learning_rate.unwrap_or(learning_rate),
                adamw: AdamWSettings::default(),
                token_masking: self.token_masking.unwrap_or(token_masking),
                class_weights: if self.balanced {
                    ClassWeights::Balanced
                } else {
                    ClassWeights::Equal
                },
                workers,
                early_stop: self.patience.map_or(EarlyStop::Never, EarlyStop::Patience),
                seed: self.seed,
                ..FineTuneConfig::default()
            },
            members: self.members.unwrap_or(starts),
        })
    }

    /// The bag of tokens that these options describe, where a shipped model is fine-tuned by `recipe`, and any by `usual`.
    fn bag(&self, recipe: Option<Recipe>, usual: Recipe) -> Option<BagOfTokens> {
        let usual = match self.bag_of_tokens {
            None => recipe.and_then(Recipe::bag_of_tokens)?,
            Some(Bag::None) => return None,
            Some(Bag::Head) => BagOfTokens::PLAIN,
            Some(Bag::Beside) => usual
                .bag_of_tokens()
                .filter(|bag| bag.read == BagReader::Regression)
                .unwrap_or(BagOfTokens::BESIDE),
        };
        Some(BagOfTokens {
            longest_run: self.bag_longest_run.unwrap_or(usual.longest_run),
            places: self.bag_places.unwrap_or(usual.places),
            ..usual
        })
    }

    /// As `experiment`, in the way that suits random weights.
    fn fresh(&self, experiment: &Experiment, usual: Usual) -> Experiment {
        Experiment {
            further_starts: Vec::new(),
            head: HeadStart::Random,
            // The part that needs no pre-training is there with random weights, too.
            bag_of_tokens: experiment.bag_of_tokens.filter(|bag| bag.read == BagReader::Regression),
            dropout: None,
            fine_tune: FineTuneConfig {
                epochs: self.epochs.unwrap_or(usual.fresh_epochs),
                learning_rate: 1e-3,
                token_masking: 0.2,
                ..experiment.fine_tune.clone()
            },
            ..experiment.clone()
        }
    }

    /// Whether the shipped model is what training starts from.
    pub(crate) fn starts_from_shipped(&self) -> bool {
        self.model.is_empty() && self.size.is_none() && self.k.is_none()
    }

    /// The user's three tables, where given.
    pub(crate) fn tables(&self) -> Option<[PathBuf; 3]> {
        Some([self.train.clone()?, self.dev.clone()?, self.test.clone()?])
    }

    /// Trains on `task` (as is `usual` there unless told otherwise), prints the result and writes it
    /// to `--out`, by default `runs/<task>`; the model is judged on the test splits of `others`, too.
    pub(crate) fn run<T: Task>(
        &self,
        task: &T,
        usual: Usual,
        others: &[T],
    ) -> Result<(), Box<dyn Error>> {
        let backend = self.device.unwrap_or_else(Backend::first);
        let device = device(Some(backend))?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(task.name()));
        eprintln!("training on {}", describe(&device));
        let experiment = self.experiment(usual, backend.workers())?;
        if experiment.members.get() <= experiment.further_starts.len() {
            return Err("--members: fewer than there are models to start from".into());
        }
        if self.compare.deals_folds() && usual.is_in_corpus && self.starts_from_shipped() {
            let why = "the shipped model was pre-trained on the sequence of this set's training rows, \
                       which folds would judge: ask for random weights (--size, --k) or another \
                       --model";
            return Err(why.into());
        }
        if self.compare.is_asked_for() {
            for other in others {
                eprintln!("{} is judged in single runs only", other.name());
            }
            let contest = Contest {
                experiment: &experiment,
                fresh: &self.fresh(&experiment, usual),
                workers: backend.workers(),
                device: &device,
            };
            return self.compare.run(task, &contest, &out);
        }
        let mut outcome = experiment.run(task, &device, &mut ProgressBar::default())?;
        others.iter().try_for_each(|other| outcome.also_judge(other))?;
        println!("{}", outcome.metrics);
        outcome.write(&out)?;
        let models = match experiment.members.get() {
            1 => "model/".to_owned(),
            2 => "model/, model-2/".to_owned(),
            members => format!("model/, model-2/ … model-{members}/"),
        };
        println!("wrote metrics.json, predictions.tsv, figures and {models} to {}", out.display());
        Ok(())
    }
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be 1 or more".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..1.0).contains(share))
        .ok_or_else(|| "must be in [0, 1)".to_owned())
}
