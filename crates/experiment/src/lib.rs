#![doc = include_str!("../README.md")]

mod benchmark;
pub mod comparison;
mod context_floor;
mod corpus_rows;
pub mod datasets;
mod evaluate;
mod experiment;
mod figures;
mod fingerprint;
mod floor;
mod identity;
mod judgement;
mod kmer_start;
mod ngram_head;
mod ngrams;
mod probe;
mod recipe;
mod size;

pub use benchmark::{Benchmark, BoxedTask, TaskDefaults};
pub use context_floor::{ContextFloor, fit_context};
pub use corpus_rows::{CorpusRowError, CorpusRows};
pub use datasets::{Datasets, NoDatasets};
pub use evaluate::evaluate;
pub use experiment::{
    Experiment, ExperimentError, HeadStart, LostTokens, Metrics, OtherTask, Outcome, Prediction,
    Settings, Start, Training,
};
pub use figures::{curves, loss_curve};
pub use fingerprint::fingerprint;
pub use floor::{Floor, FloorData, FloorOutcome, gc_auroc, regress_rows};
pub use identity::identity;
pub use judgement::{Imbalanced, Judgement, Scored};
pub use kmer_start::kmer_embeddings;
pub use ngrams::{NgramReader, Ngrams};
pub use recipe::Recipe;
pub use size::ModelSize;
