//! The records of a table, each with the line that it begins in.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use crate::DataError;

/// The longest record, in bytes: one that is longer is most likely not a table.
const LONGEST: usize = 1 << 30;

/// Reads a table record by record. The separator is a tab, a comma or a semicolon, whichever of them
/// the first line has, in this order. Without tabs, fields may be in quotes, and a quoted field may
/// go on in the next line. Blank lines are passed over.
pub(crate) struct Records {
    path: PathBuf,
    file: Box<dyn BufRead + Send>,
    /// The first line, until it is given.
    first: Option<Vec<u8>>,
    separator: u8,
    /// The number of lines that were read.
    lines: u64,
    finished: bool,
}

impl Records {
    /// Reads the first line that is not blank.
    pub(crate) fn new(path: &Path, file: Box<dyn BufRead + Send>) -> Result<Self, DataError> {
        let mut records = Self {
            path: path.to_owned(),
            file,
            first: None,
            separator: b',',
            lines: 0,
            finished: false,
        };
        let first = records.line()?;
        let separator = [b'\t', b',', b';'].into_iter().find(|separator| first.contains(separator));
        records.separator = separator.unwrap_or(b',');
        records.first = Some(first);
        Ok(records)
    }

    /// The next line that is not blank, with its end; empty at the end of the file.
    fn line(&mut self) -> Result<Vec<u8>, DataError> {
        let mut line = Vec::new();
        while line.iter().all(u8::is_ascii_whitespace) {
            line.clear();
            if self.read_line(&mut line)? == 0 {
                break;
            }
        }
        Ok(line)
    }

    /// Adds a line of the file to `line`, and returns its length.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<usize, DataError> {
        let failed = |source| DataError::Io { path: self.path.clone(), source };
        let most = (LONGEST - line.len().min(LONGEST)) as u64;
        let count = std::io::Read::take(&mut self.file, most).read_until(b'\n', line);
        let count = count.map_err(failed)?;
        self.lines += u64::from(count > 0);
        if line.len() >= LONGEST {
            let (path, line) = (self.path.clone(), self.lines);
            return Err(DataError::LongRecord { path, line, most: LONGEST });
        }
        Ok(count)
    }

    /// Adds lines to a record until none of its fields is open.
    fn close_quotes(&mut self, text: &mut Vec<u8>) -> Result<(), DataError> {
        let (line, mut read) = (self.lines, 0);
        let mut field = Field::Start;
        loop {
            field = field.after(&text[read..], self.separator);
            read = text.len();
            if field != Field::Quoted {
                return Ok(());
            }
            if self.read_line(text)? == 0 {
                return Err(DataError::OpenQuote { path: self.path.clone(), line });
            }
        }
    }

    /// The fields of the next record.
    fn read(&mut self) -> Result<Option<(u64, StringRecord)>, DataError> {
        let mut text = match self.first.take() {
            Some(first) => first,
            None => self.line()?,
        };
        if text.is_empty() {
            return Ok(None);
        }
        let number = self.lines;
        let quoted = self.separator != b'\t' && text.contains(&b'"');
        if quoted {
            self.close_quotes(&mut text)?;
        }
        let not_text = || DataError::NotText { path: self.path.clone(), line: number };
        if !quoted {
            let text = std::str::from_utf8(&text).map_err(|_| not_text())?;
            let text = text.strip_suffix('\n').unwrap_or(text);
            let fields = text.split(char::from(self.separator)).map(unquoted);
            return Ok(Some((number, fields.collect())));
        }
        let mut record = StringRecord::new();
        let mut reader = ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(&text[..]);
        reader.read_record(&mut record).map_err(|_| not_text())?;
        Ok(Some((number, record)))
    }
}

/// The part of a field that a byte belongs to. As in the crate `csv`, quotes count only where a field
/// begins with one, and two of them within stand for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Start,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field, which ends the field, or is the first of two.
    Closing,
}

impl Field {
    fn after(self, bytes: &[u8], separator: u8) -> Self {
        bytes.iter().fold(self, |field, &byte| match (field, byte) {
            (Self::Start | Self::Closing, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) => Self::Quoted,
            (_, byte) if byte == separator || byte == b'\n' => Self::Start,
            _ => Self::Plain,
        })
    }
}

/// A field without the quotes around it, which some programs also write in tables with tabs.
fn unquoted(field: &str) -> &str {
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

impl Iterator for Records {
    type Item = Result<(u64, StringRecord), DataError>;

    /// The next record and its line, from 1; the iterator ends after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}
