#![doc = include_str!("../README.md")]

mod error;
mod tokenizer;

pub use error::BpeError;
pub use tokenizer::BpeTokenizer;
