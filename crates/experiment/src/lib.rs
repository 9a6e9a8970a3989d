#![doc = include_str!("../README.md")]

mod baseline;
mod benchmark;
pub mod comparison;
mod context_baseline;
mod corpus_rows;
pub mod datasets;
mod evaluate;
mod evaluation;
mod experiment;
mod figures;
mod fingerprint;
mod identity;
mod kmer_start;
mod ngram_head;
mod ngrams;
mod probe;
mod recipe;
mod size;

pub use baseline::{Baseline, BaselineData, BaselineOutcome, gc_auroc};
pub use benchmark::{Benchmark, BoxedTask, TaskDefaults};
pub use context_baseline::{ContextBaseline, fit_context};
pub use corpus_rows::{CorpusRowError, CorpusRows};
pub use datasets::{Datasets, NoDatasets};
pub use evaluate::evaluate;
pub use evaluation::{Evaluation, Imbalanced, Predictions};
pub use experiment::{
    Experiment, ExperimentError, HeadInit, LostTokens, Metrics, ModelInit, NetworkSettings,
    OtherTask, Outcome, OwnEncoder, Prediction, Settings, Training,
};
pub use figures::{curves, loss_curve};
pub use fingerprint::fingerprint;
pub use identity::identity;
pub use kmer_start::kmer_embeddings;
pub use ngrams::{NgramReader, Ngrams};
pub use recipe::Recipe;
pub use size::ModelSize;
