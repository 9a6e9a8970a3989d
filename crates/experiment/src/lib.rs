#![doc = include_str!("../README.md")]

mod auto;
mod baseline;
mod benchmark;
pub mod comparison;
mod context_baseline;
mod corpus_rows;
pub mod datasets;
mod evaluate;
mod evaluation;
mod evaluation_table;
mod experiment;
mod figures;
mod fingerprint;
mod gue;
mod identity;
mod kmer_start;
mod ngram_head;
mod ngrams;
mod probe;
mod recipe;
mod results_folder;
mod size;

pub use auto::{Auto, AutoMetrics, AutoOutcome, Candidate, Evidence, MemberReport, StrandEvidence};
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
pub use gue::{GueBaseline, GueResult, Published, Scored, gue_table, run_gue};
pub use identity::identity;
pub use kmer_start::kmer_embeddings;
pub use ngrams::{NgramReader, Ngrams};
pub use recipe::Recipe;
pub use size::ModelSize;
