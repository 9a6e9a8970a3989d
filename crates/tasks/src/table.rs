//! Tables of labelled sequences: TSV or CSV, plain or gzip, with or without a header.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use dnabert_core::{Example, LetterPolicy, Sequence, SequenceError};

use crate::DataError;
use crate::records::Records;

/// How a table is read.
///
/// The separator is a tab, a comma or a semicolon, whichever the first line has, in this order. The
/// first line is a
/// header if its sequence field is not DNA and its label field is not a label. The columns of a
/// header are found by name: `sequence` or `seq` (also `sentence` and `setence`, as in DNABERT's
/// files), or for pairs `sequence1`/`seq1` and `sequence2`/`seq2`; and `label`, `labels` or `class`.
/// Without a header the first column is the sequence, for pairs the second column is the second
/// sequence, and the next column is the label. Further columns are ignored. A field that contains
/// spaces is read as overlapping k-mers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableFormat {
    /// How lower-case letters, `U` and ambiguous letters are read.
    pub letters: LetterPolicy,
    /// Whether each row holds two sequences.
    pub pairs: bool,
}

/// A row of a table, whose label is not yet a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 1-based line in the (decompressed) file.
    pub line: u64,
    /// The sequence.
    pub sequence: Sequence,
    /// The second sequence of a pair.
    pub pair: Option<Sequence>,
    /// The label as written, or `None` if the table has no label column.
    pub label: Option<String>,
}

/// Reads all rows of a table; labels are names or indices of `classes`.
///
/// # Errors
///
/// [`DataError`] with the file and the line.
///
/// ```
/// use dnabert_tasks::{TableFormat, read_examples};
///
/// let path = "../../datasets/uci_promoters/all.tsv.gz";
/// let classes = ["other", "promoter"].map(str::to_owned);
/// let examples = read_examples(path, &TableFormat::default(), &classes)?;
/// assert_eq!(examples.len(), 106);
/// assert_eq!((examples[0].sequence.len(), examples[0].label), (57, 1));
/// # Ok::<(), dnabert_tasks::DataError>(())
/// ```
pub fn read_examples(
    path: impl AsRef<Path>,
    format: &TableFormat,
    classes: &[String],
) -> Result<Vec<Example>, DataError> {
    let path = path.as_ref();
    let rows = read_rows(path, format, |label| find_class(label, classes).is_some())?;
    rows.into_iter().map(|row| label_row(row, path, format, classes)).collect()
}

/// Looks up the label of a row.
pub(crate) fn label_row(
    row: Row,
    path: &Path,
    format: &TableFormat,
    classes: &[String],
) -> Result<Example, DataError> {
    let Some(text) = row.label else {
        let found = 1 + usize::from(format.pairs);
        let (line, needed) = (row.line, found + 1);
        return Err(DataError::MissingColumn {
            path: path.into(),
            line,
            found,
            needed,
            field: "label",
        });
    };
    let label = find_class(&text, classes).ok_or_else(|| DataError::UnknownLabel {
        path: path.into(),
        place: row.line.to_string(),
        label: text,
        classes: classes.to_vec(),
    })?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{file}:{}", row.line);
    Ok(Example { name, sequence: row.sequence, pair: row.pair, label })
}

/// The index of the class that a label names, by name or by index.
pub(crate) fn find_class(label: &str, classes: &[String]) -> Option<usize> {
    classes
        .iter()
        .position(|class| class == label)
        .or_else(|| label.parse().ok().filter(|&index| index < classes.len()))
}

/// Reads all rows with their labels as text; `is_label` says whether a field of the first line is a
/// label, not the name of a column.
///
/// # Errors
///
/// [`DataError`] with the file and the line.
pub fn read_rows(
    path: impl AsRef<Path>,
    format: &TableFormat,
    is_label: impl Fn(&str) -> bool,
) -> Result<Vec<Row>, DataError> {
    let path = path.as_ref();
    let is_header = |first: &StringRecord, columns: Columns| columns.is_header(first, &is_label);
    let file =
        dnabert_genome::open(path).map_err(|source| DataError::Io { path: path.into(), source })?;
    let rows = rows(path, file, format, is_header, true)?.collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() { Err(DataError::Empty { path: path.into() }) } else { Ok(rows) }
}

/// Streams the rows of a table without labels; the first line is a header only if it names the
/// sequence column. An empty table gives no rows.
///
/// # Errors
///
/// [`DataError`] with the file and the line, from this function or as an item.
pub(crate) fn unlabelled_rows(
    path: &Path,
    file: Box<dyn BufRead + Send>,
    format: &TableFormat,
) -> Result<impl Iterator<Item = Result<Row, DataError>> + Send + use<>, DataError> {
    let pairs = format.pairs;
    let is_header =
        move |first: &StringRecord, _: Columns| Columns::by_name(first, pairs).is_some();
    rows(path, file, format, is_header, false)
}

