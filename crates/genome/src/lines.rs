//! Lines of a text file, with their numbers.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

/// Why a file of intervals cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be opened, or ends in the middle of what gzip compressed.
    #[error("{}: after line {line}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The last line that was read, from 1; 0 for none.
        line: usize,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A line says what it may not.
    #[error("{}, line {line}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: LineError,
    },
    /// The file has no feature of the kind that was asked for.
    #[error("{}: no feature of kind {wanted:?}; there are {}", path.display(), found.join(", "))]
    NoFeature {
        /// The file.
        path: PathBuf,
        /// The kind.
        wanted: &'static str,
        /// The kinds that are there.
        found: Vec<String>,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It has too few columns.
    #[error("no column {column} ({name})")]
    Missing {
        /// The column, from 1.
        column: usize,
        /// What stands in it.
        name: &'static str,
    },
    /// A value is not of its kind.
    #[error("column {column} ({name}): {found:?} is not {expected}")]
    Value {
        /// The column, from 1.
        column: usize,
        /// What stands in it.
        name: &'static str,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The coordinates make no interval.
    #[error(transparent)]
    Interval(#[from] crate::IntervalError),
    /// The parser of the format says so.
    #[error("{0}")]
    Format(String),
    /// A part of a transcript does not say of which.
    #[error("{kind} without a transcript")]
    Orphan {
        /// What it is.
        kind: String,
    },
}

/// Streams the lines of a file, plain or gzip, without their ends.
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
        Ok((read > 0).then(|| self.text.trim_end_matches(['\n', '\r'])))
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// An error in the line that was read last.
    pub(crate) fn error(&self, source: impl Into<LineError>) -> TableError {
        TableError::Line { path: self.path.clone(), line: self.number, source: source.into() }
    }
}
