#![doc = include_str!("../README.md")]

pub mod corpus;
mod error;
mod input;
mod labelled_fasta;
mod manifest;
mod promoter;
mod table;
mod table_task;

pub use error::DataError;
pub use input::{Input, Inputs, read_inputs};
pub use labelled_fasta::read_labelled_fasta;
pub use manifest::{DataFile, DataSet, Manifest, ManifestError, sha256};
pub use promoter::{PromoterSet, PromoterTask};
pub use table::{Row, TableFormat, read_examples, read_rows};
pub use table_task::TableTask;
