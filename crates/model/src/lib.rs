#![doc = include_str!("../README.md")]

mod attention;
mod batch;
pub mod checkpoint;
mod config;
mod dropout;
mod embedding;
mod encoder;
mod head;
mod initialize;
mod layer;
mod linear;
mod sink;

pub use attention::{AttentionOutput, SelfAttention};
pub use batch::TokenBatch;
pub use checkpoint::{Checkpoint, CheckpointError, NewHead};
pub use config::{Activation, BertConfig, ConfigError, MaskMode, MlmBias};
pub use dropout::{Dropout, DropoutStream};
pub use embedding::BertEmbeddings;
pub use encoder::{Bert, Encoder, EncoderOutput, Pooler};
pub use head::{MaskedLanguageModel, SequenceClassifier, TokenClassifier};
pub use initialize::initialize;
pub use layer::{BertLayer, Intermediate, ResidualOutput};
pub use sink::LayerSink;
