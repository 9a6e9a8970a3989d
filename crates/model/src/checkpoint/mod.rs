//! Checkpoints in the Hugging Face layout: a folder with `config.json` and a weights file.
//!
//! Import reads safetensors and both PyTorch formats (zip, and the stream before 1.6; pickled
//! code is never run), under the names of transformers: with `gamma`/`beta` or `weight`/`bias`,
//! with or without the `bert.` prefix. Every tensor of the network must be found and every tensor
//! of the file used; anything else is an error that names the tensor.

mod adapter;
mod error;
mod export;
mod import;
mod names;
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

/// The names of weight files that are looked for in a folder, in this order.
const WEIGHT_FILES: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
const POOLER: &str = "bert.pooler.dense.weight";
/// How transformers calls classes with these heads.
const TOKENS: &str = "ForTokenClassification";
const SEQUENCES: &str = "SequenceClassification";

/// What the weights of a checkpoint are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadKind {
    /// Hidden states: an encoder alone.
    None,
    /// Masked tokens.
    MaskedLanguageModel,
    /// Classes, labels or numbers of sequences.
    Sequence,
    /// Classes of tokens.
    Tokens,
}

/// A checkpoint folder that has been opened: config read, names and shapes of the weights known.
///
/// Each network that is made of it reads the file anew.
#[derive(Debug)]
pub struct Checkpoint {
    config: BertConfig,
    weights: Weights,
}

/// A classification head that is meant to be new, over an encoder from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHead<'a> {
    /// Names of the outputs.
    pub labels: &'a [&'a str],
    /// What the outputs mean.
    pub problem: ProblemType,
    /// How hidden states become one vector; heads over tokens have no use for it.
    pub pooling: Pooling,
    /// Whether the pooler is to be new as well, where [`Pooling::Cls`] asks for one; else the file
    /// must hold it.
    pub new_pooler: bool,
    /// Draws the new weights.
    pub seed: u64,
}

impl Checkpoint {
    /// Opens `folder`: its `config.json`, and `model.safetensors` or else `pytorch_model.bin`.
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

    /// Opens `folder` with the weights file named `file`, in whichever of the formats it is.
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

    /// The config as read.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The config, to change a switch such as the mask mode before a network is made.
    pub fn config_mut(&mut self) -> &mut BertConfig {
        &mut self.config
    }

    /// The weights file.
    pub fn path(&self) -> &PathBuf {
        self.weights.path()
    }

    /// What the weights are for: by the config's class where that tells, else by the tensors.
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

    /// Whether the file holds a pooler.
    pub fn has_pooler(&self) -> bool {
        self.weights.has(POOLER)
    }

    /// The encoder alone; tensors of heads are left aside. It has a pooler where the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn encoder(&self, device: &Device) -> Result<Bert, CheckpointError> {
        self.check(&self.config, Chunks::Average)?;
        let bert = Bert::zeros(&self.config, self.has_pooler(), device);
        fill(bert, "bert", &self.weights, None, names::is_head)
    }

    /// The masked language model; it has a pooler where the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn masked_language_model(
        &self,
        device: &Device,
    ) -> Result<MaskedLanguageModel, CheckpointError> {
        self.check(&self.config, Chunks::Average)?;
        let bert = Bert::zeros(&self.config, self.has_pooler(), device);
        let model = MaskedLanguageModel::over(bert, &self.config, device);
        fill(model, "", &self.weights, None, |_| false)
    }

    /// The sequence classifier (or regressor) with the head of the file: a linear layer, or one of
    /// DNABERT's heads over chunks. A pooler that no head reads is left aside.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape;
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

    /// The head over chunks that the file's tensors make up.
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

    /// The token classifier with the head of the file; a pooler is left aside.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape;
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

    /// The encoder of the file under a classification head that is asked to be new; heads in the
    /// file are left aside. Also gives the config with the new head.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
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

    /// The encoder of the file under a token classification head that is asked to be new; heads in
    /// the file are left aside. Also gives the config with the new head.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn with_new_token_head(
        &self,
        head: &NewHead<'_>,
        device: &Device,
    ) -> Result<(TokenClassifier<Bert>, BertConfig), CheckpointError> {
        // Tokens are judged one by one: nothing is pooled.
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

    /// Checks that a network of `config` can be filled from the file, before any of it is built.
    fn check(&self, config: &BertConfig, chunks: Chunks) -> Result<(), CheckpointError> {
        config.validate()?;
        let invalid = |field, value, reason| {
            Err(CheckpointError::Config(ConfigError::Invalid { field, value, reason }))
        };
        // Layers that are built cost memory; those that lack in the file are listed up to here.
        if config.num_hidden_layers > self.weights.names().count().max(1000) {
            let value = config.num_hidden_layers.to_string();
            return invalid("num_hidden_layers", value, "the file has fewer tensors");
        }
        let chunked = chunks != Chunks::Average;
        if config.mask_mode == MaskMode::Head && config.padded_length.is_none() && !chunked {
            let reason = "padding is attended to, so padded_length must say how much there is";
            return invalid("mask_mode", "head".to_owned(), reason);
        }
        Ok(())
    }

    /// Refuses a class whose head judges something else.
    fn refuse(&self, class: &str, judges: &'static str) -> Result<(), CheckpointError> {
        match self.config.architectures.first() {
            Some(found) if found.contains(class) => {
                let (path, found) = (self.path().clone(), found.clone());
                Err(CheckpointError::OtherHead { path, found, judges })
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
            // Of the file; the class of the new network is written with it.
            architectures: Vec::new(),
            problem_type: Some(head.problem),
            pooling: head.pooling,
            pooled_parts,
            ..config
        }
    }
}
