#![doc = include_str!("../README.md")]

mod adapt;
mod attention;
mod batch;
mod bias;
pub mod checkpoint;
mod config;
mod convolution;
mod dropout;
mod embedding;
mod encoder;
mod evaluate;
#[cfg(feature = "flex")]
mod flex;
mod head;
mod initialize;
mod layer;
mod linear;
mod parameter_path;
mod pooling;
mod precision;
mod recurrent;
mod sink;
mod start;

pub use adapt::{Adaptation, LowRank, adapt};
pub use attention::{AttentionOutput, FusedSelfAttention, Needed, SelfAttention};
pub use batch::TokenBatch;
pub use bias::AttentionBias;
pub use checkpoint::{Checkpoint, CheckpointError, HeadKind, NewHead};
pub use config::{
    Activation, BertConfig, ConfigError, Family, MaskMode, MlmBias, Pooling, ProblemType,
    RecurrentKind,
};
pub use convolution::Convolution;
pub use dropout::{Dropout, DropoutStream};
pub use embedding::BertEmbeddings;
pub use encoder::{Bert, Encoder, EncoderOutput, Pooler};
pub use evaluate::{logits, pooled_states, sigmoid, softmax};
pub use head::{MaskedLanguageModel, Scorer, SequenceClassifier, TokenClassifier};
pub use initialize::initialize;
pub use layer::{BertLayer, GatedFeedForward, Intermediate, MosaicBertLayer, ResidualOutput};
pub use precision::{Precision, PrecisionError, UnknownPrecision};
pub use recurrent::Recurrent;
pub use sink::LayerSink;

/// The CPU kernels that networks use on flex; see the crate `dnabert-kernels`.
#[cfg(feature = "flex")]
pub mod kernels {
    pub use dnabert_kernels::{Level, is_enabled, set_enabled};

    pub use crate::flex::give_back;
}
