#![doc = include_str!("../README.md")]

mod codec;
mod piece;
pub mod reference;
pub mod sentence;
mod tile;
mod tokenizer;
mod vocabulary;

pub use tokenizer::{AmbiguityPolicy, KmerTokenizer, LengthPolicy};
pub use vocabulary::{SPECIAL_TOKENS, Vocabulary, VocabularyError};
