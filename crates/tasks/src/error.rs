//! Errors of data files.

use std::path::PathBuf;

use dnabert_core::{SequenceError, Split};
use dnabert_genome::fasta::FastaError;

/// Why labelled sequences cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A record is not text in UTF-8.
    #[error("{}:{line}: the line is not text in UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
    },
    /// A quoted field has no end.
    #[error("{}:{line}: a field begins with a quote that is never closed", path.display())]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
    },
    /// A record is too long for a table.
    #[error("{}:{line}: a record of more than {most} bytes; is this a table?", path.display())]
    LongRecord {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// The most that is read.
        most: usize,
    },
    /// The file has no row of data.
    #[error("{}: no row of data", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Pairs of sequences were expected, and the file is FASTA.
    #[error("{}: a FASTA file cannot hold pairs of sequences; give a table", path.display())]
    NoPairs {
        /// The file.
        path: PathBuf,
    },
    /// A row has too few columns.
    #[error("{}:{line}: {found} columns, but column {needed} holds the {field}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Columns in this row.
        found: usize,
        /// 1-based column that is needed.
        needed: usize,
        /// What it should hold.
        field: &'static str,
    },
    /// The header names no column of labels.
    #[error(
        "{}:{line}: no column is named label, labels or class, but {}",
        path.display(), names.join(", ")
    )]
    NoLabelColumn {
        /// The file.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// The names of the columns.
        names: Vec<String>,
    },
    /// A row has no sequence.
    #[error("{}:{line}: the sequence is empty", path.display())]
    EmptySequence {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
    },
    /// The sequence of a row is not DNA.
    #[error("{}:{line}: not a DNA sequence", path.display())]
    Sequence {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Letter and position.
        #[source]
        source: SequenceError,
    },
    /// A label is not the name or index of a class.
    #[error("{}:{place}: label {label:?} is none of the {} classes ({})",
        path.display(), classes.len(), classes.join(", "))]
    UnknownLabel {
        /// The file.
        path: PathBuf,
        /// Line, or name of the FASTA record.
        place: String,
        /// The label.
        label: String,
        /// The classes.
        classes: Vec<String>,
    },
    /// A FASTA record has no label.
    #[error("{}: record {record:?} has no `label=` in its header", path.display())]
    MissingLabel {
        /// The file.
        path: PathBuf,
        /// The record.
        record: String,
    },
    /// The classes cannot be read from the labels, because a label is not a whole number.
    #[error("{}:{line}: label {label:?} is not a whole number; name the classes (--classes) to use other labels",
        path.display())]
    LabelNotNumber {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// The label.
        label: String,
    },
    /// The labels, as numbers, have a gap, or there is only one class.
    #[error("{}: no row of class {class}; the classes must be 0, 1, … without a gap, and at least two, or be named (--classes)", path.display())]
    MissingClass {
        /// The file.
        path: PathBuf,
        /// The class without rows.
        class: usize,
    },
    /// A setting is out of range.
    #[error("`{field}` is {value}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        reason: &'static str,
    },
    /// One table cannot be split so that every class is in every split.
    #[error(
        "{}: the {split} split would have no row of class {class:?}, whose {rows} rows form {clusters} \
         clusters of sequences that share a {shared}-mer; give train, dev and test as three tables, \
         or a longer `shared`, or larger fractions",
        path.display()
    )]
    ClassNotInSplit {
        /// The file.
        path: PathBuf,
        /// The split.
        split: Split,
        /// The class.
        class: String,
        /// Rows of the class in the table.
        rows: usize,
        /// Clusters that have rows of the class.
        clusters: usize,
        /// Length of the k-mers that put two rows into one cluster.
        shared: usize,
    },
    /// The FASTA file cannot be read.
    #[error(transparent)]
    Fasta(#[from] FastaError),
}
