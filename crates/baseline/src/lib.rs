#![doc = include_str!("../README.md")]

mod cnn;
mod cnn_classifier;
pub mod context;
mod error;
mod features;
mod linear;
mod logistic;
mod minimize;
mod ngram;
mod saved;

pub use cnn::{Cnn, CnnConfig};
pub use cnn_classifier::CnnClassifier;
pub use context::ContextModel;
pub use error::BaselineError;
pub use features::{KmerFractions, OneHot, SparseRow};
pub use linear::{Features, LinearClassifier, tensor_values};
pub use logistic::LogisticRegression;
pub use ngram::{FIRST_KMER, NgramFeatures};
pub use saved::{CLASSIFIER_FILE, SavedKind, saved_kind};
