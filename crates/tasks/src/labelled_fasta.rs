//! FASTA whose headers carry labels.

use std::path::Path;

use dnabert_core::{Example, LetterPolicy};
use dnabert_genome::fasta;

use crate::DataError;
use crate::table::find_class;

/// Reads a FASTA file, plain or gzip, with `label=` and a class name or index in each header
/// (`>chr2R:100(+) label=1`).
///
/// # Errors
///
/// [`DataError`] with the file and the record.
///
/// ```
/// use dnabert_core::LetterPolicy;
/// use dnabert_tasks::read_labelled_fasta;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("labelled.fa");
/// std::fs::write(&path, ">a label=bound\nACGT\n>b label=0\nGGCC\n")?;
/// let classes = ["other", "bound"].map(str::to_owned);
/// let examples = read_labelled_fasta(&path, LetterPolicy::default(), &classes)?;
/// assert_eq!((examples[0].label, examples[1].label), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_labelled_fasta(
    path: impl AsRef<Path>,
    letters: LetterPolicy,
    classes: &[String],
) -> Result<Vec<Example>, DataError> {
    let path = path.as_ref();
    fasta::Reader::open(path, letters)?
        .map(|record| {
            let record = record?;
            let description = record.description.as_deref().unwrap_or_default();
            let label = description.split_whitespace().find_map(|word| word.strip_prefix("label="));
            let Some(label) = label else {
                return Err(DataError::MissingLabel { path: path.into(), record: record.name });
            };
            let Some(class) = find_class(label, classes) else {
                return Err(DataError::UnknownLabel {
                    path: path.into(),
                    place: record.name,
                    label: label.to_owned(),
                    classes: classes.to_vec(),
                });
            };
            Ok(Example { name: record.name, sequence: record.sequence, pair: None, label: class })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_from_the_headers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        let classes = ["no", "yes"].map(str::to_owned);
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_labelled_fasta(&path, LetterPolicy::default(), &classes)
        };
        let examples = read(">a tss label=1\nAC\nGT\n>b label=no\nTT\n").unwrap();
        assert_eq!(examples.iter().map(|e| e.label).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(examples[0].name, "a");
        assert!(
            matches!(read(">a\nAC\n"), Err(DataError::MissingLabel { record, .. }) if record == "a")
        );
        assert!(
            matches!(read(">a label=7\nAC\n"), Err(DataError::UnknownLabel { label, .. }) if label == "7")
        );
        assert!(matches!(read(">a label=1\nAC?\n"), Err(DataError::Fasta(_))));
    }
}