fn rows<H: Fn(&StringRecord, Columns) -> bool>(
    path: &Path,
    file: Box<dyn BufRead + Send>,
    format: &TableFormat,
    is_header: H,
    needs_label: bool,
) -> Result<impl Iterator<Item = Result<Row, DataError>> + use<H>, DataError> {
    let (path, format) = (path.to_owned(), *format);
    let mut records = Records::new(&path, file)?;
    let mut columns = Columns::by_position(format.pairs);
    let mut is_first = true;
    Ok(std::iter::from_fn(move || {
        loop {
            let (line, record) = match records.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            if std::mem::take(&mut is_first) && is_header(&record, columns) {
                columns = Columns::by_name(&record, format.pairs).unwrap_or(columns);
                if needs_label && columns.label.is_none() {
                    let (path, names) = (path.clone(), record.iter().map(str::to_owned).collect());
                    return Some(Err(DataError::NoLabelColumn { path, line, names }));
                }
                continue;
            }
            return Some(
                columns.row(&Place { path: &path, line, record: &record }, &format.letters),
            );
        }
    }))
}

/// The columns of the fields, from 0.
#[derive(Debug, Clone, Copy)]
struct Columns {
    sequence: usize,
    pair: Option<usize>,
    /// `None` if the header names none: a table to predict on needs no labels.
    label: Option<usize>,
}

impl Columns {
    fn by_position(pairs: bool) -> Self {
        Self { sequence: 0, pair: pairs.then_some(1), label: Some(1 + usize::from(pairs)) }
    }

    fn by_name(header: &StringRecord, pairs: bool) -> Option<Self> {
        let find = |names: &[&str]| {
            let is_one = |field: &str| names.contains(&field.trim().to_lowercase().as_str());
            header.iter().position(is_one)
        };
        let pair = if pairs { Some(find(&["sequence2", "seq2"])?) } else { None };
        let sequence = find(if pairs {
            &["sequence1", "seq1", "sequence", "seq"]
        } else {
            &["sequence", "seq", "sentence", "setence"]
        })?;
        let label = find(&["label", "labels", "class"]);
        Some(Self { sequence, pair, label })
    }

    fn row(self, place: &Place<'_>, letters: &LetterPolicy) -> Result<Row, DataError> {
        let sequence = place.sequence(self.sequence, letters)?;
        let pair = self.pair.map(|column| place.sequence(column, letters)).transpose()?;
        let label = self.label.and_then(|column| place.record.get(column));
        let label = label.map(|label| label.trim().to_owned());
        Ok(Row { line: place.line, sequence, pair, label })
    }

    /// Whether the first line is a header: its sequence is not DNA, and its label is not a label.
    fn is_header(self, first: &StringRecord, is_label: impl Fn(&str) -> bool) -> bool {
        let dna = first.get(self.sequence).is_some_and(|field| {
            read_field(field, &LetterPolicy::default()).is_ok_and(|sequence| !sequence.is_empty())
        });
        let label = self.label.and_then(|column| first.get(column));
        !dna && !label.is_some_and(|field| is_label(field.trim()))
    }
}

/// A record and its place in the file, for errors.
struct Place<'a> {
    path: &'a Path,
    line: u64,
    record: &'a StringRecord,
}

impl Place<'_> {
    fn sequence(&self, column: usize, letters: &LetterPolicy) -> Result<Sequence, DataError> {
        let (path, line): (PathBuf, u64) = (self.path.into(), self.line);
        let Some(field) = self.record.get(column) else {
            let (found, needed) = (self.record.len(), column + 1);
            return Err(DataError::MissingColumn { path, line, found, needed, field: "sequence" });
        };
        match read_field(field, letters) {
            Ok(sequence) if sequence.is_empty() => Err(DataError::EmptySequence { path, line }),
            Ok(sequence) => Ok(sequence),
            Err(source) => Err(DataError::Sequence { path, line, source }),
        }
    }
}

