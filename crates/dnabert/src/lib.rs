#![doc = include_str!("../README.md")]

#[cfg(feature = "experiment")]
#[doc(inline)]
pub use dnabert_baseline as baseline;
#[cfg(feature = "bpe")]
#[doc(inline)]
pub use dnabert_bpe as bpe;
#[doc(inline)]
pub use dnabert_core as core;
#[cfg(feature = "experiment")]
#[doc(inline)]
pub use dnabert_experiment as experiment;
#[cfg(feature = "figure")]
#[doc(inline)]
pub use dnabert_figure as figure;
#[cfg(feature = "genome")]
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
#[cfg(feature = "motif")]
#[doc(inline)]
pub use dnabert_motif as motif;
#[cfg(feature = "experiment")]
#[doc(inline)]
pub use dnabert_tasks as tasks;
#[cfg(feature = "experiment")]
#[doc(inline)]
pub use dnabert_train as train;
#[cfg(feature = "variants")]
#[doc(inline)]
pub use dnabert_variants as variants;

#[cfg(feature = "experiment")]
pub use dnabert_experiment::*;
pub use dnabert_inference::*;

pub mod prelude;
