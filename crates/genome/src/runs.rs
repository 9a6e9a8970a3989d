//! The unambiguous stretches of FASTA records of any size.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dnabert_core::{LetterPolicy, Sequence, SequenceError, is_base};

use crate::fasta::FastaError;

/// A stretch of unambiguous bases in a FASTA record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The name of the record.
    pub record: Arc<str>,
    /// The position of its first base in the record.
    pub start: usize,
    /// The bases.
    pub sequence: Sequence,
}

/// Iterates over the runs of one FASTA file, which end at every letter that is not a base.
///
/// A run longer than a limit is split into consecutive parts. Memory holds one part, never a whole
/// record.
///
/// ```
/// use dnabert_genome::{LetterPolicy, Runs};
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), ">chr1\nACGTNNNTTG\nACA\n")?;
/// let mut runs = Vec::new(); // of chr1, ACGTNNNTTGACA
/// for run in Runs::open(file.path(), LetterPolicy::default(), 1000)? {
///     let run = run?;
///     runs.push((run.start, run.sequence.to_string()));
/// }
/// assert_eq!(runs, [(0, "ACGT".to_owned()), (7, "TTGACA".to_owned())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Runs {
    path: PathBuf,
    policy: LetterPolicy,
    longest: usize,
    input: Box<dyn BufRead + Send>,
    record: Option<Arc<str>>,
    /// The number of letters of the record read so far.
    position: usize,
    /// Bases since the last letter that is not a base.
    bases: Vec<u8>,
    ready: VecDeque<Run>,
    records: usize,
    at_line_start: bool,
    finished: bool,
}

impl std::fmt::Debug for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runs").field("path", &self.path).field("records", &self.records).finish()
    }
}

impl Runs {
    /// Opens a file, whose letters are read under `policy`; no run is longer than `longest` bases.
    ///
    /// # Errors
    ///
    /// [`FastaError::Io`].
    ///
    /// # Panics
    ///
    /// If `longest` is 0.
    pub fn open(
        path: impl AsRef<Path>,
        policy: LetterPolicy,
        longest: usize,
    ) -> Result<Self, FastaError> {
        assert!(longest > 0, "the maximum length of a run must be positive");
        let path = path.as_ref().to_path_buf();
        let input =
            crate::open(&path).map_err(|source| FastaError::Io { path: path.clone(), source })?;
        Ok(Self {
            path,
            policy,
            longest,
            input,
            record: None,
            position: 0,
            bases: Vec::new(),
            ready: VecDeque::new(),
            records: 0,
            at_line_start: true,
            finished: false,
        })
    }

    /// The number of records read so far.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Reads a header, or the part of a line that is in the buffer.
    fn advance(&mut self) -> Result<(), FastaError> {
        let io = |source| FastaError::Io { path: self.path.clone(), source };
        let buffer = self.input.fill_buf().map_err(io)?;
        match buffer.first() {
            None if self.records == 0 => Err(FastaError::Empty { path: self.path.clone() }),
            None => {
                self.flush();
                self.finished = true;
                Ok(())
            }
            Some(b'>') if self.at_line_start => {
                let mut header = Vec::new();
                self.input.read_until(b'\n', &mut header).map_err(io)?;
                self.flush();
                let header = String::from_utf8_lossy(&header[1..]);
                self.record = Some(header.split_whitespace().next().unwrap_or_default().into());
                self.position = 0;
                self.records += 1;
                Ok(())
            }
            Some(_) => {
                let newline = buffer.iter().position(|&byte| byte == b'\n');
                let line = &buffer[..newline.unwrap_or(buffer.len())];
                let letters: Vec<u8> =
                    line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                let used = newline.map_or(buffer.len(), |end| end + 1);
                self.input.consume(used);
                self.at_line_start = newline.is_some();
                self.take(&letters)
            }
        }
    }

