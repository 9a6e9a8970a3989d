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
mod window;

pub use change::{Change, Kind, ReferencePolicy, Skipped};
pub use haplotype::{HaplotypeError, Haplotypes};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetTable, ParquetTableError};
pub use window::{Along, PlacedWindow, Windows, apply};
