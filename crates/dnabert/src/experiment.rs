//! A task from its data to a judged, saved model: what every task example runs.

mod metrics;
mod write;

use std::path::PathBuf;

use burn::tensor::Device;
use dnabert_core::{Encoding, Example, Split, Task, Tokenizer, derive_seed};
use dnabert_kmer::{AmbiguityPolicy, KmerTokenizer, LengthPolicy, VocabularyError};
use dnabert_model::{
    Adaptation, Bert, BertConfig, Checkpoint, CheckpointError, MaskMode, NewHead, Pooling,
    ProblemType, SequenceClassifier, adapt,
};
use dnabert_train::{
    EncodeError, EncodedExample, FineTuneConfig, Observer, TrainError, encode_examples, fine_tune,
    shuffle_tokens,
};
use serde::Serialize;

pub use self::metrics::{LostTokens, Metrics, OtherTask, Settings};
use crate::comparison::Learned;
use crate::figure::FigureError;
use crate::fingerprint::hash;
use crate::floor::{both, examples};
use crate::probe::with_regressed_head;
use crate::tokenizer::longest_row;
use crate::{AnyTokenizer, Judgement, ModelSize, Predictor, PredictorError, Scored, gc_auroc};

/// What to train on a task, and how.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Where the network starts.
    pub start: Start,
    /// What happens to k-mers with ambiguous letters.
    pub ambiguity: AmbiguityPolicy,
    /// Whether sequences longer than the model are cut at the right (counted and reported)
    /// instead of refused.
    pub truncate: bool,
    /// How the head begins.
    pub head: HeadStart,
    /// Whether the head also reads which tokens a row has
    /// ([`BertConfig::bag_of_tokens`]).
    pub bag_of_tokens: bool,
    /// Whether every training row is also read reversed and complemented, and probabilities are
    /// means over both strands: for sites that mean the same on both.
    pub both_strands: bool,
    /// Dropout of hidden states, if not as the network's config says.
    pub dropout: Option<f64>,
    /// What of it is trained.
    pub adaptation: Adaptation,
    /// How it is fine-tuned.
    pub fine_tune: FineTuneConfig,
}

/// How the classification head of an experiment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadStart {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
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

