//! What can be wrong with a config.

use std::path::PathBuf;

/// Why a `config.json` describes no network that can be built here.
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
    /// The file is no JSON, or a field is missing or has a wrong type.
    #[error("{}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
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
    /// A field has a value that cannot be built.
    #[error("config field `{field}` is {value}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        reason: &'static str,
    },
}
