#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use dnabert_baseline as baseline;
#[cfg(feature = "bpe")]
#[doc(inline)]
pub use dnabert_bpe as bpe;
#[doc(inline)]
pub use dnabert_core as core;
#[doc(inline)]
pub use dnabert_experiment as experiment;
#[doc(inline)]
pub use dnabert_figure as figure;
#[doc(inline)]
pub use dnabert_genome as genome;
#[doc(inline)]
pub use dnabert_inference as inference;
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

pub use dnabert_experiment::*;
pub use dnabert_inference::*;

/// What most programs need: `use dnabert::prelude::*;`
pub mod prelude {
    pub use dnabert_core::{
        Attribution, BothStrands, Classifier, Encoding, Example, Sequence, Split, Task, Tokenizer,
    };
    pub use dnabert_experiment::{
        Baseline, Benchmark, Datasets, Experiment, Outcome, Predictions, Recipe, evaluate,
    };
    pub use dnabert_genome::Genome;
    pub use dnabert_inference::{
        AttributionMethod, Backend, Device, Ensemble, Model, Predictor, device,
    };
    pub use dnabert_kmer::KmerTokenizer;
    pub use dnabert_model::Pooling;
    pub use dnabert_tasks::{SingleTableSplit, TableFormat, TableTask};
}
