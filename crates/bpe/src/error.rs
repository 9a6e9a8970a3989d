//! What can be wrong with a tokenizer file.

use std::path::PathBuf;

/// Why a `tokenizer.json` cannot be used or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BpeError {
    /// A file that cannot be read, or is no tokenizer.
    #[error("{}: no tokenizer can be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A special token that the vocabulary lacks.
    #[error("{}: the vocabulary has no {token}", path.display())]
    NoSpecialToken {
        /// The file.
        path: PathBuf,
        /// The token.
        token: &'static str,
    },
    /// A base that the vocabulary lacks, so that sequences could not be told apart.
    #[error("{}: the vocabulary has no token for the base {base}", path.display())]
    NoBase {
        /// The file.
        path: PathBuf,
        /// The base.
        base: char,
    },
    /// A file that cannot be written.
    #[error("{}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}
