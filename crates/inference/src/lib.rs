#![doc = include_str!("../README.md")]

mod any_classifier;
mod attention_reader;
mod attribution_method;
pub mod backend;
mod batch_size;
mod description;
mod embedder;
mod ensemble;
mod error;
#[cfg(feature = "gpu")]
mod gpu_cache;
mod gradient_reader;
#[cfg(feature = "hub")]
pub mod hub;
mod masked_scorer;
mod model;
mod model_folder;
mod network_folder;
pub mod npy;
mod own_classifier;
mod own_network;
mod own_tokenizer;
mod predictor;
mod reader;
mod tokenizer;
mod version_01;

pub use any_classifier::{AnyClassifier, ReadOptions};
pub use attention_reader::AttentionReader;
pub use attribution_method::{AttributionMethod, BoxedAttribution};
pub use backend::{Backend, BackendError, device, device_with};
pub use batch_size::BatchSize;
pub use burn::tensor::Device;
pub use dnabert_model::Precision;
pub use embedder::{Embedder, TokenStates};
pub use ensemble::{Combination, ENSEMBLE_FILE, Ensemble, EnsembleError, Member, MemberError};
pub use error::ModelError;
pub use gradient_reader::{GradientMethod, GradientReader};
pub use masked_scorer::MaskedScorer;
pub use model::Model;
pub use model_folder::{ModelFolderError, model_folder};
pub use network_folder::network_folder;
pub use own_classifier::OwnClassifier;
pub use own_network::OWN_NETWORK_FILE;
pub use own_tokenizer::OwnTokenizer;
pub use predictor::{PredictedLabel, Predictor};
pub use reader::SequenceReader;
pub use tokenizer::AnyTokenizer;
pub use version_01::{convert_version_01, is_version_01};
