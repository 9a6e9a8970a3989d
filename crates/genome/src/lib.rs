#![doc = include_str!("../README.md")]

pub mod fasta;
mod open;
mod runs;

pub use open::open;
pub use runs::{Run, Runs};
