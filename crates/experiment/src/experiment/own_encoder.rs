//! An experiment with your own encoder in place of a BERT.

use burn::tensor::Device;
use dnabert_core::{Task, Tokenizer, derive_seed};
use dnabert_inference::{AnyClassifier, AnyTokenizer};
use dnabert_model::{Adaptation, BertConfig, Encoder, Pooling, SequenceClassifier};
use dnabert_train::Observer;

use super::initialized::InitializedModel;
use super::metrics::NetworkSettings;
use super::{Experiment, ExperimentError, Outcome};

/// Your own encoder with random weights, and its tokenizer.
///
/// `build` makes the encoder of a member from its seed, on a device. To repeat a run exactly, it
/// must draw all weights from that seed; [`initialize`](dnabert_model::initialize) does so.
///
/// ```
/// use dnabert_experiment::{Benchmark, Datasets, Experiment, ModelSize, OwnEncoder};
/// use dnabert_inference::{Device, device};
/// use dnabert_kmer::KmerTokenizer;
///
/// // The encoder here is a BERT; any type with the trait `Encoder` will do.
/// let config = ModelSize::Tiny.config(69);
/// let own = OwnEncoder::new(KmerTokenizer::new(3)?, |seed, device: &Device| config.init(seed, device));
/// let task = Benchmark::PromoterUci.task(&Datasets::find()?);
/// let experiment = Experiment::default().with_epochs(1);
/// let outcome = experiment.run_with_encoder(&own, &task, &device(None)?, &mut ())?;
/// assert_eq!(outcome.predictions.len(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OwnEncoder<B> {
    tokenizer: AnyTokenizer,
    build: B,
    pooling: Pooling,
    longest_row: usize,
}

impl<E: Encoder, B: Fn(u64, &Device) -> E> OwnEncoder<B> {
    /// An encoder whose [`pooled`](dnabert_model::EncoderOutput::pooled) output is classified, for
    /// rows of at most 512 tokens.
    pub fn new(tokenizer: impl Into<AnyTokenizer>, build: B) -> Self {
        Self { tokenizer: tokenizer.into(), build, pooling: Pooling::Cls, longest_row: 512 }
    }

    /// The same encoder with another pooling of its hidden states; [`Pooling::Cls`] means its
    /// pooled output.
    #[must_use]
    pub fn with_pooling(mut self, pooling: Pooling) -> Self {
        self.pooling = pooling;
        self
    }

    /// The same encoder for rows of at most so many tokens.
    #[must_use]
    pub fn with_longest_row(mut self, tokens: usize) -> Self {
        self.longest_row = tokens;
        self
    }
}

impl<B> std::fmt::Debug for OwnEncoder<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnEncoder")
            .field("tokenizer", &self.tokenizer)
            .field("pooling", &self.pooling)
            .field("longest_row", &self.longest_row)
            .finish_non_exhaustive()
    }
}

impl Experiment {
    /// As [`run_observed`](Self::run_observed), with your own encoder in place of a BERT; the start
    /// of the experiment is not read.
    ///
    /// Open a written network by [`Predictor::open_own`], and an ensemble of them by
    /// [`AnyClassifier::open_with_own`].
    ///
    /// [`Predictor::open_own`]: dnabert_inference::Predictor::open_own
    ///
    /// # Errors
    ///
    /// [`ExperimentError`], and [`ExperimentError::NoAdapters`] for
    /// [`Adaptation::LowRank`]; nothing is written.
    pub fn run_with_encoder<T, E, B>(
        &self,
        own: &OwnEncoder<B>,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError>
    where
        T: Task,
        E: Encoder + Sync + 'static,
        B: Fn(u64, &Device) -> E,
    {
        if matches!(self.adaptation, Adaptation::LowRank(_)) {
            return Err(ExperimentError::NoAdapters);
        }
        let labels: Vec<&str> = task.classes().iter().map(String::as_str).collect();
        let encoder = std::any::type_name::<E>();
        let all = (0..self.members.get()).map(|member| {
            let seed = self.seed_of(member);
            let weights_seed = derive_seed(seed, &[10]);
            let network = (own.build)(weights_seed, device);
            let hidden_size = network.hidden_size();
            let shape =
                BertConfig::for_encoder(own.tokenizer.vocab_size(), hidden_size, own.longest_row);
            let config = BertConfig {
                pooling: own.pooling,
                pooled_parts: self.pooled_parts.unwrap_or(shape.pooled_parts),
                hidden_dropout_prob: self.dropout.unwrap_or(shape.hidden_dropout_prob),
                ..shape
            };
            let config = config.with_labels(&labels);
            let model = SequenceClassifier::over(network, &config, device);
            let head_seed = derive_seed(weights_seed, &[1]);
            InitializedModel {
                tokenizer: self.with_policies(own.tokenizer.clone(), &config),
                model: model.with_random_head(config.initializer_range, head_seed),
                config,
                new_parts: vec!["all"],
                start: format!("own encoder {encoder}"),
                seed,
            }
        });
        let (pooling, longest_row) = (own.pooling, own.longest_row);
        let network = NetworkSettings::Own { encoder, pooling, longest_row };
        self.run_initialized(all.collect(), network, &AnyClassifier::own, task, device, observer)
    }
}
