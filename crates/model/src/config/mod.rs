//! The network's shape, in the format of Hugging Face's `config.json`.

mod error;
mod options;
mod validate;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use error::ConfigError;
use options::is_default;

pub use options::{Activation, MaskMode, MlmBias, Pooling, ProblemType, RecurrentKind};

/// The shape and dropout rates of a BERT, with the field names of Hugging Face's `config.json`.
///
/// Missing fields get BERT's defaults. Fields that are not used here are skipped.
///
/// ```
/// use dnabert_model::{BertConfig, Pooling};
///
/// // Three layers of width 48 for 3-mers; everything else as in DNABERT.
/// let config = BertConfig {
///     num_hidden_layers: 3,
///     hidden_size: 48,
///     num_attention_heads: 4,
///     intermediate_size: 96,
///     pooling: Pooling::Mean,
///     ..BertConfig::new(69)
/// };
/// let config = config.with_labels(&["other", "donor", "acceptor"]);
/// config.validate()?;
/// assert_eq!(config.labels(), 3);
/// # Ok::<(), dnabert_model::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Class names of the Python models that the weights fit, such as `BertForMaskedLM`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub architectures: Vec<String>,
    /// `bert`, or `convolutional-bert` with a [`convolution_width`](Self::convolution_width). The
    /// Auto classes of transformers do not know the second type, so they do not load such weights
    /// as a plain BERT.
    #[serde(default = "default::model_type")]
    pub model_type: String,
    /// Number of token ids.
    pub vocab_size: usize,
    /// Width of the hidden states.
    #[serde(default = "default::hidden_size")]
    pub hidden_size: usize,
    /// Number of layers.
    #[serde(default = "default::layers")]
    pub num_hidden_layers: usize,
    /// Attention heads per layer; divides `hidden_size`.
    #[serde(default = "default::layers")]
    pub num_attention_heads: usize,
    /// Width inside the feed-forward block.
    #[serde(default = "default::intermediate_size")]
    pub intermediate_size: usize,
    /// Activation of the feed-forward block.
    #[serde(default)]
    pub hidden_act: Activation,
    /// Dropout after the embeddings, in every residual branch, and before the classifier.
    #[serde(default = "default::dropout")]
    pub hidden_dropout_prob: f64,
    /// Dropout on attention weights.
    #[serde(default = "default::dropout")]
    pub attention_probs_dropout_prob: f64,
    /// Maximum number of tokens in a row.
    #[serde(default = "default::max_position_embeddings")]
    pub max_position_embeddings: usize,
    /// Number of segments.
    #[serde(default = "default::type_vocab_size")]
    pub type_vocab_size: usize,
    /// Standard deviation of initial weights.
    #[serde(default = "default::initializer_range")]
    pub initializer_range: f64,
    /// Epsilon that is added to the variance in layer normalisation.
    #[serde(default = "default::layer_norm_eps")]
    pub layer_norm_eps: f64,
    /// Id of the padding token.
    #[serde(default)]
    pub pad_token_id: u32,
    /// Number of outputs of a classification head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_labels: Option<usize>,
    /// Name of each output, keyed by its index as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id2label: Option<BTreeMap<String, String>>,
    /// Index of each output, keyed by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label2id: Option<BTreeMap<String, usize>>,
    /// Kind of position embedding. Only `absolute` is supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_embedding_type: Option<String>,
    /// The Python files of DNABERT-2, by the classes that they define. Without them, transformers
    /// would load the weights as a plain BERT. Written for that family only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_map: Option<BTreeMap<String, serde_json::Value>>,
    /// Present in DNABERT-2 and related models: positions are encoded by linear biases in the
    /// attention, without a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alibi_starting_size: Option<usize>,
    /// The meaning of the outputs of a sequence classifier; see [`problem`](Self::problem).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<ProblemType>,
    /// Number of tokens in the window of a [`Convolution`](crate::Convolution) between the
    /// embeddings and the first layer: an odd number from 3 to 511. Absent in BERT. Specific to
    /// this project, not in Hugging Face files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convolution_width: Option<usize>,
    /// Number of chunks of a long sequence that DNABERT's chunked heads were trained with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<usize>,
    /// Recurrent layer of DNABERT's chunked head. Every config of DNABERT has this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rnn: Option<RecurrentKind>,
    /// Number of recurrent layers of DNABERT's chunked head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_rnn_layer: Option<usize>,
    /// How a sequence classifier pools. Specific to this project, not in Hugging Face files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pooling: Pooling,
    /// Number of parts of a row that a plain sequence classifier pools separately and concatenates
    /// ([`Pooling::pool_parts`]), so that it knows the position of features. The default is 1. The
    /// maximum is the number of tokens that fit in a row (512 without a table of positions). If a
    /// sequence is read in several rows, each row has these parts, and the head reads the means
    /// over rows. Specific to this project, not in Hugging Face files: in Python, the classifier of
    /// such a folder has the wrong shape.
    #[serde(default = "default::one", skip_serializing_if = "is_one")]
    pub pooled_parts: NonZeroUsize,
    /// How padding is masked. Specific to this project, not in Hugging Face files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mask_mode: MaskMode,
    /// The length that every row is padded to: DNABERT's `max_seq_length`. [`MaskMode::Head`] needs
    /// it, since padding is attended to there. Specific to this project, not in Hugging Face files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padded_length: Option<usize>,
    /// How often the masked-LM bias is added. Specific to this project, not in Hugging Face files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mlm_bias: MlmBias,
}