/// A trained model and what the splits say of it.
#[derive(Debug)]
pub struct Outcome {
    /// The model.
    pub predictor: Predictor,
    /// The network's config.
    pub config: BertConfig,
    /// Everything that goes to `metrics.json`.
    pub metrics: Metrics,
    /// Each test example.
    pub predictions: Vec<Prediction>,
    /// What the model says of the dev split.
    pub dev: Scored,
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
    /// A k-mer length that does not exist.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The model folder to start from, or to write.
    #[error(transparent)]
    Model(#[from] PredictorError),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
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

/// What training begins with.
struct Beginning {
    tokenizer: AnyTokenizer,
    model: SequenceClassifier<Bert>,
    config: BertConfig,
    new_parts: Vec<&'static str>,
}

impl Experiment {
    /// Trains on `task` and judges the chosen model on the test split, once.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run<T: Task>(
        &self,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let splits = [Split::Train, Split::Dev, Split::Test];
        let [train, dev, test] = splits.map(|split| examples(task, split));
        let (train, dev, test) = (train?, dev?, test?);
        let seed = self.fine_tune.seed;
        let labels: Vec<&str> = task.classes().iter().map(String::as_str).collect();

        let Beginning { tokenizer, model, config, mut new_parts } = self.start(&labels, device)?;
        let encode = |examples: &[Example]| strands(&tokenizer, examples, self.both_strands);
        let (train_rows, dev_rows, test_rows) = (encode(&train)?, encode(&dev)?, encode(&test)?);
        let of_one_strand =
            [&train_rows[..train.len()], &dev_rows[..dev.len()], &test_rows[..test.len()]];
        let lost_tokens = lost(of_one_strand);
        let data_sha256 = hash([&train, &dev, &test]);
        let special = tokenizer.special_tokens();
        let mut fine_tune_config = self.fine_tune.clone();
        let model = match self.head {
            HeadStart::Random => model,
            HeadStart::Regression => {
                fine_tune_config.keep_start = true;
                new_parts.retain(|part| !["classifier", "bag_of_tokens"].contains(part));
                with_regressed_head(&model, &train_rows, &dev_rows, special, device)?
            }
        };
        let model = adapt(model, self.adaptation, derive_seed(seed, &[13]));
        let tuned = fine_tune(model, &train_rows, &dev_rows, special, &fine_tune_config, observer)?;
        let settings = Settings {
            k: tokenizer.k(),
            start: match &self.start {
                Start::Folder { path, .. } => path.display().to_string(),
                Start::Fresh { size, .. } => format!("fresh {}", size.name()),
                Start::Reset { path, .. } => format!("fresh in the shape of {}", path.display()),
            },
            new_parts,
            adaptation: self.adaptation,
            head: self.head,
            both_strands: self.both_strands,
            fine_tune: fine_tune_config,
            model: config.clone(),
        };

        let predictor = Predictor::new(&tuned.model, tokenizer, &config, device.clone());
        let dev = scored(&predictor, &dev_rows, &dev);
        let found = scored(&predictor, &test_rows, &test);
        let two_classes = task.classes().len() == 2;
        let metrics = Metrics {
            task: task.name().to_owned(),
            classes: task.classes().to_vec(),
            judgement: Judgement::new(&dev, &found, seed),
            gc_auroc: two_classes.then(|| gc_auroc(&train, &test)).flatten(),
            shuffled_auroc: shuffled_auroc(&predictor, &test_rows, &test, seed),
            best_epoch: tuned.best_epoch,
            history: tuned.history,
            collapsed: tuned.collapsed,
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
        Ok(Outcome { predictor, config, metrics, predictions, dev })
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
    ) -> Result<Learned, ExperimentError> {
        let outcome = self.run(task, device, observer)?;
        let [train_rows, ..] = outcome.metrics.examples;
        Ok(Learned { train_rows, test: outcome.test(), dev: outcome.dev })
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
        let rows = strands(self.predictor.tokenizer(), &test, both)?;
        let found = scored(&self.predictor, &rows, &test);
        let task = task.name().to_owned();
        self.metrics.others.push(OtherTask { task, test: found.report() });
        Ok(())
    }

    /// What the model says of the test split.
    pub fn test(&self) -> Scored {
        let rows = self.predictions.iter();
        let (labels, probabilities) =
            rows.map(|row| (row.label, row.probabilities.clone())).unzip();
        Scored { probabilities, labels }
    }
}

impl Experiment {
    /// The tokenizer, the network to train, and its config.
    fn start(&self, labels: &[&str], device: &Device) -> Result<Beginning, ExperimentError> {
        let seed = derive_seed(self.fine_tune.seed, &[10]);
        let change = |config: BertConfig| BertConfig {
            bag_of_tokens: self.bag_of_tokens,
            hidden_dropout_prob: self.dropout.unwrap_or(config.hidden_dropout_prob),
            ..config
        };
        let (tokenizer, model, config, new_parts) = match &self.start {
            Start::Fresh { size, k } => {
                let tokenizer = KmerTokenizer::new(*k)?;
                let config = change(size.config(tokenizer.vocab_size())).with_labels(labels);
                config.validate().map_err(CheckpointError::from)?;
                let model = config.sequence_classifier(seed, device);
                (tokenizer.into(), model, config, vec!["all"])
            }
            Start::Reset { path, pooling } => {
                let config =
                    BertConfig::read(path.join("config.json")).map_err(CheckpointError::from)?;
                let pooling = pooling.unwrap_or(config.pooling);
                let problem_type = Some(ProblemType::SingleLabelClassification);
                let config = BertConfig { pooling, problem_type, ..config };
                let config = change(config).with_labels(labels);
                config.validate().map_err(CheckpointError::from)?;
                let tokenizer = AnyTokenizer::open(path, &config)?;
                let model = config.sequence_classifier(seed, device);
                (tokenizer, model, config, vec!["all"])
            }
            Start::Folder { path, pooling, mask_mode, padded_length } => {
                let mut checkpoint = Checkpoint::open(path)?;
                let config = checkpoint.config_mut();
                config.pooling = pooling.unwrap_or(config.pooling);
                config.mask_mode = mask_mode.unwrap_or(config.mask_mode);
                config.padded_length = padded_length.or(config.padded_length);
                *config = change(config.clone());
                let tokenizer = AnyTokenizer::open(path, config)?;
                let head = NewHead {
                    labels,
                    problem: ProblemType::SingleLabelClassification,
                    pooling: checkpoint.config().pooling,
                    new_pooler: !checkpoint.has_pooler(),
                    seed,
                };
                let (model, config) = checkpoint.with_new_head(&head, device)?;
                let new_pooler = head.new_pooler && head.pooling == Pooling::Cls;
                let mut new_parts = vec!["classifier"];
                new_parts.extend(self.bag_of_tokens.then_some("bag_of_tokens"));
                new_parts.extend(new_pooler.then_some("pooler"));
                (tokenizer, model, config, new_parts)
            }
        };
        let maximum = longest_row(&config);
        let policy = if self.truncate { LengthPolicy::Truncate } else { LengthPolicy::Reject };
        let tokenizer = tokenizer.with_ambiguity(self.ambiguity).with_length(policy(maximum));
        Ok(Beginning { tokenizer, model, config, new_parts })
    }
}

fn lost(splits: [&[EncodedExample]; 3]) -> LostTokens {
    splits.into_iter().flatten().fold(LostTokens::default(), |lost, row| {
        let report = row.encoding.report;
        LostTokens {
            unknown: lost.unknown + report.unknown_tokens,
            skipped: lost.skipped + report.skipped_tokens,
            truncated: lost.truncated + report.truncated_tokens,
        }
    })
}

/// The rows of the examples and, where both strands are read, those of the other strand behind them.
fn strands(
    tokenizer: &AnyTokenizer,
    examples: &[Example],
    both_strands: bool,
) -> Result<Vec<EncodedExample>, EncodeError> {
    if both_strands {
        encode_examples(tokenizer, &both(examples))
    } else {
        encode_examples(tokenizer, examples)
    }
}

/// What the model says of the examples: means over the strands whose rows there are.
fn scored(predictor: &Predictor, rows: &[EncodedExample], examples: &[Example]) -> Scored {
    let labels = rows.iter().map(|row| row.label).collect();
    let rows: Vec<&Encoding> = rows.iter().map(|row| &row.encoding).collect();
    let scored = Scored { probabilities: predictor.predict_encoded(&rows), labels };
    if rows.len() == examples.len() { scored } else { scored.over_strands() }
}

fn shuffled_auroc(
    predictor: &Predictor,
    rows: &[EncodedExample],
    examples: &[Example],
    seed: u64,
) -> Option<f64> {
    let shuffled = |(index, row): (usize, &EncodedExample)| EncodedExample {
        encoding: shuffle_tokens(&row.encoding, derive_seed(seed, &[12, index as u64])),
        label: row.label,
    };
    let rows: Vec<EncodedExample> = rows.iter().enumerate().map(shuffled).collect();
    scored(predictor, &rows, examples).auroc()
}
