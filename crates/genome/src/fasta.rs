//! FASTA records as validated sequences.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bio::io::fasta::{self, FastaRead};
use dnabert_core::text::Watched;
use dnabert_core::{LetterPolicy, LetterReport, Sequence, SequenceError};

/// One FASTA record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The header up to the first white space, without the `>`.
    pub name: String,
    /// The rest of the header.
    pub description: Option<String>,
    /// The bases.
    pub sequence: Sequence,
    /// The letters that the letter policy applied to.
    pub letters: LetterReport,
}

/// Why a FASTA file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FastaError {
    /// The file cannot be opened or read.
    #[error("{}: the file cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is not valid FASTA.
    #[error("{}: invalid FASTA after {records} records", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The number of records before the defect.
        records: usize,
        /// The error of the parser.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is FASTQ.
    #[error("{}: this is FASTQ, with qualities; write it as FASTA or as a table", path.display())]
    Fastq {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no record.
    #[error("{}: no FASTA record", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A record with an invalid or rejected letter.
    #[error("{}: record {record:?}", path.display())]
    Sequence {
        /// The file.
        path: PathBuf,
        /// The name of the record.
        record: String,
        /// The letter and its position.
        #[source]
        source: SequenceError,
    },
}

/// Iterates over the records of one file, with one record in memory at a time.
///
/// ```
/// use dnabert_genome::LetterPolicy;
/// use dnabert_genome::fasta::Reader;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), ">p1 first promoter\nACGT\nTTGA\n")?;
/// for record in Reader::open(file.path(), LetterPolicy::default())? {
///     let record = record?; // an error names the file and the record
///     assert_eq!((record.name.as_str(), record.sequence.to_string()), ("p1", "ACGTTTGA".into()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    path: PathBuf,
    policy: LetterPolicy,
    inner: fasta::Reader<Box<dyn BufRead + Send>>,
    records: usize,
    /// The headers that were read.
    headers: Arc<AtomicUsize>,
    finished: bool,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("records", &self.records).finish()
    }
}

impl Reader {
    /// Opens a file, whose letters are read under `policy`.
    ///
    /// # Errors
    ///
    /// [`FastaError::Io`] and [`FastaError::Fastq`].
    pub fn open(path: impl AsRef<Path>, policy: LetterPolicy) -> Result<Self, FastaError> {
        let path = path.as_ref();
        let failed = |source| FastaError::Io { path: path.into(), source };
        let mut file = crate::open(path).map_err(failed)?;
        if file.fill_buf().map_err(failed)?.first() == Some(&b'@') {
            return Err(FastaError::Fastq { path: path.into() });
        }
        Ok(Self::new(file, path, policy))
    }

    /// Reads from an open input; errors name it as `path`.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        path: impl AsRef<Path>,
        policy: LetterPolicy,
    ) -> Self {
        let headers = Arc::new(AtomicUsize::new(0));
        let input: Box<dyn BufRead + Send> =
            Box::new(Watched::new(input, count_headers(Arc::clone(&headers))));
        let (path, inner) = (path.as_ref().into(), fasta::Reader::from_bufread(input));
        Self { path, policy, inner, records: 0, headers, finished: false }
    }

    fn read(&mut self) -> Result<Option<Record>, FastaError> {
        let mut record = fasta::Record::new();
        self.inner.read(&mut record).map_err(|error| FastaError::Malformed {
            path: self.path.clone(),
            records: self.records,
            source: error.into(),
        })?;
        // A record without name and bases looks like the end of the file.
        if record.is_empty() && self.records == self.headers.load(Ordering::Relaxed) {
            return if self.records == 0 {
                Err(FastaError::Empty { path: self.path.clone() })
            } else {
                Ok(None)
            };
        }
        self.records += 1;
        let (name, description) = self.name(&record);
        // Bytes that are not UTF-8 become U+FFFD, which no letter policy accepts.
        let mut text = String::from_utf8_lossy(record.seq());
        if text.contains([' ', '\t']) {
            text = text.replace([' ', '\t'], "").into();
        }
        let (sequence, letters) = Sequence::read(&text, &self.policy).map_err(|source| {
            FastaError::Sequence { path: self.path.clone(), record: name.clone(), source }
        })?;
        Ok(Some(Record { name, description, sequence, letters }))
    }

    /// The first word of a header and the rest, also after `> `; a record without a name is called by
    /// its number.
    fn name(&self, record: &fasta::Record) -> (String, Option<String>) {
        let description = record.desc().map(str::to_owned);
        if !record.id().is_empty() {
            return (record.id().to_owned(), description);
        }
        let header = description.unwrap_or_default();
        let header = header.trim();
        match header.split_once(char::is_whitespace) {
            _ if header.is_empty() => (format!("record {}", self.records), None),
            Some((name, rest)) => (name.to_owned(), Some(rest.trim_start().to_owned())),
            None => (header.to_owned(), None),
        }
    }
}

/// A function that counts the headers in the bytes of a FASTA file.
fn count_headers(count: Arc<AtomicUsize>) -> impl FnMut(&[u8]) + Send {
    let mut at_start = true;
    move |bytes| {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let is_header = at_start && line.starts_with(b">");
            count.fetch_add(usize::from(is_header), Ordering::Relaxed);
            at_start = line.ends_with(b"\n");
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record, FastaError>;

    /// The next record; the iterator ends after an error.
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
        // A record without name and bases is not the end.
        let found = read(">a\nAC\n>\n>\n>b\nGT\n>").unwrap();
        let names: Vec<&str> = found.iter().map(|record| &*record.name).collect();
        assert_eq!(names, ["a", "record 2", "record 3", "b", "record 5"]);
        assert_eq!(records[0].sequence.to_string(), "ACGTAC");
        assert_eq!(records[0].letters.lower_case, 2);
        assert_eq!((records[1].name.as_str(), records[1].letters.ambiguous), ("b", 2));
    }

    #[test]
    fn names_and_bases_may_have_blanks_before_and_inside() {
        let text = "\u{feff}> a first one\r\nAC GT\tac\r\n\r\n>\r\nGG\r\n>  c\r\nTT";
        let records = read(text).unwrap();
        let found = records.iter().map(|record| (&*record.name, record.sequence.to_string()));
        let expected = [("a", "ACGTAC"), ("record 2", "GG"), ("c", "TT")];
        assert!(found.eq(expected.map(|(name, bases)| (name, bases.to_owned()))), "{records:?}");
        assert_eq!(records[0].description.as_deref(), Some("first one"));
        assert!(matches!(read("@a\nACGT\n+\nIIII\n"), Err(FastaError::Fastq { .. })));
    }

    #[test]
    fn an_error_names_file_and_record() {
        assert!(matches!(read(""), Err(FastaError::Empty { .. })));
        assert!(matches!(read("ACGT\n"), Err(FastaError::Malformed { records: 0, .. })));
        let error = read(">a\nACGT\n>b\nAC*T\n").unwrap_err();
        assert!(error.to_string().ends_with(r#"x.fa: record "b""#), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "invalid base '*' at position 2");
    }
}