const BERT: &str = "bert";
const CONVOLUTIONAL_BERT: &str = "convolutional-bert";

/// The two network families that a config can describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// BERT: a table of positions and a plain feed-forward block. Used by DNABERT.
    Bert,
    /// MosaicBERT (Portes et al. 2023, arXiv 2312.17482): linear biases for positions and a gated
    /// feed-forward block. Used by DNABERT-2 and DNABERT-S.
    MosaicBert,
}

impl BertConfig {
    /// A config with `vocab_size` ids and otherwise BERT-base's values, which is the shape of
    /// DNABERT.
    pub fn new(vocab_size: usize) -> Self {
        Self {
            architectures: Vec::new(),
            model_type: default::model_type(),
            vocab_size,
            hidden_size: default::hidden_size(),
            num_hidden_layers: default::layers(),
            num_attention_heads: default::layers(),
            intermediate_size: default::intermediate_size(),
            hidden_act: Activation::default(),
            hidden_dropout_prob: default::dropout(),
            attention_probs_dropout_prob: default::dropout(),
            max_position_embeddings: default::max_position_embeddings(),
            type_vocab_size: default::type_vocab_size(),
            initializer_range: default::initializer_range(),
            layer_norm_eps: default::layer_norm_eps(),
            pad_token_id: 0,
            num_labels: None,
            id2label: None,
            label2id: None,
            position_embedding_type: None,
            auto_map: None,
            alibi_starting_size: None,
            problem_type: None,
            convolution_width: None,
            split: None,
            rnn: None,
            num_rnn_layer: None,
            pooling: Pooling::default(),
            pooled_parts: default::one(),
            mask_mode: MaskMode::default(),
            padded_length: None,
            mlm_bias: MlmBias::default(),
        }
    }

    /// The same shape with a convolution over `width` tokens after the embeddings.
    #[must_use]
    pub fn with_convolution(self, width: usize) -> Self {
        let model_type = CONVOLUTIONAL_BERT.to_owned();
        Self { model_type, convolution_width: Some(width), ..self }
    }

    /// The same shape with outputs named `labels`.
    #[must_use]
    pub fn with_labels(mut self, labels: &[impl AsRef<str>]) -> Self {
        let names = || labels.iter().map(|label| label.as_ref().to_owned()).enumerate();
        self.num_labels = Some(labels.len());
        self.id2label = Some(names().map(|(id, label)| (id.to_string(), label)).collect());
        self.label2id = Some(names().map(|(id, label)| (label, id)).collect());
        self
    }

