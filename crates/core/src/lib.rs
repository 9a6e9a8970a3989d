#![doc = include_str!("../README.md")]

mod attribution;
mod both_strands;
mod classifier;
mod encoding;
pub mod file;
mod log_odds;
mod mask;
mod policy;
mod seed;
mod sequence;
mod stitch;
mod strand;
mod task;
pub mod text;
mod tile;
mod tokenizer;

pub use attribution::Attribution;
pub use both_strands::BothStrands;
pub use classifier::Classifier;
pub use encoding::{Encoding, EncodingReport};
pub use log_odds::log_odds;
pub use mask::{MaskPlan, MaskedRow};
pub use policy::{AmbiguityPolicy, LengthPolicy, shorten_pair};
pub use seed::derive_seed;
pub use sequence::{
    AmbiguityRule, LetterPolicy, LetterReport, LetterRule, Sequence, SequenceError, is_base,
};
pub use stitch::Stitcher;
pub use strand::{Strand, StrandError};
pub use task::{Example, Split, Task};
pub use tile::{Tiles, Tiling};
pub use tokenizer::{SpecialTokens, TokenizeError, Tokenizer};
