#![doc = include_str!("../README.md")]

mod attention;
pub mod reference;
mod track;

pub use attention::{AttentionScores, Heads, Query};
pub use track::{TrackBuilder, mean_track, unit_norm};
