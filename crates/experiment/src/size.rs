//! Sizes of models with random initial weights.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use dnabert_model::{Activation, BertConfig, Pooling};

/// The shape of a model that starts from random weights.
///
/// ```
/// use dnabert_experiment::ModelSize;
/// use dnabert_kmer::KmerTokenizer;
/// use dnabert_core::Tokenizer;
///
/// let ids = KmerTokenizer::new(6)?.vocab_size();
/// let config = ModelSize::Base.config(ids); // the shape of DNABERT
/// assert_eq!((config.num_hidden_layers, config.hidden_size), (12, 768));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSize {
    /// 2 layers of width 32: seconds per epoch, for quick trials.
    Tiny,
    /// 2 layers of width 64: for a few thousand training sequences.
    Mini,
    /// 4 layers of width 128: the shipped model `small-4`.
    Small,
    /// The same, after a convolution over 15 tokens: the shipped model `convolutional-4`.
    Convolutional,
    /// 12 layers of width 768: BERT-base and DNABERT.
    Base,
}

impl ModelSize {
    /// All sizes.
    pub const ALL: [Self; 5] =
        [Self::Tiny, Self::Mini, Self::Small, Self::Convolutional, Self::Base];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Mini => "mini",
            Self::Small => "small",
            Self::Convolutional => "convolutional",
            Self::Base => "base",
        }
    }

    /// The config for `vocab_size` token ids. Only [`Base`](Self::Base) has dropout of attention
    /// weights: it is slow on a CPU and did not improve small models.
    pub fn config(self, vocab_size: usize) -> BertConfig {
        let base = BertConfig::new(vocab_size);
        let (layers, hidden_size, heads, intermediate_size) = match self {
            Self::Tiny => (2, 32, 2, 64),
            Self::Mini => (2, 64, 4, 128),
            Self::Small => return small(base),
            Self::Convolutional => return small(base).with_convolution(15),
            Self::Base => return base,
        };
        BertConfig {
            num_hidden_layers: layers,
            hidden_size,
            num_attention_heads: heads,
            intermediate_size,
            attention_probs_dropout_prob: 0.0,
            ..base
        }
    }
}

/// A config that is cheap to pre-train on a CPU. It has two heads, since a softmax costs the same
/// for a narrow head as for a wide one. It uses ReLU, which does not need the error function.
/// Initial weights have a larger deviation than BERT's 0.02, which is for a width of 768. Masked
/// language modelling alone does not train `[CLS]`, so classifiers pool the mean.
fn small(base: BertConfig) -> BertConfig {
    BertConfig {
        num_hidden_layers: 4,
        hidden_size: 128,
        num_attention_heads: 2,
        intermediate_size: 512,
        hidden_act: Activation::Relu,
        attention_probs_dropout_prob: 0.0,
        initializer_range: 0.05,
        pooling: Pooling::Mean,
        ..base
    }
}

impl FromStr for ModelSize {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|size| size.name() == name)
            .ok_or_else(|| format!("unknown size {name:?}: choose one of {names}"))
    }
}
