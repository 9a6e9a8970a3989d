#![doc = include_str!("../README.md")]

mod cnn;
pub mod context;
mod features;
mod logistic;
mod minimize;

pub use cnn::{Cnn, CnnConfig};
pub use context::ContextModel;
pub use features::{KmerShares, OneHot, SparseRow};
pub use logistic::LogisticRegression;
