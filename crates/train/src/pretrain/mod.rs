//! Masked-language-model training (Devlin et al. 2019, doi 10.18653/v1/N19-1423; DNABERT: Ji et al.
//! 2021, doi 10.1093/bioinformatics/btab083).
//!
//! The rows, masks, order and dropout of a step depend only on the seed and the step. A checkpoint
//! therefore holds only the weights, the optimizer state and the step, and a run that continues
//! from it ends with the same bits as an uninterrupted run.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use burn::tensor::Device;
//! use dnabert_core::{Encoding, Tokenizer};
//! use dnabert_kmer::{KmerMasking, KmerTokenizer, SPECIAL_TOKENS};
//! use dnabert_model::BertConfig;
//! use dnabert_train::pretrain::{MaskSchedule, PretrainConfig, PretrainData, Rows, pretrain};
//!
//! /// Repeats of one motif, at different offsets.
//! struct Repeats(KmerTokenizer);
//!
//! impl Rows for Repeats {
//!     type Error = Infallible;
//!
//!     fn row(&self, number: u64) -> Result<Encoding, Infallible> {
//!         let text = &"ACGGTCT".repeat(6)[number as usize % 7..];
//!         Ok(self.0.encode(&text.parse().unwrap()).unwrap())
//!     }
//! }
//!
//! let config = BertConfig {
//!     hidden_size: 12,
//!     num_hidden_layers: 2,
//!     num_attention_heads: 3,
//!     intermediate_size: 24,
//!     max_position_embeddings: 64,
//!     ..BertConfig::new(69)
//! };
//! let model = config.masked_language_model(1, &Device::flex());
//! let rows = Repeats(KmerTokenizer::new(3)?);
//! let held_out = [rows.row(100)?];
//! let masking = KmerMasking::new(3, 0.15)?;
//! let data = PretrainData {
//!     rows: &rows,
//!     held_out: &held_out,
//!     masks: MaskSchedule::constant(&masking),
//!     tokens: SPECIAL_TOKENS,
//! };
//! let settings =
//!     PretrainConfig { steps: 3, batch_size: 4, warmup_steps: 1, ..Default::default() };
//! let (_model, evaluation) = pretrain(model, &data, &settings, None, &mut ())?;
//! assert!(evaluation.unwrap().loss < 5.0); // ln 69 = 4.2 for a uniform guess
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

/// An endless numbered source of token rows that can be shared between threads.
pub trait Rows: Sync {
    /// The error of a row that cannot be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns row `number`; the same number always gives the same row.
    ///
    /// # Errors
    ///
    /// The error of a row that cannot be read.
    fn row(&self, number: u64) -> Result<Encoding, Self::Error>;
}
