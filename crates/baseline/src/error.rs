//! Why a classifier cannot be made, written or read.

use std::path::PathBuf;

use dnabert_kmer::VocabularyError;
use safetensors::tensor::Dtype;

use crate::Features;

/// Why a classifier cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// A file that cannot be read or written.
    #[error("{}: the file cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that does not describe a classifier.
    #[error("{}: the file does not describe a classifier", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        #[source]
        source: serde_json::Error,
    },
    /// A classifier of another kind, or of a later version.
    #[error("{}: a {found} classifier of schema {schema} cannot be read", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// Its schema.
        schema: u32,
    },
    /// A file of weights that cannot be read.
    #[error("{}: the weights cannot be read", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: safetensors::SafeTensorError,
    },
    /// A tensor of other numbers than are read.
    #[error("{}: `{name}` holds {found:?} numbers, and only F32 and F16 are read", path.display())]
    Numbers {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The type of its numbers.
        found: Dtype,
    },
    /// Weights that do not fit the features and labels.
    #[error("{what} are {found}, but {expected} are expected")]
    Shape {
        /// What does not fit.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many belong there.
        expected: usize,
    },
    /// Weights that are no numbers.
    #[error("{what} number {at} is {value}")]
    NotFinite {
        /// What is wrong.
        what: &'static str,
        /// Which, from 0.
        at: usize,
        /// Its value.
        value: f32,
    },
    /// Weights of a file that do not fit its settings.
    #[error("{}: the weights do not fit {}", path.display(), crate::CLASSIFIER_FILE)]
    Misfit {
        /// The file of the weights.
        path: PathBuf,
        /// What does not fit.
        #[source]
        source: Box<BaselineError>,
    },
    /// Features that cannot be made.
    #[error("the features {0:?} cannot be made")]
    Features(Features),
    /// A k-mer length that does not exist.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
}
