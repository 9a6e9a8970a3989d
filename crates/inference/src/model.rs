//! A model folder that is opened once, with views for different uses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use dnabert_core::{AmbiguityPolicy, LengthPolicy, Tiling};
use dnabert_interpret::{Heads, Mutagenesis, Query};
use dnabert_model::{
    Bert, BertConfig, Checkpoint, Encoder, HeadKind, MaskedLanguageModel, Pooling, Precision,
    PrecisionError, ProblemType, SequenceClassifier, TokenClassifier,
};

use crate::reader::SequenceReader;
use crate::{
    AnyTokenizer, AttentionReader, AttributionMethod, BatchSize, BoxedAttribution, Embedder,
    GradientMethod, GradientReader, MaskedScorer, ModelError, Predictor, network_folder,
};

/// A trained network and its tokenizer, read from a folder in the Hugging Face layout.
///
/// The folder is read once. Every view ([`predictor`](Self::predictor),
/// [`embedder`](Self::embedder), [`attention`](Self::attention), …) shares the same weights. It
/// also inherits the settings of the model: the policy for ambiguous letters, the number of rows in
/// a forward pass, and the tiling of long sequences. A clone also shares the weights.
///
/// ```
/// use dnabert_core::Classifier;
/// use dnabert_inference::{Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let model = Model::open(folder, &device(None)?)?;
/// let sequence = "ACGTTGCA".repeat(25).parse()?;
/// let rows = model.predictor()?.predict(&[sequence])?;
/// assert_eq!(rows[0].len(), 3); // neither, donor, acceptor
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    folder: PathBuf,
    network: Arc<Network>,
    config: BertConfig,
    reader: SequenceReader<AnyTokenizer>,
    /// Rows of one forward pass, where the caller has set it.
    batch_size: Option<BatchSize>,
}

/// The network of a folder, with the head that the folder has.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one for each model, behind a pointer")]
enum Network {
    Sequence(SequenceClassifier<Bert>),
    Tokens(TokenClassifier<Bert>),
    Masked(MaskedLanguageModel),
    Encoder(Bert),
}

impl Network {
    fn read(checkpoint: &Checkpoint, device: &Device) -> Result<Self, ModelError> {
        Ok(match checkpoint.head() {
            HeadKind::Sequence => Self::Sequence(checkpoint.sequence_classifier(device)?),
            HeadKind::Tokens => Self::Tokens(checkpoint.token_classifier(device)?),
            HeadKind::MaskedLanguageModel => {
                Self::Masked(checkpoint.masked_language_model(device)?)
            }
            HeadKind::None => Self::Encoder(checkpoint.encoder(device)?),
        })
    }

    fn with_precision(self, precision: Precision) -> Result<Self, PrecisionError> {
        Ok(match self {
            Self::Sequence(mut model) => {
                model.encoder = model.encoder.with_precision(precision)?;
                Self::Sequence(model)
            }
            Self::Tokens(mut model) => {
                model.encoder = model.encoder.with_precision(precision)?;
                Self::Tokens(model)
            }
            Self::Masked(mut model) => {
                model.encoder = model.encoder.with_precision(precision)?;
                Self::Masked(model)
            }
            Self::Encoder(encoder) => Self::Encoder(encoder.with_precision(precision)?),
        })
    }
}

/// Default number of rows in a forward pass: fewer where hidden states are kept.
mod batch_size {
    pub(super) const OF_POOLED: usize = 32;
    pub(super) const OF_STATES: usize = 16;
    pub(super) const OF_GRADIENTS: usize = 8;
}

