//! Sequences without labels, for prediction.

use std::io::BufRead as _;
use std::path::Path;

use dnabert_core::Sequence;
use dnabert_genome::fasta;

use crate::table::unlabelled_rows;
use crate::{DataError, TableFormat};

/// A sequence or a pair of sequences, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name of the FASTA record, or the file and the line of the table.
    pub name: String,
    /// The sequence.
    pub sequence: Sequence,
    /// The second sequence of a pair.
    pub pair: Option<Sequence>,
}

/// The inputs of a file, one at a time.
pub type Inputs = Box<dyn Iterator<Item = Result<Input, DataError>> + Send>;

/// Streams the sequences of a FASTA file (its first character is `>`) or of a table, plain or gzip.
///
/// # Errors
///
/// [`DataError`] with the file and the line or record, from this function or as an item;
/// [`DataError::Empty`] for a file without a sequence.
///
/// ```
/// use dnabert_tasks::{TableFormat, read_inputs};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sequences.fa");
/// std::fs::write(&path, ">first\nACGTAC\n>second\nGGGCCA\n")?;
/// for input in read_inputs(&path, &TableFormat::default())? {
///     assert_eq!(input?.sequence.len(), 6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_inputs(path: impl AsRef<Path>, format: &TableFormat) -> Result<Inputs, DataError> {
    let path = path.as_ref().to_owned();
    let io = |source| DataError::Io { path: path.clone(), source };
    // Opened once, because a pipe cannot be read twice.
    let mut opened = dnabert_genome::open(&path).map_err(io)?;
    let first = opened.fill_buf().map_err(io)?.first().copied();
    if first == Some(b'@') {
        return Err(fasta::FastaError::Fastq { path }.into());
    }
    if first == Some(b'>') {
        if format.pairs {
            return Err(DataError::NoPairs { path });
        }
        let reader = fasta::Reader::new(opened, &path, format.letters);
        return Ok(Box::new(reader.map(|record| {
            let fasta::Record { name, sequence, .. } = record?;
            Ok(Input { name, sequence, pair: None })
        })));
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let rows = unlabelled_rows(&path, opened, format)?;
    let mut inputs = rows
        .map(move |row| {
            let row = row?;
            let name = format!("{file}:{}", row.line);
            Ok(Input { name, sequence: row.sequence, pair: row.pair })
        })
        .peekable();
    if inputs.peek().is_none() {
        return Err(DataError::Empty { path });
    }
    Ok(Box::new(inputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        let inputs = read_inputs(&path, &TableFormat::default())?;
        inputs.map(|input| input.map(|i| (i.name, i.sequence.to_string()))).collect()
    }

    #[test]
    fn fasta_and_tables_are_recognised() {
        let first = |text: &str| read(text).unwrap().remove(0);
        assert_eq!(first(">a b\nAC\nGT\n"), ("a".into(), "ACGT".into()));
        assert_eq!(first("ACGT\n"), ("x:1".into(), "ACGT".into()));
        assert_eq!(first("name\tsequence\nq\tACGT\n"), ("x:2".into(), "ACGT".into()));
    }

    #[test]
    fn a_first_row_that_is_not_dna_is_an_error_and_not_a_header() {
        let error = read("ACGX\nACGT\n").unwrap_err();
        assert!(matches!(error, DataError::Sequence { line: 1, .. }), "{error}");
        assert!(matches!(read(""), Err(DataError::Empty { .. })));
        assert!(matches!(read("sequence\n"), Err(DataError::Empty { .. })));
    }

    #[test]
    fn the_header_of_dnaberts_files_is_known() {
        assert_eq!(read("setence\tlabel\nACG CGT\t1\n").unwrap()[0].1, "ACGT");
    }

    #[test]
    fn fasta_cannot_hold_pairs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        std::fs::write(&path, ">a\nACGT\n").unwrap();
        let format = TableFormat { pairs: true, ..TableFormat::default() };
        let error = read_inputs(&path, &format).err().unwrap();
        assert!(matches!(error, DataError::NoPairs { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_completely() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::write(path, "ACGTACGTAC\n".repeat(5000)).unwrap()
        });
        let inputs = read_inputs(&path, &TableFormat::default()).unwrap();
        assert_eq!(inputs.map(Result::unwrap).filter(|i| i.sequence.len() == 10).count(), 5000);
        writer.join().unwrap();
    }
}
