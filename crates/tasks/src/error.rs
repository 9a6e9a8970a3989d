//! What can be wrong with a data file.

use std::path::PathBuf;

use dnabert_core::{SequenceError, Split};
use dnabert_genome::fasta::FastaError;

/// Why labelled sequences cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be opened or read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Text that is no table.
    #[error("{}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Line and cause.
        #[source]
        source: csv::Error,
    },
    /// A file without a row of data.
    #[error("{}: no row of data", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Pairs, where they were asked for in a FASTA file.
    #[error("{}: FASTA holds no pairs of sequences; give a table", path.display())]
    NoPairs {
        /// The file.
        path: PathBuf,
    },
    /// A row with too few columns.
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
    /// A row without a sequence.
    #[error("{}:{line}: the sequence is empty", path.display())]
    EmptySequence {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
    },
    /// A row whose sequence is no DNA.
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
    /// A label that names no class.
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
    /// A FASTA record without a label.
    #[error("{}: record {record:?} has no `label=` in its header", path.display())]
    MissingLabel {
        /// The file.
        path: PathBuf,
        /// The record.
        record: String,
    },
    /// A training table from which no classes can be read.
    #[error("{}:{line}: label {label:?} is not a whole number; name the classes to use other labels",
        path.display())]
    LabelNotNumber {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// The label.
        label: String,
    },
    /// A training table whose numbered classes have a gap, or that has one class only.
    #[error("{}: no row of class {class}, and a classifier needs at least two classes", path.display())]
    MissingClass {
        /// The file.
        path: PathBuf,
        /// The class without rows.
        class: usize,
    },
    /// A setting out of its range.
    #[error("`{field}` is {value}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        reason: &'static str,
    },
    /// A table that cannot be split so that each class is in each split.
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
    /// A FASTA file that cannot be read.
    #[error(transparent)]
    Fasta(#[from] FastaError),
}