impl Model {
    /// Opens a model folder: `config.json`, `model.safetensors` or `pytorch_model.bin`, and
    /// `vocab.txt` with k-mers or `tokenizer.json` with byte pairs. For an ensemble with one
    /// network (see [`network_folder`]), opens that network.
    ///
    /// Sequences with ambiguous letters are errors; see [`with_ambiguity`](Self::with_ambiguity).
    ///
    /// # Errors
    ///
    /// [`ModelError`] naming the file or tensor.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, ModelError> {
        let folder = network_folder(folder.as_ref())?;
        Self::from_checkpoint(&Checkpoint::open(&folder)?, &folder, device)
    }

    /// As [`open`](Self::open), with your own tokenizer instead of the folder's.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`ModelError::VocabularySize`] if the ids of the tokenizer do
    /// not match those of the network.
    pub fn open_with_tokenizer(
        folder: impl AsRef<Path>,
        tokenizer: AnyTokenizer,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let folder = network_folder(folder.as_ref())?;
        let checkpoint = Checkpoint::open(&folder)?;
        let config = checkpoint.config().clone();
        let tokenizer = tokenizer.for_config(&config)?;
        Ok(Self::new(Network::read(&checkpoint, device)?, config, tokenizer, &folder, device))
    }

    /// As [`open`](Self::open), from a checkpoint whose config may have been changed (mask mode,
    /// pooling, padded length). The tokenizer is that of `folder`.
    ///
    /// # Errors
    ///
    /// [`ModelError`] naming the file or tensor.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let (config, folder) = (checkpoint.config().clone(), folder.as_ref());
        let tokenizer = AnyTokenizer::open(folder, &config)?;
        Ok(Self::new(Network::read(checkpoint, device)?, config, tokenizer, folder, device))
    }

    /// An untrained network with the shape and the tokenizer of the folder. The weights of the
    /// encoder are drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`ModelError`] naming the file.
    pub fn untrained(
        folder: impl AsRef<Path>,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let folder = network_folder(folder.as_ref())?;
        let config = Checkpoint::open(&folder)?.config().clone();
        let tokenizer = AnyTokenizer::open(&folder, &config)?;
        let network = Network::Encoder(config.init(seed, device));
        Ok(Self::new(network, config, tokenizer, &folder, device))
    }

    fn new(
        network: Network,
        config: BertConfig,
        tokenizer: AnyTokenizer,
        folder: &Path,
        device: &Device,
    ) -> Self {
        let reader = SequenceReader::for_config(tokenizer, &config, device.clone());
        let network = Arc::new(network);
        Self { folder: folder.into(), network, config, reader, batch_size: None }
    }

    /// The same model with another policy for ambiguous letters.
    #[must_use]
    pub fn with_ambiguity(mut self, policy: AmbiguityPolicy) -> Self {
        self.reader = self.reader.map_tokenizer(|tokenizer| tokenizer.with_ambiguity(policy));
        self
    }

    /// The same model with another number of rows in a forward pass, for all views.
    ///
    /// By default it depends on the view: 32, 16 where hidden states are kept, 8 for gradients; on
    /// a GPU, as many rows as have 1,024 times as many tokens. A GPU with much memory can use more.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: impl Into<BatchSize>) -> Self {
        self.batch_size = Some(batch_size.into().checked());
        self
    }

    /// The same model with other tiles for long sequences. By default a tile has as many tokens as
    /// the network can read, and overlaps the next by a quarter.
    #[must_use]
    pub fn with_tiling(mut self, tiling: Tiling) -> Self {
        self.reader = self.reader.with_tiling(tiling);
        self
    }

    /// The same model in another precision, for all views but gradients
    /// ([`Bert::with_precision`]).
    ///
    /// ```
    /// use dnabert_core::Classifier;
    /// use dnabert_inference::{Model, Precision, device};
    ///
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
    /// let model = Model::open(folder, &device(None)?)?;
    /// let sequences = ["ACGTTGCA".repeat(25).parse()?];
    /// let whole = model.predictor()?.predict(&sequences)?;
    /// let packed = model.with_precision(Precision::Int8)?.predictor()?.predict(&sequences)?;
    /// assert!((whole[0][0] - packed[0][0]).abs() < 0.05);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ModelError::Precision`] if the device or the network does not have the precision.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self, ModelError> {
        if precision == self.encoder().precision() {
            return Ok(self);
        }
        // Not shared by a view: the weights in f32 are then dropped as they are packed.
        let network = Arc::unwrap_or_clone(self.network).with_precision(precision);
        let failure = |source| ModelError::Precision { folder: self.folder.clone(), source };
        self.network = Arc::new(network.map_err(failure)?);
        Ok(self)
    }

    /// The folder, as it was given.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The network's config.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &AnyTokenizer {
        self.reader.tokenizer()
    }

    /// The kind of head of the network.
    pub fn head(&self) -> HeadKind {
        match &*self.network {
            Network::Sequence(_) => HeadKind::Sequence,
            Network::Tokens(_) => HeadKind::Tokens,
            Network::Masked(_) => HeadKind::MaskedLanguageModel,
            Network::Encoder(_) => HeadKind::None,
        }
    }

    /// The encoder, without its head.
    pub fn encoder(&self) -> &Bert {
        match &*self.network {
            Network::Sequence(model) => &model.encoder,
            Network::Tokens(model) => &model.encoder,
            Network::Masked(model) => &model.encoder,
            Network::Encoder(encoder) => encoder,
        }
    }

    fn reader(&self, rows: usize) -> SequenceReader<AnyTokenizer> {
        let usual = BatchSize::default_for(rows, self.reader.device());
        self.reader.clone().with_batch_size(self.batch_size.unwrap_or(usual))
    }

    fn classifier(&self) -> Result<&SequenceClassifier<Bert>, ModelError> {
        match &*self.network {
            Network::Sequence(model) => Ok(model),
            _ => Err(self.other_head("a classifier of sequences")),
        }
    }

    fn other_head(&self, wanted: &'static str) -> ModelError {
        let found = match self.head() {
            HeadKind::None => "an encoder without a head",
            HeadKind::MaskedLanguageModel => "a masked language model",
            HeadKind::Sequence => "a classifier of sequences",
            HeadKind::Tokens => "a classifier of tokens",
        };
        ModelError::OtherHead { folder: self.folder.clone(), wanted, found }
    }

    /// The model as a classifier (or regressor) of sequences.
    ///
    /// # Errors
    ///
    /// [`ModelError::OtherHead`] if the model is not a classifier or regressor.
    pub fn predictor(&self) -> Result<Predictor, ModelError> {
        let classifier = self.classifier()?;
        let mut reader = self.reader(batch_size::OF_POOLED);
        if let Some(chunks) = classifier.chunk_count() {
            let maximum = LengthPolicy::Reject(chunks * self.config.longest_row());
            reader = reader.map_tokenizer(|tokenizer| tokenizer.with_length(maximum).with_pieces());
        }
        Ok(Predictor::new(classifier, reader, &self.config))
    }

    /// The hidden states of the model. Head and pooler are left out, so that [`Pooling::Cls`] means
    /// the hidden state of `[CLS]` itself.
    pub fn embedder(&self) -> Embedder {
        let encoder = self.encoder().clone().without_pooler();
        Embedder::new(encoder, self.reader(batch_size::OF_STATES))
    }

    /// The attention of all heads of the last layer. It is that of [`Query::Cls`] where the model
    /// classifies by `[CLS]`, as DNABERT does, else that of [`Query::All`].
    pub fn attention(&self) -> AttentionReader {
        let encoder = self.encoder().clone().without_pooler();
        let heads = Heads::last(self.config.num_hidden_layers);
        let query = if self.config.pooling == Pooling::Cls { Query::Cls } else { Query::All };
        AttentionReader::new(encoder, self.reader(batch_size::OF_STATES), heads).with_query(query)
    }

    /// The gradients of a class of the model, by integrated gradients in 32 steps.
    ///
    /// # Errors
    ///
    /// [`ModelError::OtherHead`] if the model is not a classifier, [`ModelError::Chunked`] if it
    /// reads chunks, [`ModelError::NoClass`] if it does not have the class,
    /// [`ModelError::NoGradients`] if its weights are in bf16 or int8.
    pub fn gradients(&self, class: usize) -> Result<GradientReader, ModelError> {
        let classifier = self.classifier()?;
        if classifier.chunk_count().is_some() {
            return Err(ModelError::Chunked { folder: self.folder.clone() });
        }
        self.check_class(class, classifier.labels())?;
        if classifier.encoder.is_packed() {
            let precision = classifier.encoder.precision();
            return Err(ModelError::NoGradients { folder: self.folder.clone(), precision });
        }
        Ok(GradientReader::new(classifier, self.reader(batch_size::OF_GRADIENTS), class))
    }

    /// The probabilities of each base by the masked language model.
    ///
    /// # Errors
    ///
    /// [`ModelError::OtherHead`] if the model is not a masked language model,
    /// [`ModelError::NoKmers`] if its tokens are byte pairs.
    pub fn masked_scorer(&self) -> Result<MaskedScorer, ModelError> {
        let Network::Masked(model) = &*self.network else {
            return Err(self.other_head("a masked language model"));
        };
        let reader = self.reader(batch_size::OF_POOLED);
        #[allow(irrefutable_let_patterns, reason = "without byte pairs there is one kind")]
        let AnyTokenizer::Kmer(tokenizer) = reader.tokenizer().clone() else {
            return Err(ModelError::NoKmers { folder: self.folder.clone() });
        };
        // The padded length in a config is for classifiers only.
        let reader = reader.map_tokenizer(|_| tokenizer).with_padded_length(None);
        Ok(MaskedScorer::new(model.clone(), reader))
    }

    /// An attribution method for `class` of the model. (Attention does not depend on the class.)
    ///
    /// # Errors
    ///
    /// As [`gradients`](Self::gradients) and [`predictor`](Self::predictor).
    pub fn attribution(
        &self,
        method: AttributionMethod,
        class: usize,
    ) -> Result<BoxedAttribution, ModelError> {
        let gradients = |method| -> Result<BoxedAttribution, ModelError> {
            Ok(Box::new(self.gradients(class)?.with_method(method)))
        };
        match method {
            AttributionMethod::Attention => Ok(Box::new(self.attention())),
            AttributionMethod::Rollout => Ok(Box::new(self.attention().with_rollout())),
            AttributionMethod::GradientTimesInput => gradients(GradientMethod::TimesInput),
            AttributionMethod::IntegratedGradients => {
                gradients(GradientMethod::Integrated { steps: 32 })
            }
            AttributionMethod::Mutagenesis => {
                let predictor = self.predictor()?;
                let of_classes = predictor.problem() != ProblemType::Regression;
                self.check_class(class, if of_classes { predictor.labels().len() } else { 0 })?;
                Ok(Box::new(Mutagenesis::new(predictor, class)))
            }
        }
    }

    fn check_class(&self, class: usize, classes: usize) -> Result<(), ModelError> {
        if class < classes {
            return Ok(());
        }
        Err(ModelError::NoClass { folder: self.folder.clone(), class, classes })
    }
}
