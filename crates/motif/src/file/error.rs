use std::path::PathBuf;

use crate::MatrixError;

/// A file of motifs that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MotifFileError {
    /// The file.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its first line is that of no format.
    #[error("{}: neither JASPAR (>ID), MEME (MEME version 4) nor TRANSFAC (ID, AC, P0)", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// It holds no motif.
    #[error("{}: the file holds no motif", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its content.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: ParseError,
    },
}

/// Text that is no motif.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}, motif {motif}: {kind}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The motif's identifier, or `-` before the first.
    pub motif: String,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A number is expected.
    #[error("{0:?} is no number")]
    Number(String),
    /// More or fewer numbers than the motif has.
    #[error("{found} numbers, where {expected} are expected")]
    Numbers {
        /// How many stand there.
        found: usize,
        /// How many should.
        expected: usize,
    },
    /// Something else is expected.
    #[error("{found:?}, where {expected} is expected")]
    Expected {
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// An alphabet other than that of DNA.
    #[error("{0} letters, where DNA has 4")]
    Alphabet(usize),
    /// The text ends too early.
    #[error("the text ends within the motif")]
    End,
    /// The numbers make no matrix.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}
