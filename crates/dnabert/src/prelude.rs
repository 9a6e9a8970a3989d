//! What most programs need: `use dnabert::prelude::*;`

pub use dnabert_core::{
    Attribution, BothStrands, Classifier, Encoding, Example, Sequence, Split, Task, Tokenizer,
};
#[cfg(feature = "experiment")]
pub use dnabert_experiment::{
    Baseline, Benchmark, Datasets, Experiment, Outcome, Predictions, Recipe, evaluate,
};
#[cfg(feature = "genome")]
pub use dnabert_genome::Genome;
pub use dnabert_inference::{
    AnyClassifier, AttributionMethod, Backend, Device, Ensemble, Model, Predictor, device,
};
pub use dnabert_kmer::KmerTokenizer;
pub use dnabert_model::Pooling;
#[cfg(feature = "experiment")]
pub use dnabert_tasks::{SingleTableSplit, TableFormat, TableTask};
#[cfg(feature = "variants")]
pub use dnabert_variants::Scorer;
