//! A task from its data to an evaluated, saved model.

mod initialized;
mod metrics;
mod ngram_regression;
mod rows;
mod write;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use burn::tensor::Device;
use dnabert_core::{Example, Split, Task, Tokenizer, derive_seed};
use dnabert_kmer::{AmbiguityPolicy, VocabularyError};
use dnabert_model::{Adaptation, BertConfig, CheckpointError, MaskMode, Pooling, adapt};
use dnabert_train::{
    EncodeError, EncodedExample, FineTuneConfig, FineTuned, Observer, TrainError, fine_tune,
};
use serde::{Deserialize, Serialize};

use self::initialized::InitializedModel;
pub use self::metrics::{LostTokens, Metrics, OtherTask, Settings, Training};
use self::ngram_regression::NgramRegression;
use self::rows::{lost, scored, shuffled_auroc, strands};
use crate::baseline::examples;
use crate::comparison::MethodResult;
use crate::fingerprint::hash;
use crate::ngram_head::WithNgrams;
use crate::probe::fit_head;
use crate::{Evaluation, ModelSize, NgramReader, Ngrams, Predictions, Recipe, gc_auroc};
use dnabert_baseline::{Features, LinearClassifier, NgramFeatures};
use dnabert_figure::FigureError;
use dnabert_inference::{
    AnyClassifier, AnyTokenizer, Combination, Ensemble, Member, ModelError, Predictor,
    SequenceReader,
};

/// What to train on a task, and how.
///
/// ```
/// use dnabert_experiment::{Experiment, Recipe};
///
/// let experiment = Experiment::from_pretrained("datasets/models/small-4")
///     .with_recipe(Recipe::Order)
///     .with_epochs(8)
///     .with_seed(2);
/// // What a run writes beside its result can be read back to run it again.
/// let text = serde_json::to_string(&experiment)?;
/// let again: Experiment = serde_json::from_str(&text)?;
/// assert_eq!(again, experiment);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Where the network starts.
    pub start: ModelInit,
    /// Where further members start, in turn: with one of these the second member starts there, the third where the first
    /// does, and so on. All must have the shape and the tokens of the first. What networks of unlike starts get wrong is less
    /// alike than where they differ by their seeds alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further_starts: Vec<ModelInit>,
    /// What happens to k-mers with ambiguous letters.
    pub ambiguity: AmbiguityPolicy,
    /// Whether sequences longer than the model are cut at the right (counted and reported)
    /// instead of refused.
    pub truncate: bool,
    /// How the head begins.
    pub head: HeadInit,
    /// Parts of a row that are pooled by themselves ([`BertConfig::pooled_parts`]), if not as the network's config says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooled_parts: Option<NonZeroUsize>,
    /// Counts of k-mers that the classifier also reads, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngrams: Option<Ngrams>,
    /// Whether every training row is also read reversed and complemented, and probabilities are
    /// means over both strands: for sites that mean the same on both.
    pub both_strands: bool,
    /// Dropout of hidden states, if not as the network's config says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// What of it is trained.
    pub adaptation: Adaptation,
    /// How it is fine-tuned.
    pub fine_tune: FineTuneConfig,
    /// How many networks are trained, each from a seed of its own (the first from the given one): what they say is
    /// the mean of their probabilities, which scatters less and errs less than that of one
    /// (Hansen and Salamon 1990, doi 10.1109/34.58871).
    pub members: NonZeroUsize,
}

/// How the classification head of an experiment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadInit {
    /// At random.
    #[default]
    Random,
    /// As logistic regression on what the head reads of the training rows, its penalty chosen by
    /// the dev split's AUROC (Kumar et al. 2022, arXiv 2202.10054): with few training rows, the
    /// network is not bent towards a random head first. The dev split may choose this start over
    /// every epoch; without epochs, the encoder stays as it is. Class weights mean nothing to it.
    Regression,
}

/// Where the network starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelInit {
    /// From a folder in the Hugging Face layout, under a new classification head.
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
        /// How hidden states are pooled, if not as is usual for the size.
        pooling: Option<Pooling>,
    },
    /// From random weights, in the shape and with the tokenizer of a folder: what is left without
    /// its training.
    Reset {
        /// The folder.
        path: PathBuf,
        /// How hidden states are pooled, if not as the config says.
        pooling: Option<Pooling>,
    },
}

impl ModelInit {
    /// From a folder, everything else as its config says.
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

