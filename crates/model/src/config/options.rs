//! The choices that a config names.

use serde::{Deserialize, Serialize};

/// Activation functions by their Hugging Face names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Exact GELU, by the error function.
    #[default]
    Gelu,
    /// GELU by its tanh approximation.
    GeluNew,
    /// max(0, x).
    Relu,
}

/// How padding is kept out of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskMode {
    /// Padding gets no attention, as in BERT, the DNABERT paper and transformers.
    #[default]
    Padding,
    /// +1 on real tokens and 0 on padding, as the head of DNABERT's repository has done by mistake
    /// since June 2021. Only for models that were fine-tuned with that code.
    Head,
}

/// How often the masked-LM output bias is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MlmBias {
    /// Once, as in BERT and transformers.
    #[default]
    Single,
    /// Twice, as in DNABERT's code, with which the published checkpoints were trained.
    Double,
}

/// How the hidden states of a row become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The `[CLS]` state, through the pooler where there is one.
    #[default]
    Cls,
    /// The mean over real tokens, special tokens included.
    Mean,
    /// The largest value of each hidden unit over real tokens, special tokens included.
    Max,
    /// The standard deviation of each hidden unit over real tokens, special tokens included: large
    /// where few tokens differ from the rest, as a motif does from what surrounds it. Half of the
    /// statistics pooling of Snyder et al. 2018 (doi 10.1109/ICASSP.2018.8461375).
    Std,
}

/// What the outputs of a sequence classifier mean, by the Hugging Face names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// Classes that exclude one another.
    SingleLabelClassification,
    /// Labels that each hold or not.
    MultiLabelClassification,
    /// Numbers.
    Regression,
}

/// The recurrent layer over the chunks of a long sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecurrentKind {
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735).
    Lstm,
    /// Gated recurrent unit (Cho et al. 2014, doi 10.3115/v1/D14-1179).
    Gru,
}

/// Whether a switch stands where it always stands, and need not be written.
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
