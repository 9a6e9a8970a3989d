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
