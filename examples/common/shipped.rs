//! The models that the project ships to start from.
#![allow(dead_code, reason = "not every program asks for all")]

/// The folder of BERT as it is: 4 layers of width 128.
pub(crate) const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/small-4");

/// The folder of small-4 after it has learned fruit-fly splice sites of 60 bases.
pub(crate) const FLY_SPLICE_60: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/splice-fly-60");

/// The folder of 4 layers of width 128 behind a convolution.
pub(crate) const CONVOLUTIONAL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/convolutional-4");

/// The folder of convolutional-4 after it has learned to tell known motifs apart.
pub(crate) const KNOWN_MOTIFS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/convolutional-4-motifs");
