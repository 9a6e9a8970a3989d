//! Checkpoints in the Hugging Face layout: a folder with `config.json` and a weights file.
//!
//! Safetensors and both PyTorch formats can be read: zip, and the older stream from before version
//! 1.6. Pickled code is never run. Tensor names are those of transformers, with `gamma`/`beta` or
//! `weight`/`bias`, with or without the prefix `bert.`. Every tensor of the network must be in the
//! file, and every tensor of the file must be used; otherwise the error names the tensor.

mod adapter;
mod error;
mod export;
mod import;
mod names;
mod shards;
mod source;
mod weights;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

pub use adapter::save_adapters;
pub use error::{CheckpointError, Misshapen, TensorProblems};
pub use export::{NamedTensor, Pretrained, save, save_half, tensors};
use weights::Weights;

use crate::checkpoint::import::{New, fill};
use crate::head::Chunks;
use crate::initialize::Draw;
use crate::{
    Bert, BertConfig, ConfigError, MaskMode, MaskedLanguageModel, Pooling, ProblemType,
    RecurrentKind, SequenceClassifier, TokenClassifier,
};

/// The names of weights files, in the order in which they are tried.
const WEIGHT_FILES: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];
const POOLER: &str = "bert.pooler.dense.weight";
/// Parts of transformers' class names for these heads.
const TOKENS: &str = "ForTokenClassification";
const SEQUENCES: &str = "SequenceClassification";

/// The kind of head in a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadKind {
    /// No head: an encoder alone.
    None,
    /// A masked-LM head.
    MaskedLanguageModel,
    /// A head for classes, labels or numbers of sequences.
    Sequence,
    /// A head for classes of tokens.
    Tokens,
}

/// An opened checkpoint folder: the config and the names and shapes of the weights.
///
/// Each network that is made from it reads the file again.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_model::{Checkpoint, HeadKind, NewHead, Pooling, ProblemType};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/small-4");
/// let checkpoint = Checkpoint::open(folder)?;
/// assert_eq!(checkpoint.config().vocab_size, 261); // 4^4 k-mers and 5 special tokens
/// assert_eq!(checkpoint.head(), HeadKind::MaskedLanguageModel);
///
/// let device = Device::flex();
/// let encoder = checkpoint.encoder(&device)?;
/// assert_eq!(encoder.word_embeddings().dims(), [261, 128]);
///
/// // The same encoder with a new head, for fine-tuning.
/// let head = NewHead {
///     labels: &["other", "promoter"],
///     problem: ProblemType::SingleLabelClassification,
///     pooling: Pooling::Mean,
///     new_pooler: false,
///     seed: 1,
/// };
/// let (classifier, config) = checkpoint.with_new_head(&head, &device)?;
/// assert_eq!(classifier.labels(), 2);
/// assert_eq!(config.label_names(), ["other", "promoter"]);
/// # Ok::<(), dnabert_model::CheckpointError>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    config: BertConfig,
    weights: Weights,
}

/// A new classification head over an encoder from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHead<'a> {
    /// The names of the outputs.
    pub labels: &'a [&'a str],
    /// What the outputs mean.
    pub problem: ProblemType,
    /// How hidden states are pooled to one vector; not used by heads over tokens.
    pub pooling: Pooling,
    /// Whether the pooler is new as well, if [`Pooling::Cls`] needs one; otherwise the file must
    /// have it.
    pub new_pooler: bool,
    /// The seed of the new weights.
    pub seed: u64,
}