    /// Number of outputs of a classification head: `num_labels`, else the size of `id2label`, else
    /// 2.
    pub fn labels(&self) -> usize {
        self.num_labels.or_else(|| self.id2label.as_ref().map(BTreeMap::len)).unwrap_or(2)
    }

    /// Names of the outputs, in order; `LABEL_i` where the file has no names.
    pub fn label_names(&self) -> Vec<String> {
        let named = |id: usize| self.id2label.as_ref()?.get(&id.to_string()).cloned();
        (0..self.labels()).map(|id| named(id).unwrap_or_else(|| format!("LABEL_{id}"))).collect()
    }

    /// The network family.
    pub fn family(&self) -> Family {
        match self.alibi_starting_size {
            Some(_) => Family::MosaicBert,
            None => Family::Bert,
        }
    }

    /// The maximum number of tokens in a row; `None` where there is no table of positions to limit
    /// it.
    pub fn max_tokens(&self) -> Option<usize> {
        match self.family() {
            Family::Bert => Some(self.max_position_embeddings),
            Family::MosaicBert => None,
        }
    }

    /// Length of the longest row that the network is given, with special tokens: the padded length,
    /// else [`max_tokens`](Self::max_tokens), else 512.
    pub fn longest_row(&self) -> usize {
        self.padded_length.or(self.max_tokens()).unwrap_or(512)
    }

    /// The meaning of the outputs: `problem_type`, else regression for one output and classes for
    /// more, as in transformers.
    pub fn problem(&self) -> ProblemType {
        self.problem_type.unwrap_or(match self.labels() {
            1 => ProblemType::Regression,
            _ => ProblemType::SingleLabelClassification,
        })
    }

    /// A config of a head over your own encoder, with hidden states of `hidden_size` and rows of at
    /// most `longest_row` tokens. [`SequenceClassifier::over`](crate::SequenceClassifier::over)
    /// reads its labels, pooling and dropout; what describes the layers of a BERT has no meaning.
    pub fn for_encoder(vocab_size: usize, hidden_size: usize, longest_row: usize) -> Self {
        Self {
            hidden_size,
            num_attention_heads: 1,
            max_position_embeddings: longest_row,
            ..Self::new(vocab_size)
        }
    }

    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the file, and the field if its value cannot be used.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = dnabert_core::text::read(path)
            .map_err(|source| ConfigError::Io { path: path.into(), source })?;
        let json = |source| ConfigError::Json { path: path.into(), source };
        if serde_json::from_str::<Version01>(&text).is_ok_and(|old| old.bag_of_tokens) {
            return Err(ConfigError::OldNgrams { path: path.into() });
        }
        let config: Self = serde_json::from_str(&text).map_err(json)?;
        config.validate()?;
        Ok(config)
    }

    /// Writes `config.json`. An old file is replaced only when its new content is complete.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ConfigError> {
        let path = path.as_ref();
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|source| ConfigError::Json { path: path.into(), source })?;
        text.push('\n');
        dnabert_core::file::write(path, text.as_bytes())
            .map_err(|source| ConfigError::Io { path: path.into(), source })
    }
}

/// The fields of a config of version 0.1 for k-mers that are counted in the network.
#[derive(Deserialize)]
struct Version01 {
    #[serde(default)]
    bag_of_tokens: bool,
}

/// Reads `null` as an absent value, since some files contain it.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Whether it is 1, the default that is not written.
fn is_one(number: &NonZeroUsize) -> bool {
    *number == default::one()
}

/// BERT-base's values, as transformers fills missing fields.
mod default {
    use std::num::NonZeroUsize;

