//! Sequences in, probabilities out.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::Device;
use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError, Tokenizer};
use dnabert_kmer::{KmerTokenizer, LengthPolicy, Vocabulary, VocabularyError};
use dnabert_model::{
    Bert, BertConfig, Checkpoint, CheckpointError, Encoder, SequenceClassifier, checkpoint,
};
use dnabert_train::{logits, softmax};

/// A tokenizer and a trained network: the only place where the two meet.
///
/// It can be shared between threads.
#[derive(Debug)]
pub struct Predictor<E: Encoder = Bert, T = KmerTokenizer> {
    model: SequenceClassifier<E>,
    tokenizer: T,
    labels: Vec<String>,
    device: Device,
    batch_size: usize,
}

/// Why a model folder cannot be used to predict, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictorError {
    /// The weights or the config.
    #[error("the model cannot be read or written")]
    Checkpoint(#[from] CheckpointError),
    /// The vocabulary.
    #[error("the vocabulary cannot be read or written")]
    Vocabulary(#[from] VocabularyError),
    /// A tokenizer whose ids the network has not.
    #[error("the tokenizer has {tokenizer} ids and the network {network}")]
    VocabularySize {
        /// Ids of the tokenizer.
        tokenizer: usize,
        /// Ids of the network.
        network: usize,
    },
    /// A tokenizer file that cannot be written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// Sequences that one forward pass sees.
const BATCH_SIZE: usize = 32;

impl Predictor {
    /// Opens a model folder in the Hugging Face layout: `config.json`, the weights of a sequence
    /// classifier, and `vocab.txt` with k-mers.
    ///
    /// Sequences longer than the model's positions, and ambiguous letters, are errors; to choose
    /// otherwise, build a [`KmerTokenizer`] and use [`Predictor::new`].
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, PredictorError> {
        let folder = folder.as_ref();
        let checkpoint = Checkpoint::open(folder)?;
        let tokenizer = open_tokenizer(folder, checkpoint.config())?;
        let model = checkpoint.sequence_classifier(device)?;
        Ok(Self::new(&model, tokenizer, checkpoint.config().label_names(), device.clone()))
    }

    /// Writes the folder that [`open`](Self::open) and Python transformers read. `config` is the
    /// network's; its labels are replaced by the predictor's.
    ///
    /// # Errors
    ///
    /// [`PredictorError`] for a file that cannot be written; files are replaced only by whole new
    /// ones.
    pub fn save(
        &self,
        config: &BertConfig,
        folder: impl AsRef<Path>,
    ) -> Result<(), PredictorError> {
        let folder = folder.as_ref();
        checkpoint::save(&self.model, &config.clone().with_labels(&self.labels), folder)?;
        self.tokenizer.vocabulary().write(folder.join("vocab.txt"))?;
        let maximum = config.max_position_embeddings;
        for (file, content) in [
            (
                "tokenizer_config.json",
                format!(r#"{{"do_lower_case": false, "model_max_length": {maximum}}}"#),
            ),
            (
                "special_tokens_map.json",
                r#"{"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}"#.to_owned(),
            ),
        ] {
            let path = folder.join(file);
            dnabert_core::file::write(&path, content.as_bytes())
                .map_err(|source| PredictorError::Io { path, source })?;
        }
        Ok(())
    }
}

/// The tokenizer of a model folder, with the model's longest row as its limit.
pub(crate) fn open_tokenizer(
    folder: &Path,
    config: &BertConfig,
) -> Result<KmerTokenizer, PredictorError> {
    let tokenizer = KmerTokenizer::from(Vocabulary::read(folder.join("vocab.txt"))?)
        .with_length(LengthPolicy::Reject(config.max_position_embeddings));
    let (tokenizer_size, network) = (tokenizer.vocab_size(), config.vocab_size);
    if tokenizer_size != network {
        return Err(PredictorError::VocabularySize { tokenizer: tokenizer_size, network });
    }
    Ok(tokenizer)
}

impl<E: Encoder, T: Tokenizer> Predictor<E, T> {
    /// A predictor of the network as it is now, without dropout, on `device`, whose output i is
    /// called `labels[i]`.
    ///
    /// # Panics
    ///
    /// If there is not one label for each output.
    pub fn new(
        model: &SequenceClassifier<E>,
        tokenizer: T,
        labels: Vec<String>,
        device: Device,
    ) -> Self {
        assert_eq!(model.labels(), labels.len(), "one label for each output");
        Self { model: model.valid(), tokenizer, labels, device, batch_size: BATCH_SIZE }
    }

    /// Names of the classes, in the order of the probabilities.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        &self.tokenizer
    }

    /// The network.
    pub fn model(&self) -> &SequenceClassifier<E> {
        &self.model
    }

    /// Class probabilities of token rows, in f64.
    pub fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        let pad = self.tokenizer.special_tokens().pad;
        let scores = logits(&self.model, rows, self.batch_size, pad, &self.device);
        scores.iter().map(|row| softmax(row)).collect()
    }
}

impl<E: Encoder + Sync, T: Tokenizer> Classifier for Predictor<E, T> {
    type Error = TokenizeError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let encodings = self.tokenizer.encode_batch(sequences)?;
        let rows: Vec<&Encoding> = encodings.iter().collect();
        let narrow = |row: Vec<f64>| row.into_iter().map(|p| p as f32).collect();
        Ok(self.predict_encoded(&rows).into_iter().map(narrow).collect())
    }
}
