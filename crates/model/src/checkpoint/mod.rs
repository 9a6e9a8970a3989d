//! Checkpoints in the Hugging Face layout: a folder with `config.json` and a weights file.
//!
//! Import reads safetensors and both PyTorch formats (zip, and the stream before 1.6; pickled
//! code is never run), under the names of transformers: with `gamma`/`beta` or `weight`/`bias`,
//! with or without the `bert.` prefix. Every tensor of the network must be found and every tensor
//! of the file used; anything else is an error that names the tensor.

mod error;
mod export;
mod import;
mod names;
mod read;

use std::path::{Path, PathBuf};

use burn::tensor::Device;

pub use error::{CheckpointError, Misshapen, TensorProblems};
pub use export::{NamedTensor, Pretrained, save, tensors};
use read::Weights;

use crate::checkpoint::import::fill;
use crate::{
    Bert, BertConfig, MaskedLanguageModel, SequenceClassifier, TokenClassifier, initialize,
};

/// The names of weight files that are looked for in a folder, in this order.
const WEIGHT_FILES: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
const POOLER: &str = "bert.pooler.dense.weight";

/// A checkpoint folder that has been opened: config read, weights in memory as f32.
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
    /// Whether the pooler is to be new as well; else the file must hold one.
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
        let weights = Weights::read(folder.join(file))?;
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

    /// The encoder alone; tensors of heads are left aside. It has a pooler where the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn encoder(&self, device: &Device) -> Result<Bert, CheckpointError> {
        let bert = Bert::zeros(&self.config, self.weights.has(POOLER), device);
        fill(bert, "bert", &self.weights, &[], names::is_head)
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
        let bert = Bert::zeros(&self.config, self.weights.has(POOLER), device);
        let model = MaskedLanguageModel::over(bert, &self.config, device);
        fill(model, "", &self.weights, &[], |_| false)
    }

    /// The sequence classifier (or regressor, with one label) with the head of the file.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn sequence_classifier(
        &self,
        device: &Device,
    ) -> Result<SequenceClassifier<Bert>, CheckpointError> {
        let bert = Bert::zeros(&self.config, true, device);
        let model = SequenceClassifier::over(bert, &self.config, device);
        fill(model, "", &self.weights, &[], |_| false)
    }

    /// The token classifier with the head of the file; it has a pooler where the file has one.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn token_classifier(
        &self,
        device: &Device,
    ) -> Result<TokenClassifier<Bert>, CheckpointError> {
        let bert = Bert::zeros(&self.config, self.weights.has(POOLER), device);
        let model = TokenClassifier::over(bert, &self.config, device);
        fill(model, "", &self.weights, &[], |_| false)
    }

    /// The encoder of the file under a classification head that is asked to be new; heads in the
    /// file are left aside. Also gives the config with the new labels.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Tensors`] naming what is missing, unused or of another shape.
    pub fn with_new_head(
        &self,
        head: &NewHead<'_>,
        device: &Device,
    ) -> Result<(SequenceClassifier<Bert>, BertConfig), CheckpointError> {
        let config = self.config.clone().with_labels(head.labels);
        let bert = Bert::zeros(&config, true, device);
        let model = SequenceClassifier::over(bert, &config, device);
        // Everything is drawn first; the file then overwrites all but what is meant to be new.
        let model = initialize(model, config.initializer_range, head.seed);
        let new: &[&str] =
            if head.new_pooler { &["classifier.", "bert.pooler."] } else { &["classifier."] };
        let model = fill(model, "", &self.weights, new, names::is_head)?;
        Ok((model, config))
    }
}