    pub(super) fn model_type() -> String {
        super::BERT.to_owned()
    }
    pub(super) fn hidden_size() -> usize {
        768
    }
    pub(super) fn layers() -> usize {
        12
    }
    pub(super) fn intermediate_size() -> usize {
        3072
    }
    pub(super) fn dropout() -> f64 {
        0.1
    }
    pub(super) fn max_position_embeddings() -> usize {
        512
    }
    pub(super) fn type_vocab_size() -> usize {
        2
    }
    pub(super) fn initializer_range() -> f64 {
        0.02
    }
    pub(super) fn layer_norm_eps() -> f64 {
        1e-12
    }
    pub(super) fn one() -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<BertConfig, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, json).unwrap();
        BertConfig::read(path)
    }

    #[test]
    fn absent_fields_are_bert_base() {
        let expected = BertConfig::new(4101);
        assert_eq!(parse(r#"{"vocab_size": 4101}"#).unwrap(), expected);
        assert_eq!(parse(r#"{"vocab_size": 4101, "architectures": null}"#).unwrap(), expected);
    }

    #[test]
    fn fields_that_cannot_be_built_are_named() {
        for (json, field) in [
            (r#"{"vocab_size": 69, "hidden_size": 50}"#, "`hidden_size` is 50"),
            (r#"{"vocab_size": 69, "model_type": "esm"}"#, "`model_type` is esm"),
            (r#"{"vocab_size": 69, "convolution_width": 15}"#, "`model_type` is bert"),
            (
                r#"{"vocab_size": 69, "model_type": "convolutional-bert"}"#,
                "`model_type` is convolutional-bert",
            ),
            (
                r#"{"vocab_size": 9, "model_type": "convolutional-bert", "convolution_width": 4}"#,
                "`convolution_width` is 4",
            ),
            (
                r#"{"vocab_size": 9, "model_type": "convolutional-bert", "convolution_width": 1}"#,
                "`convolution_width` is 1",
            ),
            (r#"{"vocab_size": 69, "hidden_dropout_prob": 1.0}"#, "`hidden_dropout_prob` is 1"),
            (r#"{"vocab_size": 69, "position_embedding_type": "rotary"}"#, "is rotary"),
            (r#"{"vocab_size": 69, "pooled_parts": 2}"#, "`pooled_parts` is 2"),
            (
                r#"{"vocab_size": 69, "pooling": "max", "pooled_parts": 1000000000}"#,
                "`pooled_parts` is 1000000000",
            ),
            (r#"{"vocab_size": 0}"#, "`vocab_size` is 0"),
            (r#"{"vocab_size": 69, "max_position_embeddings": 2}"#, "`max_position_embeddings`"),
            (r#"{"vocab_size": 69, "padded_length": 513}"#, "`padded_length` is 513"),
            (
                r#"{"vocab_size": 9, "alibi_starting_size": 16, "mask_mode": "head"}"#,
                "`mask_mode` is head",
            ),
        ] {
            let error = parse(json).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        assert!(matches!(parse("{}"), Err(ConfigError::Json { .. })));
        let unknown_act = r#"{"vocab_size": 69, "hidden_act": "mish"}"#;
        assert!(matches!(parse(unknown_act), Err(ConfigError::Json { .. })));
    }

    #[test]
    fn one_output_is_a_regression_unless_said_otherwise() {
        let one = BertConfig::new(69).with_labels(&["expression"]);
        assert_eq!(one.problem(), ProblemType::Regression);
        let classes = parse(r#"{"vocab_size": 69, "problem_type": "multi_label_classification"}"#);
        assert_eq!(classes.unwrap().problem(), ProblemType::MultiLabelClassification);
        let two = BertConfig::new(69);
        assert_eq!(two.problem(), ProblemType::SingleLabelClassification);
    }

    #[test]
    fn labels_are_named_and_survive_a_round_trip() {
        let config = BertConfig::new(69).with_labels(&["neither", "donor", "acceptor"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        config.write(&path).unwrap();
        let read = BertConfig::read(&path).unwrap();
        assert_eq!(read, config);
        assert_eq!(read.label_names(), ["neither", "donor", "acceptor"]);
        assert_eq!(BertConfig::new(69).label_names(), ["LABEL_0", "LABEL_1"]);
    }
}