/// Reads a sequence, or overlapping k-mers if the field contains spaces.
fn read_field(field: &str, letters: &LetterPolicy) -> Result<Sequence, SequenceError> {
    let field = field.trim();
    let read =
        if field.contains(char::is_whitespace) { Sequence::from_kmers } else { Sequence::read };
    read(field, letters).map(|(sequence, _)| sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        ["negative", "positive"].map(str::to_owned).to_vec()
    }

    fn read_as(name: &str, text: &[u8], format: &TableFormat) -> Result<Vec<Example>, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_examples(&path, format, &classes())
    }

    fn read(text: &str) -> Result<Vec<Example>, DataError> {
        read_as("x.tsv", text.as_bytes(), &TableFormat::default())
    }

    #[test]
    fn each_layout_gives_the_same_examples() {
        for text in [
            "sequence\tlabel\nACGT\t1\nGGGC\t0\n",
            "setence\tlabel\nACG CGT\t1\nGGG GGC\t0\n", // a misspelt header, k-mers
            "ACGT\t1\textra\nGGGC\t0\n",
            "ACGT,1\r\nGGGC,0\r\n",
            "sequence;label\nACGT;1\n\"GGGC\";0\n",
            "label,seq\npositive,acgt\nnegative,\"GGGC\"\n",
            "\"sequence\"\t\"label\"\n\"ACGT\"\t\"1\"\n\"GGGC\"\t0\n",
            "\u{feff}ACGT\t1\nGGGC\t0\n",
            "\u{feff}sequence\tlabel\nACGT\t1\n\nGGGC\t0", // byte-order mark, blank line
        ] {
            let examples = read(text).unwrap();
            let found: Vec<_> =
                examples.iter().map(|e| (e.sequence.to_string(), e.label)).collect();
            assert_eq!(found, [("ACGT".into(), 1), ("GGGC".into(), 0)], "{text:?}");
        }
    }

    #[test]
    fn gzip_is_recognised_and_names_have_the_line() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"sequence\tlabel\nACGT\t1\n").unwrap();
        let format = TableFormat::default();
        let examples = read_as("x.tsv.gz", &gzip.finish().unwrap(), &format).unwrap();
        assert_eq!(examples[0].name, "x.tsv.gz:2");
    }

    #[test]
    fn the_delimiter_is_found_in_a_first_line_longer_than_a_buffer() {
        let text = format!("{}\t1\nACGT\t0\n", "ACGT".repeat(50_000));
        assert_eq!(read(&text).unwrap()[0].sequence.len(), 200_000);
    }

    #[test]
    fn rows_have_the_lines_that_an_editor_shows() {
        let lines = |text: &str| -> Vec<String> {
            read(text).unwrap().into_iter().map(|example| example.name).collect()
        };
        for text in [
            "sequence\tlabel\n\nACGT\t1\n\n\nGGGC\t0\n",
            "sequence\tlabel\r\n\r\nACGT\t1\r\n\r\n\r\nGGGC\t0\r\n",
            "sequence,label\r\rACGT,1\r\r\rGGGC,0\r",
            "\u{feff}\"sequence\",label,\"note\"\n\nACGT,1,\"a\n\"\n\n\"GGGC\",0,b\n",
        ] {
            assert_eq!(lines(text), ["x.tsv:3", "x.tsv:6"], "{text:?}");
        }
    }

    #[test]
    fn a_quote_inside_a_field_hides_no_row() {
        let rows = "sequence,label,note\nACGT,1,5\" probe\nGGGC,0,\"a \"\"b\"\"\nc\"\nACGG,1,x\n";
        let found: Vec<String> =
            read(rows).unwrap().into_iter().map(|example| example.name).collect();
        assert_eq!(found, ["x.tsv:2", "x.tsv:3", "x.tsv:5"]);
        let error = read("sequence,label\nACGT,1\n\"GGGC,0\nACGG,1\n").unwrap_err().to_string();
        assert!(
            error.ends_with("x.tsv:3: a field begins with a quote that is never closed"),
            "{error}"
        );
    }

    #[test]
    fn pairs_have_two_sequences() {
        let format = TableFormat { pairs: true, ..TableFormat::default() };
        let examples = read_as("x.tsv", b"seq1\tseq2\tlabel\nACG\tTTT\t1\n", &format).unwrap();
        assert_eq!(examples[0].pair.as_ref().unwrap().to_string(), "TTT");
        let error = read_as("x.tsv", b"ACG\n", &format).unwrap_err();
        assert!(matches!(error, DataError::MissingColumn { line: 1, needed: 2, .. }), "{error}");
    }

    #[test]
    fn each_error_names_its_line() {
        for (text, expected) in [
            ("", "no row of data"),
            ("sequence\tlabel\n", "no row of data"),
            ("ACGT\t1\nAC-T\t0\n", "x.tsv:2: not a DNA sequence"),
            ("ACGT\t1\nACGT\t2\n", "x.tsv:2: label \"2\" is none of the 2 classes"),
            ("ACGT\tx\nACGT\t1\n", "x.tsv:1: label \"x\" is none"), // DNA: no header
            (
                "sequence,target\nACGT,1\n",
                "x.tsv:1: no column is named label, labels or class, but sequence, target",
            ),
            ("ACGT\t1\nACGT\n", "x.tsv:2: 1 columns, but column 2 holds the label"),
            ("ACGT\t1\n\t1\n", "x.tsv:2: the sequence is empty"),
            ("sequence\tlabel\nACG GGT\t1\n", "x.tsv:2: not a DNA sequence"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?} gave {error:?}");
        }
        let error = read_as("x.tsv", b"ACGT\t1\nA\xff\t1\n", &TableFormat::default()).unwrap_err();
        assert!(matches!(error, DataError::NotText { line: 2, .. }), "{error}");
    }
}
