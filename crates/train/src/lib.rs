#![doc = include_str!("../README.md")]

mod batch;
mod bootstrap;
mod clip;
mod encode;
mod error;
mod fine_tune;
#[cfg(feature = "flex")]
mod flex;
mod loss;
mod mask;
pub mod metric;
pub mod objective;
mod observer;
mod optimizer;
pub mod pretrain;
mod progress;
mod reduce;
mod schedule;
mod setting;
mod step_loop;
mod workers;

pub use batch::{EncodedExample, bucketed_batches};
pub use bootstrap::{ConfidenceInterval, bootstrap};
pub use clip::{clip_gradients, gradient_norm};
pub use encode::{EncodeError, encode_examples, shuffle_tokens};
pub use error::TrainError;
pub use fine_tune::{
    EarlyStop, EpochRecord, FineTuneConfig, FineTuned, Splits, fine_tune, fine_tune_for,
};
pub use loss::weighted_cross_entropy;
pub use metric::ClassificationReport;
pub use objective::{
    ClassWeights, Classification, MultiLabel, Objective, Regression, Selection, TokenClassification,
};
pub use observer::{EpochSummary, Observer, StepSummary, Warning};
pub use optimizer::{AdamWSettings, BertAdamW, adamw};
pub use progress::ProgressBar;
pub use schedule::LinearSchedule;
pub use step_loop::{StepLoop, StepReport};
