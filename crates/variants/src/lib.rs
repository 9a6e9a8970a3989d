#![doc = include_str!("../README.md")]

pub mod annotate;
mod change;
pub mod effects;
pub mod map;
pub mod reference;
pub mod score;
mod window;

pub use change::{Change, Kind, ReferencePolicy, Skipped};
pub use window::{Along, PlacedWindow, Windows, apply};
