//! Errors of model folders.

use std::path::PathBuf;

use dnabert_kmer::VocabularyError;
use dnabert_model::{CheckpointError, Precision, PrecisionError};

/// Why a model folder cannot be used for prediction, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The weights or the config cannot be read or written.
    #[error("the model cannot be read or written")]
    Checkpoint(#[from] CheckpointError),
    /// The vocabulary cannot be read or written.
    #[error("the vocabulary cannot be read or written")]
    Vocabulary(#[from] VocabularyError),
    /// The byte-pair tokenizer cannot be read or written.
    #[cfg(feature = "bpe")]
    #[error("the tokenizer cannot be read or written")]
    Bpe(#[from] dnabert_bpe::BpeError),
    /// The folder has a byte-pair tokenizer, which was not compiled into the program.
    #[error("{}: byte pairs are not in this program: build it with `--features bpe`", path.display())]
    NoBpe {
        /// The file.
        path: PathBuf,
    },
    /// The classifier reads a sequence in chunks, but gradients are computed for one row only.
    #[error("{}: gradients of DNABERT's heads over chunks are not read", folder.display())]
    Chunked {
        /// The model folder.
        folder: PathBuf,
    },
    /// The model is of another kind.
    #[error("{}: {wanted} is needed, and this is {found}", folder.display())]
    OtherHead {
        /// The model folder.
        folder: PathBuf,
        /// The kind that the caller needs.
        wanted: &'static str,
        /// The kind in the folder.
        found: &'static str,
    },
    /// The model has no such class.
    #[error("{}: class {class} (from 0), but the model has {classes} classes", folder.display())]
    NoClass {
        /// The model folder.
        folder: PathBuf,
        /// The requested class.
        class: usize,
        /// Number of classes of the model; 0 where its outputs are not classes.
        classes: usize,
    },
    /// The model cannot predict in this precision.
    #[error("{}: the precision cannot be used", folder.display())]
    Precision {
        /// The model folder.
        folder: PathBuf,
        /// The cause.
        #[source]
        source: PrecisionError,
    },
    /// Gradients need weights in f32.
    #[error("{}: gradients need weights in f32, and these are in {precision}: choose precision f32, or attention, rollout or mutagenesis", folder.display())]
    NoGradients {
        /// The model folder.
        folder: PathBuf,
        /// The precision of the weights.
        precision: Precision,
    },
    /// The tokens of the model are byte pairs, where k-mers are needed.
    #[error("{}: its tokens are byte pairs, and single bases can be asked of k-mers only", folder.display())]
    NoKmers {
        /// The model folder.
        folder: PathBuf,
    },
    /// A linear classifier cannot be read or written.
    #[error(transparent)]
    Baseline(#[from] dnabert_baseline::BaselineError),
    /// A file is not a description of an ensemble, or of a network with your own encoder.
    #[error("{}: the file cannot be read as a description of a model", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// Line, column and the cause.
        #[source]
        source: serde_json::Error,
    },
    /// A file of weights cannot be read.
    #[error("{}: the weights cannot be read", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: safetensors::SafeTensorError,
    },
    /// A description has a later version of the file format.
    #[error("{}: a description of schema {schema} cannot be read", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
    /// A member is not in the folder of its ensemble.
    #[error("{}: the member {} is not a folder beside this file", path.display(), folder.display())]
    MemberFolder {
        /// The file.
        path: PathBuf,
        /// The member's folder.
        folder: PathBuf,
    },
    /// The ensemble has no network, or more than one.
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
    /// The members cannot form an ensemble.
    #[error("{}: the members do not fit together", path.display())]
    Ensemble {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: crate::EnsembleError,
    },
    /// The network has an encoder that is not this project's.
    #[error(
        "{}: the encoder of this network is `{encoder}`: open it with `Predictor::open_own` in a program that has it",
        path.display()
    )]
    OwnEncoder {
        /// The file.
        path: PathBuf,
        /// The type of the encoder.
        encoder: String,
    },
    /// The ids of a tokenizer do not match those of the network.
    #[error("the tokenizer has {tokenizer} ids and the network {network}")]
    VocabularySize {
        /// Number of ids of the tokenizer.
        tokenizer: usize,
        /// Number of ids of the network.
        network: usize,
    },
    /// A file cannot be read or written.
    #[error("{}: the file cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// Prints folders after a colon; nothing if there are none.
struct Listed<'a>(&'a [PathBuf]);

impl std::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, folder) in self.0.iter().enumerate() {
            write!(f, "{} {}", if number == 0 { "," } else { " or" }, folder.display())?;
        }
        Ok(())
    }
}
