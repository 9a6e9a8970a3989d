#![doc = include_str!("../README.md")]

pub mod audit;
mod binding;
pub mod build;
mod centre_crop;
mod cluster;
pub mod corpus;
mod cross_validation;
mod error;
mod input;
mod labelled_fasta;
mod manifest;
mod offset_negatives;
mod promoter;
pub mod scan;
mod shipped;
mod single_table;
mod splice;
mod subset;
mod table;
mod table_task;

pub use binding::{BindingSet, BindingTask};
pub use centre_crop::CentreCrop;
pub use cluster::clusters;
pub use cross_validation::{CrossValidation, Fold, FoldError};
pub use error::DataError;
pub use input::{Input, Inputs, read_inputs};
pub use labelled_fasta::read_labelled_fasta;
pub use manifest::{DataFile, DataSet, FileRole, Manifest, ManifestError, sha256};
pub use offset_negatives::OffsetNegatives;
pub use promoter::{PromoterSet, PromoterTask};
pub use shipped::{RowSource, ShippedSet, ShippedTask};
pub use single_table::SingleTableSplit;
pub use splice::{SpliceSet, SpliceTask};
pub use subset::Subset;
pub use table::{Row, TableFormat, read_examples, read_rows};
pub use table_task::TableTask;
