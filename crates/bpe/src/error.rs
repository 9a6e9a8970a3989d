//! Errors of tokenizer files.

use std::path::PathBuf;

/// Why a `tokenizer.json` cannot be used or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BpeError {
    /// A file that cannot be read, or does not hold a tokenizer.
    #[error("{}: the tokenizer cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A vocabulary without one of the special tokens.
    #[error("{}: the vocabulary has no special token {token}", path.display())]
    NoSpecialToken {
        /// The file.
        path: PathBuf,
        /// The missing token.
        token: &'static str,
    },
    /// A vocabulary without one of the four bases, which would make different sequences equal.
    #[error("{}: the vocabulary has no token for the base {base}", path.display())]
    NoBase {
        /// The file.
        path: PathBuf,
        /// The missing base.
        base: char,
    },
    /// A file that cannot be written.
    #[error("{}: the tokenizer cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}