    /// As `metrics.json` tells of it.
    fn name(&self) -> String {
        match self {
            Self::Folder { path, .. } => crate::datasets::shown(path),
            Self::Fresh { size, .. } => format!("fresh {}", size.name()),
            Self::Reset { path, .. } => {
                format!("fresh in the shape of {}", crate::datasets::shown(path))
            }
        }
    }
}

/// A trained model and what the splits say of it.
#[derive(Debug)]
pub struct Outcome {
    /// The models, which answer together: as many as the experiment has members.
    pub models: Ensemble,
    /// The networks' config.
    pub config: BertConfig,
    /// Everything that goes to `metrics.json`.
    pub metrics: Metrics,
    /// Each test example.
    pub predictions: Vec<Prediction>,
    /// What the model says of the dev split.
    pub dev: Predictions,
}

/// One test example and what the model says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The example's name.
    pub name: String,
    /// Its class.
    pub label: usize,
    /// Class probabilities.
    pub probabilities: Vec<f64>,
}

/// Why an experiment ended without an outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The data.
    #[error("the {split} split of {task} cannot be read")]
    Data {
        /// The task.
        task: String,
        /// The split.
        split: Split,
        /// File and line.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Sequences that a trained model cannot read.
    #[error("the {split} split of {task} cannot be predicted")]
    Predict {
        /// The task.
        task: String,
        /// The split.
        split: Split,
        /// Which sequence, and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A split without examples.
    #[error("the {split} split of {task} is empty")]
    Empty {
        /// The task.
        task: String,
        /// The split.
        split: Split,
    },
    /// An example that cannot be tokenized.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Counts that cannot be made: of byte pairs, or of more columns than there may be.
    #[error("{0:?} cannot be counted: k-mers are needed, and fewer of them")]
    Ngrams(Ngrams),
    /// A k-mer length that does not exist.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The model folder to start from, or to write.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Members that cannot read the same rows, or stand in one folder under one config.
    #[error("{start}: not of the shape, or not with the k-mers, of {first}")]
    UnlikeStarts {
        /// Where a further member starts.
        start: String,
        /// Where the first one does.
        first: String,
    },
    /// The training of a network.
    #[error("the network of seed {seed} cannot be trained")]
    Train {
        /// The seed of the network, of which an experiment may have several.
        seed: u64,
        /// The cause.
        #[source]
        source: TrainError,
    },
    /// A figure that cannot be drawn.
    #[error("{}", path.display())]
    Figure {
        /// The file that it was for.
        path: PathBuf,
        /// The cause.
        #[source]
        source: FigureError,
    },
    /// A result that cannot be written.
    #[error("{}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl From<CheckpointError> for ExperimentError {
    fn from(error: CheckpointError) -> Self {
        Self::Model(error.into())
    }
}

impl Default for Experiment {
    /// As [`from_pretrained`](Self::from_pretrained), with no folder yet.
    fn default() -> Self {
        Self::from_pretrained("")
    }
}

impl Experiment {
    /// Fine-tunes the model of a folder under a new head: all weights, 3 epochs at BERT's usual
    /// rate, one network, one strand, on one core.
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

    /// The same experiment from another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.fine_tune.seed = seed;
        self
    }

    /// The same experiment with another number of passes over the training rows.
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

    /// The same experiment, learning from both strands and averaging over them, or not.
    #[must_use]
    pub fn with_both_strands(mut self, both_strands: bool) -> Self {
        self.both_strands = both_strands;
        self
    }

    /// The same experiment on all cores of the CPU. On a GPU leave it at one.
    #[must_use]
    pub fn on_all_cores(mut self) -> Self {
        self.fine_tune.workers = std::thread::available_parallelism().map_or(1, usize::from);
        self
    }

    /// As [`run_observed`](Self::run_observed), without progress.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run<T: Task>(&self, task: &T, device: &Device) -> Result<Outcome, ExperimentError> {
        self.run_observed(task, device, &mut ())
    }

    /// Trains on `task` and judges the chosen model on the test split, once.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run_observed<T: Task>(
        &self,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.run_on_tokens(None, task, device, observer)
    }

    /// As [`run_observed`](Self::run_observed), with a tokenizer of the program's own in place of
    /// k-mers or that of a folder.
    ///
    /// The model that is written is opened by [`Model::open_with_tokenizer`]. K-mers cannot be
    /// counted beside it.
    ///
    /// [`Model::open_with_tokenizer`]: dnabert_inference::Model::open_with_tokenizer
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run_with_tokenizer<T: Task>(
        &self,
        tokenizer: impl Tokenizer + 'static,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.run_on_tokens(Some(&AnyTokenizer::own(tokenizer)), task, device, observer)
    }

    fn run_on_tokens<T: Task>(
        &self,
        own: Option<&AnyTokenizer>,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let splits = [Split::Train, Split::Dev, Split::Test];
        let [train, dev, test] = splits.map(|split| examples(task, split));
        let (train, dev, test) = (train?, dev?, test?);
        let seed = self.fine_tune.seed;
        let labels: Vec<&str> = task.classes().iter().map(String::as_str).collect();

        let beginnings = self.beginnings(own, &labels, device)?;
        let (_, first) = &beginnings[0];
        let (config, mut new_parts) = (first.config.clone(), first.new_parts.clone());
        config.validate().map_err(CheckpointError::from)?;
        if self.head == HeadInit::Regression {
            new_parts.retain(|part| *part != "classifier");
        }
        let encode = |examples: &[Example]| strands(&first.tokenizer, examples, self.both_strands);
        let (train_rows, dev_rows, test_rows) = (encode(&train)?, encode(&dev)?, encode(&test)?);
        let of_one_strand =
            [&train_rows[..train.len()], &dev_rows[..dev.len()], &test_rows[..test.len()]];
        let lost_tokens = lost(of_one_strand);
        let data_sha256 = hash([&train, &dev, &test]);
        let k = first.tokenizer.k();
        let rows = [&train_rows[..], &dev_rows[..]];
        let regression = match self.counted(NgramReader::Regression, &first.tokenizer)? {
            Some((k, counted, features)) => {
                Some(NgramRegression::fit(k, counted, features, rows, &labels)?)
            }
            None => None,
        };
        let (mut members, mut trainings) = (Vec::new(), Vec::new());
        for (number, (seed, beginning)) in beginnings.into_iter().enumerate() {
            observer.network(number + 1, self.members.get());
            let start = self.start_of(number).name();
            let (member, training) =
                self.train(beginning, regression.as_ref(), rows, start, seed, device, observer)?;
            members.push(member);
            trainings.push(training);
        }
        let settings = Settings {
            k,
            start: self.start.name(),
            new_parts,
            adaptation: self.adaptation,
            head: self.head,
            ngrams: self.ngrams,
            both_strands: self.both_strands,
            fine_tune: self.tuning(seed),
            model: config.clone(),
        };

        let models = Ensemble::new(members).expect("a member, and all have the same labels");
        let models = models.with_both_strands(self.both_strands);
        let dev = scored(&models, &dev_rows, &dev);
        let found = scored(&models, &test_rows, &test);
        let two_classes = task.classes().len() == 2;
        let metrics = Metrics {
            schema: 2,
            task: task.name().to_owned(),
            classes: task.classes().to_vec(),
            evaluation: Evaluation::new(&dev, &found, seed),
            gc_auroc: two_classes.then(|| gc_auroc(&train, &test)).flatten(),
            shuffled_auroc: shuffled_auroc(&models, &test_rows, &test, seed),
            trainings,
            examples: [train.len(), dev.labels.len(), test.len()],
            lost_tokens,
            seed,
            config: settings,
            others: Vec::new(),
            data_sha256,
        };
        let predictions = test
            .into_iter()
            .zip(found.probabilities)
            .map(|(example, probabilities)| Prediction {
                name: example.name,
                label: example.label,
                probabilities,
            })
            .collect();
        Ok(Outcome { models, config, metrics, predictions, dev })
    }

    /// Trains one network on `[train, dev]`, beside which `regression` stands.
    #[expect(clippy::too_many_arguments, reason = "what it is trained from, and by")]
    fn train(
        &self,
        beginning: InitializedModel,
        regression: Option<&NgramRegression<'_>>,
        rows: [&[EncodedExample]; 2],
        start: String,
        seed: u64,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<(AnyClassifier, Training), ExperimentError> {
        let InitializedModel { tokenizer, model, config, .. } = beginning;
        let special = tokenizer.special_tokens();
        let failed = |source| ExperimentError::Train { seed, source };
        let counted = self.counted(NgramReader::Head, &tokenizer)?;
        let features = counted.map(|(_, _, features)| features);
        let fitted = match self.head {
            HeadInit::Random => None,
            HeadInit::Regression => {
                Some(fit_head(&model, features, rows, special, device).map_err(failed)?)
            }
        };
        let model = match &fitted {
            Some(head) => head.under(model),
            None => model,
        };
        let model = adapt(model, self.adaptation, derive_seed(seed, &[13]));
        let (tuning, [train, dev]) = (self.tuning(seed), rows);
        let reader = |tokenizer| SequenceReader::for_config(tokenizer, &config, device.clone());
        let Some((k, counted, features)) = counted else {
            let tuned = fine_tune(model, train, dev, special, &tuning, observer).map_err(failed)?;
            let FineTuned { model, best_epoch, history, collapsed, .. } = tuned;
            let network = Predictor::new(&model, reader(tokenizer), &config);
            let (classifier, ngram_fraction) = match regression {
                Some(regression) => {
                    let (classifier, fraction) = regression.beside(network, special);
                    (classifier, Some(fraction))
                }
                None => (network.into(), None),
            };
            let training = Training { start, seed, best_epoch, history, ngram_fraction, collapsed };
            return Ok((classifier, training));
        };
        let both = WithNgrams::new(model, features, device);
        let both = match &fitted {
            Some(head) => both.with_weights(head.count_weights()),
            None => both,
        };
        let tuned = fine_tune(both, train, dev, special, &tuning, observer).map_err(failed)?;
        let FineTuned { model, best_epoch, history, collapsed, .. } = tuned;
        let network = Predictor::new(&model.network, reader(tokenizer), &config);
        let counts = Features::Ngrams {
            k,
            max_n: counted.max_n.get(),
            position_bins: counted.position_bins.get(),
        };
        let zeros = vec![0.0; network.labels().len()];
        let counts =
            LinearClassifier::new(counts, network.labels().to_vec(), &model.weights(), &zeros)
                .map_err(ModelError::from)?;
        // Scores that are added are log probabilities that are added.
        let members = vec![Member::from(network), Member::from(AnyClassifier::from(counts))];
        let ensemble = Ensemble::with_rule(members, Combination::LogProbabilities)
            .expect("two members with the same classes");
        let training =
            Training { start, seed, best_epoch, history, ngram_fraction: None, collapsed };
        Ok((ensemble.into(), training))
    }

    /// What is counted for `reader`, if anything, and the k of the k-mers.
    fn counted(
        &self,
        reader: NgramReader,
        tokenizer: &AnyTokenizer,
    ) -> Result<Option<(usize, Ngrams, NgramFeatures)>, ExperimentError> {
        let Some(counted) = self.ngrams.filter(|ngrams| ngrams.read == reader) else {
            return Ok(None);
        };
        let features = tokenizer.k().and_then(|k| {
            let ids = tokenizer.vocab_size();
            let (max_n, bins) = (counted.max_n.get(), counted.position_bins.get());
            Some((k, counted, NgramFeatures::new(ids, max_n, bins)?))
        });
        features.map(Some).ok_or(ExperimentError::Ngrams(counted))
    }

    /// Where a member starts, the first being 0.
    fn start_of(&self, member: usize) -> &ModelInit {
        let starts = 1 + self.further_starts.len();
        match (member % starts).checked_sub(1) {
            None => &self.start,
            Some(further) => &self.further_starts[further],
        }
    }

    /// How a network is trained from `seed`; a fitted head competes with what training makes of it.
    fn tuning(&self, seed: u64) -> FineTuneConfig {
        let keep_start = self.fine_tune.keep_start || self.head == HeadInit::Regression;
        FineTuneConfig { keep_start, seed, ..self.fine_tune.clone() }
    }

    /// As [`run`](Self::run), for a comparison.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn learn<T: Task>(
        &self,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<MethodResult, ExperimentError> {
        let outcome = self.run_observed(task, device, observer)?;
        let [train_rows, ..] = outcome.metrics.examples;
        Ok(MethodResult { train_rows, test: outcome.test(), dev: outcome.dev })
    }
}

impl Outcome {
    /// Judges the model on the test split of another task with the same classes, such as the same sites
    /// in another species, and tells of it in the metrics.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for examples that cannot be read.
    ///
    /// # Panics
    ///
    /// If the classes are not the same.
    pub fn also_judge<T: Task>(&mut self, task: &T) -> Result<(), ExperimentError> {
        assert_eq!(task.classes(), self.metrics.classes, "the same classes");
        let test = examples(task, Split::Test)?;
        let both = self.metrics.config.both_strands;
        let network = self.models.members()[0].classifier.network().expect("a network is trained");
        let rows = strands(network.tokenizer(), &test, both)?;
        let found = scored(&self.models, &rows, &test);
        let task = task.name().to_owned();
        self.metrics.others.push(OtherTask { task, test: found.report() });
        Ok(())
    }

    /// What the model says of the test split.
    pub fn test(&self) -> Predictions {
        let rows = self.predictions.iter();
        let (labels, probabilities) =
            rows.map(|row| (row.label, row.probabilities.clone())).unzip();
        Predictions { probabilities, labels }
    }
}