impl Checkpoint {
    /// Opens `folder`: its `config.json`, and `model.safetensors` or else `pytorch_model.bin`; either
    /// may be in several files, which an index (`model.safetensors.index.json`) names.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] for a missing or damaged file.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let folder = folder.as_ref();
        let file = WEIGHT_FILES
            .into_iter()
            .find(|file| folder.join(file).exists())
            .ok_or_else(|| CheckpointError::NoWeights { folder: folder.into() })?;
        Self::open_file(folder, file)
    }

    /// Opens `folder` with the weights file `file`, in any supported format.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] for a missing or damaged file.
    pub fn open_file(folder: impl AsRef<Path>, file: &str) -> Result<Self, CheckpointError> {
        let folder = folder.as_ref();
        let config = BertConfig::read(folder.join("config.json"))?;
        let weights = Weights::open(folder.join(file))?;
        Ok(Self { config, weights })
    }

    /// Returns the config.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// Returns the config for changes, such as another mask mode, before a network is made.
    pub fn config_mut(&mut self) -> &mut BertConfig {
        &mut self.config
    }

    /// Returns the path of the weights file.
    pub fn path(&self) -> &PathBuf {
        self.weights.path()
    }

    /// Returns the kind of head, from the class name in the config or else from the tensors.
    pub fn head(&self) -> HeadKind {
        let class = self.config.architectures.first().map_or("", String::as_str);
        if class.ends_with(TOKENS) {
            HeadKind::Tokens
        } else if class.contains(SEQUENCES) {
            HeadKind::Sequence
        } else if self.weights.names().any(|name| name.starts_with("cls.predictions.")) {
            HeadKind::MaskedLanguageModel
        } else if !self.weights.has("classifier.weight") {
            HeadKind::None
        } else if self.has_pooler() || self.config.pooling != Pooling::Cls {
            HeadKind::Sequence
        } else {
            HeadKind::Tokens
        }
    }

    /// Returns whether the file has a pooler.
    pub fn has_pooler(&self) -> bool {
        self.weights.has(POOLER)
    }

    /// Reads the encoder alone; tensors of heads are ignored.
    ///
    /// The encoder has a pooler if the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape.
    pub fn encoder(&self, device: &Device) -> Result<Bert, CheckpointError> {
        self.check(&self.config, Chunks::Average)?;
        let bert = Bert::zeros(&self.config, self.has_pooler(), device);
        fill(bert, "bert", &self.weights, None, names::is_head)
    }

    /// Reads the masked language model, with a pooler if the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape.
    pub fn masked_language_model(
        &self,
        device: &Device,
    ) -> Result<MaskedLanguageModel, CheckpointError> {
        self.check(&self.config, Chunks::Average)?;
        let bert = Bert::zeros(&self.config, self.has_pooler(), device);
        let model = MaskedLanguageModel::over(bert, &self.config, device);
        fill(model, "", &self.weights, None, |_| false)
    }

    /// Reads the sequence classifier or regressor with the head of the file: a linear layer, or one
    /// of DNABERT's heads over chunks.
    ///
    /// A pooler that the head does not read is ignored.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape;
    /// [`CheckpointError::OtherHead`] for a token classifier.
    pub fn sequence_classifier(
        &self,
        device: &Device,
    ) -> Result<SequenceClassifier<Bert>, CheckpointError> {
        self.refuse(TOKENS, "tokens")?;
        self.check(&self.config, self.chunks())?;
        let pooler = self.config.pooling == Pooling::Cls;
        let bert = Bert::zeros(&self.config, pooler, device);
        let model = SequenceClassifier::over_chunks(bert, self.chunks(), &self.config, device);
        fill(model, "", &self.weights, None, |name| !pooler && names::is_pooler(name))
    }

    /// Returns the kind of head over chunks, from the tensors of the file.
    fn chunks(&self) -> Chunks {
        let hidden = self.config.hidden_size;
        if let Some(&[_, input]) = self.weights.shape("classifier1.weight") {
            return Chunks::Concatenated { count: input / hidden };
        }
        let layers =
            (0..).take_while(|layer| self.weights.has(&format!("rnn.weight_ih_l{layer}"))).count();
        match self.weights.shape("rnn.weight_hh_l0") {
            Some(&[gates, _]) if gates == 3 * hidden => {
                Chunks::Recurrent { kind: RecurrentKind::Gru, layers }
            }
            Some(_) if layers > 0 => Chunks::Recurrent { kind: RecurrentKind::Lstm, layers },
            _ => Chunks::Average,
        }
    }

    /// Reads the token classifier with the head of the file; a pooler is ignored.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape;
    /// [`CheckpointError::OtherHead`] for a sequence classifier.
    pub fn token_classifier(
        &self,
        device: &Device,
    ) -> Result<TokenClassifier<Bert>, CheckpointError> {
        self.refuse(SEQUENCES, "sequences")?;
        self.check(&self.config, Chunks::Average)?;
        let bert = Bert::zeros(&self.config, false, device);
        let model = TokenClassifier::over(bert, &self.config, device);
        fill(model, "", &self.weights, None, names::is_pooler)
    }

    /// Reads the encoder and puts a new classification head over it; also returns the config with
    /// the new head.
    ///
    /// Heads in the file are ignored.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape.
    pub fn with_new_head(
        &self,
        head: &NewHead<'_>,
        device: &Device,
    ) -> Result<(SequenceClassifier<Bert>, BertConfig), CheckpointError> {
        let config = self.config_for(head);
        self.check(&config, Chunks::Average)?;
        let pooler = head.pooling == Pooling::Cls;
        let bert = Bert::zeros(&config, pooler, device);
        let model = SequenceClassifier::over(bert, &config, device);
        let fresh_pooler = head.new_pooler && head.pooling == Pooling::Cls;
        let is_new = |name: &str| {
            names::is_linear_head(name) || fresh_pooler && name.starts_with("bert.pooler.")
        };
        let draw = Some(Draw::new(config.initializer_range, head.seed));
        let new = New { is_new: &is_new, draw };
        let left_aside = |name: &str| names::is_head(name) || !pooler && names::is_pooler(name);
        let model = fill(model, "", &self.weights, Some(new), left_aside)?;
        Ok((model.with_head_scaled_for_parts(), config))
    }

    /// Reads the encoder and puts a new token classification head over it; also returns the config
    /// with the new head.
    ///
    /// Heads in the file are ignored.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] with the tensors that are missing, unused or of another shape.
    pub fn with_new_token_head(
        &self,
        head: &NewHead<'_>,
        device: &Device,
    ) -> Result<(TokenClassifier<Bert>, BertConfig), CheckpointError> {
        // Tokens are classified one by one, so nothing is pooled.
        let config = self.config_for(head);
        let config = BertConfig { pooled_parts: NonZeroUsize::MIN, ..config };
        self.check(&config, Chunks::Average)?;
        let bert = Bert::zeros(&config, false, device);
        let model = TokenClassifier::over(bert, &config, device);
        let draw = Some(Draw::new(config.initializer_range, head.seed));
        let new = New { is_new: &|name| name.starts_with("classifier."), draw };
        let left_aside = |name: &str| names::is_head(name) || names::is_pooler(name);
        let model = fill(model, "", &self.weights, Some(new), left_aside)?;
        Ok((model, config))
    }

    /// Checks that a network of `config` can be filled from the file, before it is built.
    fn check(&self, config: &BertConfig, chunks: Chunks) -> Result<(), CheckpointError> {
        config.validate()?;
        let invalid = |field, value, reason| {
            Err(CheckpointError::Config(ConfigError::Invalid { field, value, reason }))
        };
        // Layers cost memory when they are built; up to this number, missing ones are listed
        // instead.
        if config.num_hidden_layers > self.weights.names().count().max(1000) {
            let value = config.num_hidden_layers.to_string();
            return invalid("num_hidden_layers", value, "the file has fewer tensors");
        }
        self.check_size(config)?;
        let chunked = chunks != Chunks::Average;
        if config.mask_mode == MaskMode::Head && config.padded_length.is_none() && !chunked {
            let reason = "padding takes part in attention, so padded_length must be set";
            return invalid("mask_mode", "head".to_owned(), reason);
        }
        Ok(())
    }

    /// Refuses a config of a network that is much larger than the file, before its memory is asked
    /// for.
    fn check_size(&self, config: &BertConfig) -> Result<(), CheckpointError> {
        let of = |sizes: [usize; 2]| (sizes[0] as u128).saturating_mul(sizes[1] as u128);
        let hidden = config.hidden_size;
        let embeddings = [
            config.vocab_size,
            config.max_position_embeddings,
            config.type_vocab_size,
            config.convolution_width.map_or(0, |width| width.saturating_mul(hidden)),
        ];
        let attention = of([hidden, hidden]).saturating_mul(4);
        let layer =
            of([hidden, config.intermediate_size]).saturating_mul(2).saturating_add(attention);
        let layers = layer.saturating_mul(config.num_hidden_layers as u128);
        let described =
            embeddings.iter().fold(layers, |sum, &rows| sum.saturating_add(of([rows, hidden])));
        let found = self.weights.count();
        // A new head, or a pooler, may be missing in the file.
        let most = 2 * found + 10_000_000;
        if described > most {
            let path = self.path().clone();
            return Err(CheckpointError::Larger { path, described, found });
        }
        Ok(())
    }

    /// Rejects a checkpoint whose head classifies something else.
    fn refuse(&self, class: &str, classifies: &'static str) -> Result<(), CheckpointError> {
        match self.config.architectures.first() {
            Some(found) if found.contains(class) => {
                let (path, found) = (self.path().clone(), found.clone());
                Err(CheckpointError::OtherHead { path, found, classifies })
            }
            _ => Ok(()),
        }
    }

    fn config_for(&self, head: &NewHead<'_>) -> BertConfig {
        let config = self.config.clone().with_labels(head.labels);
        let pooled_parts = match head.pooling {
            Pooling::Cls => NonZeroUsize::MIN,
            _ => config.pooled_parts,
        };
        BertConfig {
            // The class name in the file; that of the new network is set when it is saved.
            architectures: Vec::new(),
            problem_type: Some(head.problem),
            pooling: head.pooling,
            pooled_parts,
            ..config
        }
    }
}
