//! The pre-trained model that the project ships.

/// Its folder.
pub(crate) const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/small-4");
