#![doc = include_str!("../README.md")]

mod attention_reader;
mod attribution_method;
pub mod backend;
mod bag;
pub mod comparison;
mod context_floor;
mod corpus_rows;
mod embedder;
mod ensemble;
mod error;
mod experiment;
pub mod figure;
mod fingerprint;
mod floor;
mod gradient_reader;
#[cfg(feature = "hub")]
pub mod hub;
mod judgement;
mod kmer_start;
mod masked_scorer;
mod model_folder;
pub mod npy;
mod predictor;
mod probe;
pub mod report;
mod size;
mod tiled;
mod tokenizer;

#[doc(inline)]
pub use dnabert_baseline as baseline;
#[cfg(feature = "bpe")]
#[doc(inline)]
pub use dnabert_bpe as bpe;
#[doc(inline)]
pub use dnabert_core as core;
#[doc(inline)]
pub use dnabert_genome as genome;
#[doc(inline)]
pub use dnabert_interpret as interpret;
#[doc(inline)]
pub use dnabert_kmer as kmer;
#[doc(inline)]
pub use dnabert_model as model;
#[doc(inline)]
pub use dnabert_motif as motif;
#[doc(inline)]
pub use dnabert_tasks as tasks;
#[doc(inline)]
pub use dnabert_train as train;
#[doc(inline)]
pub use dnabert_variants as variants;

pub use attention_reader::AttentionReader;
pub use attribution_method::{AttributionMethod, BoxedAttribution};
pub use backend::{Backend, BackendError, Precision, device, device_with};
pub use bag::{BagOfTokens, BagReader};
pub use burn::tensor::Device;
pub use context_floor::{ContextFloor, fit_context};
pub use corpus_rows::{CorpusRowError, CorpusRows};
pub use embedder::{Embedder, TokenStates};
pub use ensemble::{Ensemble, EnsembleError, MemberError};
pub use error::PredictorError;
pub use experiment::{
    Experiment, ExperimentError, HeadStart, LostTokens, Metrics, OtherTask, Outcome, Prediction,
    Settings, Start, Training,
};
pub use fingerprint::fingerprint;
pub use floor::{Floor, FloorData, FloorOutcome, gc_auroc, regress_rows};
pub use gradient_reader::{GradientMethod, GradientReader};
pub use judgement::{Imbalanced, Judgement, Scored};
pub use kmer_start::kmer_embeddings;
pub use masked_scorer::MaskedScorer;
pub use model_folder::{ModelFolderError, model_folder};
pub use predictor::Predictor;
pub use size::ModelSize;
pub use tokenizer::AnyTokenizer;
