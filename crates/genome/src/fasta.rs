//! FASTA records as named, validated sequences.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use bio::io::fasta::{self, FastaRead};
use dnabert_core::{LetterPolicy, LetterReport, Sequence, SequenceError};

/// One FASTA record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The header up to the first white space, without `>`.
    pub name: String,
    /// The rest of the header.
    pub description: Option<String>,
    /// The bases.
    pub sequence: Sequence,
    /// What the letter policy touched.
    pub letters: LetterReport,
}

/// Why a FASTA file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FastaError {
    /// The file cannot be opened or read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file breaks the format after some records.
    #[error("{}: not FASTA after {records} records", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Records read before.
        records: usize,
        /// What the parser says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file holds no record.
    #[error("{}: no FASTA record", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A record with a wrong letter.
    #[error("{}: record {record:?}", path.display())]
    Sequence {
        /// The file.
        path: PathBuf,
        /// The record's name.
        record: String,
        /// Letter and position.
        #[source]
        source: SequenceError,
    },
}

/// Streams the records of one file.
pub struct Reader {
    path: PathBuf,
    policy: LetterPolicy,
    inner: fasta::Reader<Box<dyn BufRead + Send>>,
    records: usize,
    finished: bool,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("records", &self.records).finish()
    }
}

impl Reader {
    /// Opens a plain or gzip file; letters are read under `policy`.
    ///
    /// # Errors
    ///
    /// [`FastaError::Io`].
    pub fn open(path: impl AsRef<Path>, policy: LetterPolicy) -> Result<Self, FastaError> {
        let path = path.as_ref();
        match crate::open(path) {
            Ok(file) => Ok(Self::new(file, path, policy)),
            Err(source) => Err(FastaError::Io { path: path.into(), source }),
        }
    }

    /// Reads from what is open already; `path` is its name in errors.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        path: impl AsRef<Path>,
        policy: LetterPolicy,
    ) -> Self {
        let (path, inner) = (path.as_ref().into(), fasta::Reader::from_bufread(input));
        Self { path, policy, inner, records: 0, finished: false }
    }

    fn read(&mut self) -> Result<Option<Record>, FastaError> {
        let mut record = fasta::Record::new();
        self.inner.read(&mut record).map_err(|error| FastaError::Malformed {
            path: self.path.clone(),
            records: self.records,
            source: error.into(),
        })?;
        if record.is_empty() {
            return if self.records == 0 {
                Err(FastaError::Empty { path: self.path.clone() })
            } else {
                Ok(None)
            };
        }
        self.records += 1;
        // Bytes outside ASCII become U+FFFD, which no letter policy takes.
        let text = String::from_utf8_lossy(record.seq());
        let (sequence, letters) = Sequence::read(&text, &self.policy).map_err(|source| {
            FastaError::Sequence { path: self.path.clone(), record: record.id().to_owned(), source }
        })?;
        Ok(Some(Record {
            name: record.id().to_owned(),
            description: record.desc().map(str::to_owned),
            sequence,
            letters,
        }))
    }
}

impl Iterator for Reader {
    type Item = Result<Record, FastaError>;

    /// The next record; nothing follows an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Record>, FastaError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        std::fs::write(&path, text).unwrap();
        Reader::open(&path, LetterPolicy::default())?.collect()
    }

    #[test]
    fn wrapped_lines_and_descriptions_are_read() {
        let records = read(">a first one\nACGT\nac\n>b\r\nNN\r\n").unwrap();
        assert_eq!(records[0].name, "a");
        assert_eq!(records[0].description.as_deref(), Some("first one"));
        assert_eq!(records[0].sequence.to_string(), "ACGTAC");
        assert_eq!(records[0].letters.lower_case, 2);
        assert_eq!((records[1].name.as_str(), records[1].letters.ambiguous), ("b", 2));
    }

    #[test]
    fn each_defect_names_file_and_record() {
        assert!(matches!(read(""), Err(FastaError::Empty { .. })));
        assert!(matches!(read("ACGT\n"), Err(FastaError::Malformed { records: 0, .. })));
        let error = read(">a\nACGT\n>b\nAC*T\n").unwrap_err();
        assert!(error.to_string().ends_with(r#"x.fa: record "b""#), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "invalid base '*' at position 2");
    }
}
