//! The unambiguous stretches of FASTA records, whatever the size of a record.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dnabert_core::{LetterPolicy, Sequence, SequenceError, is_base};

use crate::fasta::FastaError;

/// A stretch of `A C G T` inside a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The record's name.
    pub record: Arc<str>,
    /// Where it starts in the record, from 0.
    pub start: usize,
    /// The bases.
    pub sequence: Sequence,
}

/// Streams the runs of one FASTA file, plain or gzip, cut at every letter that is no base.
///
/// A run longer than a limit comes in parts, each of which starts where the last one ended; memory
/// holds one part, and never a record.
pub struct Runs {
    path: PathBuf,
    policy: LetterPolicy,
    longest: usize,
    input: Box<dyn BufRead + Send>,
    record: Option<Arc<str>>,
    /// Letters of the record read so far.
    position: usize,
    /// Bases read since the last letter that is none.
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
    /// Opens a file; letters are read under `policy`, and runs come in parts of at most `longest`
    /// bases.
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
        assert!(longest > 0, "runs of no base");
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

    /// The records seen so far.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Reads one buffer's worth of a line, or a header.
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

    /// Hands over the bases that end at the current position.
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

/// The same error, `offset` letters further on.
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

    /// The next run; nothing follows an error.
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
    fn a_wrong_letter_is_named_with_its_place_in_the_record() {
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
