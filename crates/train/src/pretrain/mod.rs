//! Masked-language-model training (Devlin et al. 2019, doi 10.18653/v1/N19-1423; DNABERT: Ji et al.
//! 2021, doi 10.1093/bioinformatics/btab083).
//!
//! Rows, masks, order and dropout of a step follow from (seed, step). A checkpoint therefore holds
//! weights, optimizer and step and nothing else, and a run that goes on from it ends with the same
//! bits as one that was never stopped.

mod checkpoint;
mod config;
mod evaluate;
mod log;
mod masked_batch;
mod run;

use dnabert_core::Encoding;

pub use checkpoint::Checkpoints;
pub use config::{MaskSchedule, PretrainConfig};
pub use evaluate::{MaskedEvaluation, RowEvaluation, evaluate_masked, evaluate_rows};
pub use log::{LogLine, TrainingLog};
pub use run::{PretrainData, pretrain, pretrain_on};

/// Token rows by number, without end; can be shared between threads.
pub trait Rows: Sync {
    /// Why a row cannot be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The row of a number: the same row each time.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    fn row(&self, number: u64) -> Result<Encoding, Self::Error>;
}
