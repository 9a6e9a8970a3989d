#![doc = include_str!("../README.md")]

mod cnn;
mod cnn_classifier;
pub mod context;
mod features;
mod linear;
mod logistic;
mod minimize;
mod ngram;

pub use cnn::{Cnn, CnnConfig};
pub use cnn_classifier::CnnClassifier;
pub use context::ContextModel;
pub use features::{KmerFractions, OneHot, SparseRow};
pub use linear::{BaselineError, CLASSIFIER_FILE, Features, LinearClassifier};
pub use logistic::LogisticRegression;
pub use ngram::{FIRST_KMER, NgramFeatures};
