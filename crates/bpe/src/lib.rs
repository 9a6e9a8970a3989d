#![doc = include_str!("../README.md")]

mod error;
mod tokenizer;

pub use dnabert_core::{
    AmbiguityPolicy, Encoding, EncodingReport, LengthPolicy, Sequence, SequenceError,
    SpecialTokens, Tiles, Tiling, TokenizeError, Tokenizer,
};
pub use error::BpeError;
pub use tokenizer::BpeTokenizer;
