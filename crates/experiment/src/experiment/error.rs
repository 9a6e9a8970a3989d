//! Why an experiment failed.

use std::path::PathBuf;

use dnabert_core::Split;
use dnabert_figure::FigureError;
use dnabert_inference::ModelError;
use dnabert_kmer::VocabularyError;
use dnabert_model::CheckpointError;
use dnabert_train::{EncodeError, TrainError};

use crate::Ngrams;

/// Why an experiment failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The data cannot be read.
    #[error("the {split} split of {task} cannot be read")]
    Data {
        /// The task.
        task: String,
        /// The split.
        split: Split,
        /// File and line.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A trained model cannot read the sequences.
    #[error("the {split} split of {task} cannot be predicted")]
    Predict {
        /// The task.
        task: String,
        /// The split.
        split: Split,
        /// Which sequence, and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A split has no examples.
    #[error("the {split} split of {task} is empty")]
    Empty {
        /// The task.
        task: String,
        /// The split.
        split: Split,
    },
    /// There is nothing to train.
    #[error("there is no candidate: name one, or let the data decide")]
    NoCandidate,
    /// The recipe is for single sequences.
    #[error("{task} has pairs of sequences: choose a recipe for networks, such as order")]
    Pairs {
        /// The task.
        task: String,
    },
    /// An example cannot be tokenized.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// K-mers cannot be counted: the tokens are byte pairs, or there would be too many columns.
    #[error("{0:?} cannot be counted: k-mers are needed, and fewer of them")]
    Ngrams(Ngrams),
    /// The k-mer length is not valid.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The model folder cannot be read or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The members do not have the same shape or the same tokens. They cannot read the same rows,
    /// or be saved in one folder with one config.
    #[error("{start}: not of the shape, or not with the k-mers, of {first}")]
    UnlikeStarts {
        /// The start of a further member.
        start: String,
        /// The start of the first member.
        first: String,
    },
    /// Low-rank adapters are of the attention weights of a BERT.
    #[error(
        "your own encoder cannot be trained by low-rank adapters: train all its weights, or the head alone"
    )]
    NoAdapters,
    /// A network cannot be trained.
    #[error("the network of seed {seed} cannot be trained")]
    Train {
        /// The seed of the network. An experiment may train several.
        seed: u64,
        /// The cause.
        #[source]
        source: TrainError,
    },
    /// A figure cannot be drawn.
    #[error("{}", path.display())]
    Figure {
        /// The file of the figure.
        path: PathBuf,
        /// The cause.
        #[source]
        source: FigureError,
    },
    /// A result cannot be written.
    #[error("{}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl From<CheckpointError> for ExperimentError {
    fn from(error: CheckpointError) -> Self {
        Self::Model(error.into())
    }
}
