#![doc = include_str!("../README.md")]

pub mod fasta;
mod open;

pub use open::open;
