//! Why a model folder cannot be used.

use std::path::PathBuf;

use dnabert_kmer::VocabularyError;
use dnabert_model::CheckpointError;

/// Why a model folder cannot be used to predict, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The weights or the config.
    #[error("the model cannot be read or written")]
    Checkpoint(#[from] CheckpointError),
    /// The vocabulary.
    #[error("the vocabulary cannot be read or written")]
    Vocabulary(#[from] VocabularyError),
    /// The byte-pair tokenizer.
    #[cfg(feature = "bpe")]
    #[error("the tokenizer cannot be read or written")]
    Bpe(#[from] dnabert_bpe::BpeError),
    /// A byte-pair tokenizer, in a program without one.
    #[error("{}: byte pairs are not in this program: build it with `--features bpe`", path.display())]
    NoBpe {
        /// The file.
        path: PathBuf,
    },
    /// A classifier that reads chunks, where one row is explained.
    #[error("{}: gradients of DNABERT's heads over chunks are not read", folder.display())]
    Chunked {
        /// The model folder.
        folder: PathBuf,
    },
    /// A model of another kind.
    #[error("{}: {wanted} is needed, and this is {found}", folder.display())]
    OtherHead {
        /// The model folder.
        folder: PathBuf,
        /// What the caller needs.
        wanted: &'static str,
        /// What the folder holds.
        found: &'static str,
    },
    /// A model that has no such class.
    #[error("{}: class {class} (from 0), but the model has {classes} classes", folder.display())]
    NoClass {
        /// The model folder.
        folder: PathBuf,
        /// The class that was asked for.
        class: usize,
        /// Classes of the model; 0 where its outputs are no classes.
        classes: usize,
    },
    /// A model of byte pairs, where k-mers are needed.
    #[error("{}: its tokens are byte pairs, and single bases can be asked of k-mers only", folder.display())]
    NoKmers {
        /// The model folder.
        folder: PathBuf,
    },
    /// A linear classifier.
    #[error(transparent)]
    Baseline(#[from] dnabert_baseline::BaselineError),
    /// A file that is no description of an ensemble.
    #[error("{}: this is no description of an ensemble", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        #[source]
        source: serde_json::Error,
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
    /// An ensemble of a later version.
    #[error("{}: an ensemble of schema {schema} cannot be read", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
    /// A member that is not in the folder of its ensemble.
    #[error("{}: the member {} is not a folder beside this file", path.display(), folder.display())]
    MemberFolder {
        /// The file.
        path: PathBuf,
        /// The member's folder.
        folder: PathBuf,
    },
    /// An ensemble of which no network, or not one only, can be taken.
    #[error(
        "{}: this ensemble has {} networks, and one is needed: name its folder{}",
        folder.display(), networks.len(), Listed(networks)
    )]
    Networks {
        /// The folder of the ensemble.
        folder: PathBuf,
        /// The folders of its networks.
        networks: Vec<PathBuf>,
    },
    /// Members that cannot answer together.
    #[error("{}: the members do not fit together", path.display())]
    Ensemble {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: crate::EnsembleError,
    },
    /// A tokenizer whose ids the network has not.
    #[error("the tokenizer has {tokenizer} ids and the network {network}")]
    VocabularySize {
        /// Ids of the tokenizer.
        tokenizer: usize,
        /// Ids of the network.
        network: usize,
    },
    /// A file that cannot be read or written.
    #[error("{}: the file cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// Folders behind a colon; nothing where there are none.
struct Listed<'a>(&'a [PathBuf]);

impl std::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, folder) in self.0.iter().enumerate() {
            write!(f, "{} {}", if number == 0 { "," } else { " or" }, folder.display())?;
        }
        Ok(())
    }
}
