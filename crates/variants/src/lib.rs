#![doc = include_str!("../README.md")]

pub mod annotate;
mod change;
pub mod effects;
mod haplotype;
pub mod map;
#[cfg(feature = "parquet")]
mod parquet;
pub mod reference;
pub mod score;
mod scorer;
mod window;
mod writer;

pub use change::{Change, Kind, ReferencePolicy, Skipped};
pub use haplotype::{HaplotypeError, Haplotypes, LeftOut};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetTable, ParquetTableError};
pub use scorer::{AlleleScorer, ScoreError, ScoredAllele, Scorer};
pub use window::{Along, PlacedWindow, Windows, apply};
pub use writer::{Format, SHARD, Shard, VariantWriter, WriterError};
