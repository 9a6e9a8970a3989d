#![doc = include_str!("../README.md")]

mod cluster;
pub mod compare;
pub mod discover;
mod enrichment;
pub mod file;
mod logo;
mod matrix;
mod motif;
mod overlap;
pub mod reference;
mod region;
pub mod scan;
mod word_index;

pub use cluster::{cluster, similarity};
pub use dnabert_core::{Sequence, SequenceError, Strand};
pub use enrichment::{benjamini_hochberg, hypergeometric_tail};
pub use logo::logo;
pub use matrix::{Background, CountMatrix, FrequencyMatrix, MatrixError, ScoringMatrix};
pub use motif::Motif;
pub use overlap::{Overlap, overlap};
pub use region::high_regions;
