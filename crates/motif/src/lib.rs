#![doc = include_str!("../README.md")]

mod enrichment;
mod matrix;
mod overlap;
pub mod reference;
mod region;

pub use enrichment::{benjamini_hochberg, hypergeometric_tail};
pub use matrix::{Background, Counts, Frequencies, MatrixError, Weights};
pub use overlap::{Overlap, overlap};
pub use region::high_regions;
