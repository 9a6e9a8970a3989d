//! Numbered lines of a text file, and their errors.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

/// Why a table (BED, GTF, VCF, …) cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be opened or read, or its compressed data are incomplete.
    #[error("{}: the file cannot be read after line {line}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The last line that was read, from 1; 0 if there is none.
        line: usize,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A line is invalid.
    #[error("{}, line {line}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with the line.
        #[source]
        source: LineError,
    },
    /// The file has no feature of the requested kind.
    #[error(
        "{}: no feature of kind {wanted:?}; kinds found: {}{}",
        path.display(),
        found.join(", "),
        coding(found)
    )]
    NoFeature {
        /// The file.
        path: PathBuf,
        /// The requested kind.
        wanted: &'static str,
        /// The kinds that the file has.
        found: Vec<String>,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line has too few columns.
    #[error("no column {column} ({name})")]
    Missing {
        /// The column, from 1.
        column: usize,
        /// The name of the column.
        name: &'static str,
    },
    /// A value has the wrong type or range.
    #[error("column {column} ({name}): {found:?} is not {expected}")]
    Value {
        /// The column, from 1.
        column: usize,
        /// The name of the column.
        name: &'static str,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The coordinates are not a valid interval.
    #[error(transparent)]
    Interval(#[from] crate::IntervalError),
    /// The line violates its format.
    #[error("{0}")]
    Format(String),
}

fn coding(found: &[String]) -> &'static str {
    if found.iter().any(|kind| kind == "CDS") {
        "; the coding parts (CDS) can be read instead (--coding)"
    } else {
        ""
    }
}

/// Reads a file line by line, without line ends.
pub(crate) struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    text: String,
    number: usize,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self, TableError> {
        let path = path.to_path_buf();
        match crate::open(&path) {
            Ok(input) => Ok(Self { path, input, text: String::new(), number: 0 }),
            Err(source) => Err(TableError::Io { path, line: 0, source }),
        }
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> Result<Option<&str>, TableError> {
        self.text.clear();
        let read = self.input.read_line(&mut self.text);
        let read = read.map_err(|source| TableError::Io {
            path: self.path.clone(),
            line: self.number,
            source,
        })?;
        self.number += 1;
        Ok((read > 0).then(|| self.text.trim_end_matches('\n')))
    }

    /// The number of the last line that was read, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// An error in the last line that was read.
    pub(crate) fn error(&self, source: impl Into<LineError>) -> TableError {
        TableError::Line { path: self.path.clone(), line: self.number, source: source.into() }
    }
}
