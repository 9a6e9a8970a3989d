//! The enums of a config.

use serde::{Deserialize, Serialize};

/// Activation functions, by their Hugging Face names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Exact GELU, with the error function.
    #[default]
    Gelu,
    /// GELU with the tanh approximation.
    GeluNew,
    /// max(0, x).
    Relu,
}

/// How padding is masked in attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskMode {
    /// Padding receives no attention, as in BERT, the DNABERT paper and transformers.
    #[default]
    Padding,
    /// The mask adds 1 to real tokens and 0 to padding, as the classifier of DNABERT's repository
    /// does by mistake since June 2021. Use it only for models that were fine-tuned with that code.
    Head,
}

/// How often the output bias of the masked-LM head is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MlmBias {
    /// Once, as in BERT and transformers.
    #[default]
    Single,
    /// Twice, as in DNABERT's code. The published checkpoints were trained with it.
    Double,
}

/// How the hidden states of a row are pooled to one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The `[CLS]` state, after the pooler if there is one.
    #[default]
    Cls,
    /// The mean over real tokens, including special tokens.
    Mean,
    /// The maximum of each hidden unit over real tokens, including special tokens.
    Max,
    /// The standard deviation of each hidden unit over real tokens, including special tokens.
    ///
    /// It is large if few tokens differ from the rest, as a motif differs from its surroundings. It
    /// is half of the statistics pooling of Snyder et al. 2018 (doi 10.1109/ICASSP.2018.8461375).
    Std,
}

/// What the outputs of a sequence classifier mean, by the Hugging Face names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// One class for each sequence.
    SingleLabelClassification,
    /// Several independent labels for each sequence.
    MultiLabelClassification,
    /// Real values.
    Regression,
}

/// The kind of recurrent layer over the chunks of a long sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecurrentKind {
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735).
    Lstm,
    /// Gated recurrent unit (Cho et al. 2014, doi 10.3115/v1/D14-1179).
    Gru,
}

/// Returns whether a field has its default value and need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

macro_rules! from_str {
    ($kind:ty, $($name:literal => $value:expr),+) => {
        impl std::str::FromStr for $kind {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                match name {
                    $($name => Ok($value),)+
                    other => Err(format!("{other:?} is none of {}", [$($name),+].join(", "))),
                }
            }
        }
    };
}

from_str!(MaskMode, "padding" => Self::Padding, "head" => Self::Head);
from_str!(MlmBias, "single" => Self::Single, "double" => Self::Double);
from_str!(Pooling, "cls" => Self::Cls, "mean" => Self::Mean, "max" => Self::Max, "std" => Self::Std);
