#![doc = include_str!("../README.md")]

pub mod backend;
mod experiment;
mod floor;
mod predictor;
mod size;

#[doc(inline)]
pub use dnabert_core as core;
#[doc(inline)]
pub use dnabert_genome as genome;
#[doc(inline)]
pub use dnabert_kmer as kmer;
#[doc(inline)]
pub use dnabert_model as model;
#[doc(inline)]
pub use dnabert_tasks as tasks;
#[doc(inline)]
pub use dnabert_train as train;

pub use backend::{Backend, BackendError, device};
pub use burn::tensor::Device;
pub use experiment::{
    Experiment, ExperimentError, LostTokens, Metrics, Outcome, Prediction, Settings, Start,
};
pub use floor::gc_auroc;
pub use predictor::{Predictor, PredictorError};
pub use size::ModelSize;
