#![doc = include_str!("../README.md")]

mod codec;
mod mask;
mod piece;
pub mod reference;
pub mod sentence;
mod tile;
mod tokenizer;
mod vocabulary;

pub use dnabert_core::{
    AmbiguityPolicy, Encoding, EncodingReport, LengthPolicy, LetterPolicy, MaskPlan, MaskedRow,
    Sequence, SequenceError, SpecialTokens, Tiles, Tiling, TokenizeError, Tokenizer,
};
pub use mask::{Draws, Eligible, KmerMasking, Replacement};
pub use tokenizer::KmerTokenizer;
pub use vocabulary::{SPECIAL_TOKENS, Vocabulary, VocabularyError};
