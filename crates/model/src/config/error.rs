//! Errors of configs.

use std::path::PathBuf;

/// The error for a `config.json` that cannot be read, written or built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is not valid JSON, or a field is missing or has a wrong type.
    #[error("{}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line and column, and what was expected.
        #[source]
        source: serde_json::Error,
    },
    /// A folder of version 0.1, whose network also counts k-mers: since 0.2 a regression beside the
    /// network does.
    #[error(
        "{}: this model of dnabert 0.1 counts k-mers inside the network; convert it with \
         `dnabert convert --model FOLDER --out NEW`",
        path.display()
    )]
    OldNgrams {
        /// The file.
        path: PathBuf,
    },
    /// A field has an unsupported value.
    #[error("config field `{field}` is {value}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// What the value must be.
        reason: &'static str,
    },
}
