use std::path::PathBuf;

use crate::MatrixError;

/// Why a motif file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MotifFileError {
    /// The file cannot be read.
    #[error("{}: the file cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The first line fits no format.
    #[error(
        "{}: unknown motif format: expected JASPAR (>ID, and a line for each base), HOMER (>ID, and \
         a line for each position), MEME (MEME version 4) or TRANSFAC (ID). In motifs of four \
         positions, write letters before the lines of bases, or frequencies in those of positions",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no motif.
    #[error("{}: the file holds no motif", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content is invalid.
    #[error("{}: the motifs cannot be read", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, the motif and the defect.
        source: ParseError,
    },
}

/// Why a text of motifs is invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}, motif {motif}: {kind}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The identifier of the motif, or `-` before the first one.
    pub motif: String,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Text that is not a number.
    #[error("{0:?} is not a number")]
    Number(String),
    /// The wrong number of values.
    #[error("found {found} numbers, expected {expected}")]
    Numbers {
        /// The number of values found.
        found: usize,
        /// The number of values expected.
        expected: usize,
    },
    /// Unexpected text.
    #[error("found {found:?}, expected {expected}")]
    Expected {
        /// The text found.
        found: String,
        /// The text expected.
        expected: &'static str,
    },
    /// An alphabet other than DNA.
    #[error("an alphabet of {0} letters, but DNA has 4")]
    Alphabet(usize),
    /// The text ends too early.
    #[error("the text ends before the motif is complete")]
    End,
    /// The numbers are not a valid matrix.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}