    fn take(&mut self, letters: &[u8]) -> Result<(), FastaError> {
        let Some(record) = self.record.clone() else {
            return match letters {
                [] => Ok(()), // an empty line
                _ => Err(FastaError::Malformed {
                    path: self.path.clone(),
                    records: 0,
                    source: "letters before the first header".into(),
                }),
            };
        };
        let text = String::from_utf8_lossy(letters);
        let (sequence, _) = Sequence::read(&text, &self.policy).map_err(|error| {
            let source = moved(error, self.position);
            FastaError::Sequence { path: self.path.clone(), record: record.to_string(), source }
        })?;
        for &letter in sequence.as_bytes() {
            if is_base(letter) {
                self.bases.push(letter);
                self.position += 1;
                if self.bases.len() == self.longest {
                    self.flush();
                }
            } else {
                self.flush();
                self.position += 1;
            }
        }
        Ok(())
    }

    /// Completes the run that ends at the current position.
    fn flush(&mut self) {
        let Some(record) = self.record.clone().filter(|_| !self.bases.is_empty()) else {
            return;
        };
        let start = self.position - self.bases.len();
        let text = String::from_utf8(std::mem::take(&mut self.bases)).expect("bases are ASCII");
        let sequence = text.parse().expect("bases only");
        self.ready.push_back(Run { record, start, sequence });
    }
}

/// The same error with its position shifted by `offset` letters.
fn moved(mut error: SequenceError, offset: usize) -> SequenceError {
    match &mut error {
        SequenceError::InvalidLetter { position, .. } | SequenceError::Refused { position, .. } => {
            *position += offset;
        }
        _ => {}
    }
    error
}

impl Iterator for Runs {
    type Item = Result<Run, FastaError>;

    /// The next run; the iterator ends after an error.
    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.finished {
            if let Err(error) = self.advance() {
                self.finished = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fasta::Reader;

    fn runs(text: &str, longest: usize) -> Result<Vec<(String, usize, String)>, FastaError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        std::fs::write(&path, text).unwrap();
        Runs::open(&path, LetterPolicy::default(), longest)?
            .map(|run| run.map(|r| (r.record.to_string(), r.start, r.sequence.to_string())))
            .collect()
    }

    fn run(record: &str, start: usize, bases: &str) -> (String, usize, String) {
        (record.into(), start, bases.into())
    }

    #[test]
    fn runs_end_at_ambiguous_letters_and_records() {
        let found = runs(">a x\nACGNN\nNac\r\n\n>b\nNT\n>c\n", 100).unwrap();
        assert_eq!(found, [run("a", 0, "ACG"), run("a", 6, "AC"), run("b", 1, "T")]);
        let found = runs(">a\nACGTA\nCG", 3).unwrap();
        assert_eq!(found, [run("a", 0, "ACG"), run("a", 3, "TAC"), run("a", 6, "G")]);
    }

    #[test]
    fn an_error_has_the_position_of_the_letter_in_the_record() {
        let error = runs(">a\nACGT\nAC*T\n", 2).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "invalid base '*' at position 6");
        assert!(matches!(runs("", 9), Err(FastaError::Empty { .. })));
        assert!(matches!(runs("ACGT\n", 9), Err(FastaError::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn runs_are_the_bases_of_the_records(
            lines in prop::collection::vec("[ACGTN]{0,12}", 1..30), longest in 1_usize..20,
        ) {
            let text = format!(">a\n{}\n>b\n{}\n", lines.join("\n"), lines.concat());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.fa");
            std::fs::write(&path, &text).unwrap();
            let records = Reader::open(&path, LetterPolicy::default()).unwrap();
            for record in records.map(Result::unwrap) {
                let mut covered = vec![b'N'; record.sequence.len()];
                for (name, start, bases) in runs(&text, longest).unwrap() {
                    if name == record.name {
                        covered[start..start + bases.len()].copy_from_slice(bases.as_bytes());
                    }
                }
                prop_assert_eq!(record.sequence.as_bytes(), covered);
            }
        }
    }
}
