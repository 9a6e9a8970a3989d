//! An experiment: from the data of a task to an evaluated, saved model.

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
    /// Number of parts of a row that are pooled separately ([`BertConfig::pooled_parts`]), if not
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

/// A trained model and its predictions and metrics.
#[derive(Debug)]
pub struct Outcome {
    /// The models: as many as the experiment has members. Their predictions are averaged.
    pub models: Ensemble,
    /// The networks' config.
    pub config: BertConfig,
    /// The content of `metrics.json`.
    pub metrics: Metrics,
    /// The prediction of each test example.
    pub predictions: Vec<Prediction>,
    /// The predictions for the dev split.
    pub dev: Predictions,
}

/// One test example and its prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The example's name.
    pub name: String,
    /// Its class.
    pub label: usize,
    /// Class probabilities.
    pub probabilities: Vec<f64>,
}

/// Why an experiment failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The data cannot be read.
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
    /// A trained model cannot read the sequences.
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
    /// A split has no examples.
    #[error("the {split} split of {task} is empty")]
    Empty {
        /// The task.
        task: String,
        /// The split.
        split: Split,
    },
    /// An example cannot be tokenized.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// K-mers cannot be counted: the tokens are byte pairs, or there would be too many columns.
    #[error("{0:?} cannot be counted: k-mers are needed, and fewer of them")]
    Ngrams(Ngrams),
    /// The k-mer length is not valid.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The model folder cannot be read or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The members do not have the same shape or the same tokens. They cannot read the same rows,
    /// or be saved in one folder with one config.
    #[error("{start}: not of the shape, or not with the k-mers, of {first}")]
    UnlikeStarts {
        /// The start of a further member.
        start: String,
        /// The start of the first member.
        first: String,
    },
    /// A network cannot be trained.
    #[error("the network of seed {seed} cannot be trained")]
    Train {
        /// The seed of the network. An experiment may train several.
        seed: u64,
        /// The cause.
        #[source]
        source: TrainError,
    },
    /// A figure cannot be drawn.
    #[error("{}", path.display())]
    Figure {
        /// The file of the figure.
        path: PathBuf,
        /// The cause.
        #[source]
        source: FigureError,
    },
    /// A result cannot be written.
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

    /// As [`run_observed`](Self::run_observed), without progress.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run<T: Task>(&self, task: &T, device: &Device) -> Result<Outcome, ExperimentError> {
        self.run_observed(task, device, &mut ())
    }

    /// Trains on `task`, and evaluates the chosen model on the test split once.
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

    /// As [`run_observed`](Self::run_observed), with your own tokenizer in place of k-mers or that
    /// of a folder.
    ///
    /// Open the written model by [`Model::open_with_tokenizer`]. Counts of k-mers cannot be
    /// combined with it.
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

        let all = self.initialize_all(own, &labels, device)?;
        let (_, first) = &all[0];
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
        for (number, (seed, initialized)) in all.into_iter().enumerate() {
            observer.network(number + 1, self.members.get());
            let start = self.start_of(number).name();
            let (member, training) =
                self.train(initialized, regression.as_ref(), rows, start, seed, device, observer)?;
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

    /// Trains one network on `[train, dev]`, and combines it with `regression`, if any.
    #[expect(clippy::too_many_arguments, reason = "what it is trained from, and by")]
    fn train(
        &self,
        initialized: InitializedModel,
        regression: Option<&NgramRegression<'_>>,
        rows: [&[EncodedExample]; 2],
        start: String,
        seed: u64,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<(AnyClassifier, Training), ExperimentError> {
        let InitializedModel { tokenizer, model, config, .. } = initialized;
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
        // A sum of scores is a sum of log probabilities.
        let members = vec![Member::from(network), Member::from(AnyClassifier::from(counts))];
        let ensemble = Ensemble::with_rule(members, Combination::LogProbabilities)
            .expect("two members with the same classes");
        let training =
            Training { start, seed, best_epoch, history, ngram_fraction: None, collapsed };
        Ok((ensemble.into(), training))
    }

    /// The features that `reader` reads, if any, and the k of the k-mers.
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

    /// The start of a member. The first member is 0.
    fn start_of(&self, member: usize) -> &ModelInit {
        let starts = 1 + self.further_starts.len();
        match (member % starts).checked_sub(1) {
            None => &self.start,
            Some(further) => &self.further_starts[further],
        }
    }

    /// The fine-tuning settings for `seed`. A fitted head competes with the trained epochs on the
    /// dev split.
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
    /// Evaluates the model on the test split of another task with the same classes, and adds the
    /// result to the metrics. An example is the same kind of site in another species.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for examples that cannot be read.
    ///
    /// # Panics
    ///
    /// If the classes are not the same.
    pub fn also_evaluate<T: Task>(&mut self, task: &T) -> Result<(), ExperimentError> {
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

    /// The predictions for the test split.
    pub fn test(&self) -> Predictions {
        let rows = self.predictions.iter();
        let (labels, probabilities) =
            rows.map(|row| (row.label, row.probabilities.clone())).unzip();
        Predictions { probabilities, labels }
    }
}
