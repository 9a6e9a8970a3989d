//! A task made of the user's own tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dnabert_core::{Example, Split, Task};

use crate::table::{Row, find_class, label_row, read_rows};
use crate::{DataError, SingleTableSplit, TableFormat};

/// The user's own tables as a task: three tables, one for each split, or one table that is split.
#[derive(Debug, Clone)]
pub struct TableTask {
    name: String,
    classes: Vec<String>,
    source: Source,
}

/// Where the rows come from.
#[derive(Debug, Clone)]
enum Source {
    /// Train, dev and test, read when they are asked for.
    Tables { paths: [PathBuf; 3], format: TableFormat },
    /// The rows of one table, in the order of the file, each with its split.
    Single(Arc<[(Split, Example)]>),
}

impl TableTask {
    /// A task of three tables (train, dev and test) whose classes are the whole numbers found as
    /// labels in the training table.
    ///
    /// # Errors
    ///
    /// [`DataError`] if the training table cannot be read, a label is not a whole number, or the
    /// labels are not 0, 1, … without a gap and at least two.
    ///
    /// ```
    /// use dnabert_core::{Split, Task};
    /// use dnabert_tasks::{TableFormat, TableTask};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let paths = ["train.tsv", "dev.tsv", "test.tsv"].map(|name| folder.path().join(name));
    /// for path in &paths {
    ///     std::fs::write(path, "sequence\tlabel\nACGTAC\t1\nGGGCCA\t0\n")?;
    /// }
    /// let task = TableTask::open("mine", paths, TableFormat::default())?;
    /// assert_eq!(task.classes(), ["0", "1"]);
    /// assert_eq!(task.examples(Split::Dev)?[0].name, "dev.tsv:2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(
        name: impl Into<String>,
        paths: [PathBuf; 3],
        format: TableFormat,
    ) -> Result<Self, DataError> {
        let train = &paths[0];
        let classes = numbered_classes(&read_numbered(train, &format)?, train)?;
        Ok(Self::with_classes(name, classes, paths, format))
    }

    /// A task of one table, whose rows are split by sequence similarity: rows of two splits share no
    /// k-mer of [`shared`](SingleTableSplit::shared) bases. The classes are the whole numbers found
    /// as labels. The rows of the table are kept in memory.
    ///
    /// # Errors
    ///
    /// [`DataError`] as [`open`](Self::open); [`DataError::Setting`] if
    /// [`SingleTableSplit::check`] fails; [`DataError::ClassNotInSplit`] if the rows of a class form
    /// too few clusters to be in every split.
    ///
    /// ```
    /// use dnabert_core::{Split, Task};
    /// use dnabert_tasks::{SingleTableSplit, TableFormat, TableTask};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("mine.tsv");
    /// # let row = |row: u64| -> String {
    /// #     let base = |at| b"ACGT"[dnabert_core::derive_seed(row, &[at]) as usize % 4] as char;
    /// #     format!("{}\t{}\n", (0..40).map(base).collect::<String>(), row % 2)
    /// # };
    /// # std::fs::write(&path, (0..100).map(row).collect::<String>())?;
    /// // A table of 100 random sequences, half of them of class 1.
    /// let split = SingleTableSplit::default();
    /// let task = TableTask::open_single("mine", path, TableFormat::default(), &split)?;
    /// let rows = |split| task.examples(split).map(|rows| rows.len());
    /// assert_eq!([rows(Split::Train)?, rows(Split::Dev)?, rows(Split::Test)?], [80, 10, 10]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_single(
        name: impl Into<String>,
        path: impl AsRef<Path>,
        format: TableFormat,
        split: &SingleTableSplit,
    ) -> Result<Self, DataError> {
        let path = path.as_ref();
        let classes = numbered_classes(&read_numbered(path, &format)?, path)?;
        Self::single_with_classes(name, classes, path, format, split)
    }

    /// As [`open_single`](Self::open_single) with these classes; labels are their names or indices.
    ///
    /// # Errors
    ///
    /// As [`open_single`](Self::open_single); [`DataError::UnknownLabel`] for another label.
    pub fn single_with_classes(
        name: impl Into<String>,
        classes: Vec<String>,
        path: impl AsRef<Path>,
        format: TableFormat,
        split: &SingleTableSplit,
    ) -> Result<Self, DataError> {
        split.check()?;
        let path = path.as_ref();
        let rows = read_rows(path, &format, |label| find_class(label, &classes).is_some())?;
        let examples: Vec<Example> = rows
            .into_iter()
            .map(|row| label_row(row, path, &format, &classes))
            .collect::<Result<_, _>>()?;
        let splits = split.splits(&examples, &classes, path)?;
        let source = Source::Single(splits.into_iter().zip(examples).collect());
        Ok(Self { name: name.into(), classes, source })
    }

    /// A task of three tables with these classes; labels are their names or indices.
    pub fn with_classes(
        name: impl Into<String>,
        classes: Vec<String>,
        paths: [PathBuf; 3],
        format: TableFormat,
    ) -> Self {
        Self { name: name.into(), classes, source: Source::Tables { paths, format } }
    }
}

/// The rows of a table whose labels are whole numbers.
fn read_numbered(path: &Path, format: &TableFormat) -> Result<Vec<Row>, DataError> {
    read_rows(path, format, |label| label.parse::<usize>().is_ok())
}

fn numbered_classes(rows: &[Row], path: &Path) -> Result<Vec<String>, DataError> {
    let mut labels = BTreeSet::new();
    for row in rows {
        let label = row.label.as_deref().unwrap_or_default();
        let number: usize = label.parse().map_err(|_| DataError::LabelNotNumber {
            path: path.into(),
            line: row.line,
            label: label.to_owned(),
        })?;
        labels.insert(number);
    }
    let count = labels.len().max(2);
    match (0..count).find(|class| !labels.contains(class)) {
        Some(class) => Err(DataError::MissingClass { path: path.into(), class }),
        None => Ok((0..count).map(|class| class.to_string()).collect()),
    }
}

impl Task for TableTask {
    type Error = DataError;

    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, DataError> {
        match &self.source {
            Source::Tables { paths: [train, dev, test], format } => {
                let path = match split {
                    Split::Train => train,
                    Split::Dev => dev,
                    Split::Test => test,
                };
                crate::read_examples(path, format, &self.classes)
            }
            Source::Single(rows) => {
                let of_split = rows.iter().filter(|(own, _)| *own == split);
                Ok(of_split.map(|(_, example)| example.clone()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const SPLITS: [Split; 3] = [Split::Train, Split::Dev, Split::Test];

    fn open(train: &str) -> Result<TableTask, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.tsv");
        std::fs::write(&path, train).unwrap();
        TableTask::open("mine", [path.clone(), path.clone(), path], TableFormat::default())
    }

    fn open_single(table: &str, split: SingleTableSplit) -> Result<TableTask, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.tsv");
        std::fs::write(&path, table).unwrap();
        TableTask::open_single("mine", path, TableFormat::default(), &split)
    }

    fn bases(random: &mut ChaCha8Rng, len: usize) -> String {
        (0..len).map(|_| char::from(b"ACGT"[random.random_range(0..4)])).collect()
    }

    /// 600 rows of random lengths, a third of class 1, of which many overlap an earlier row, are its
    /// reverse complement or repeat it.
    fn table(seed: u64) -> String {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut rows: Vec<String> = Vec::new();
        for _ in 0..600 {
            let len = random.random_range(8..60);
            let fresh = bases(&mut random, len);
            let row = match (random.random_range(0..6), rows.len()) {
                (0, 1..) => rows[random.random_range(0..rows.len())].clone(),
                (1, 1..) => {
                    let earlier = &rows[random.random_range(0..rows.len())];
                    let earlier: dnabert_core::Sequence = earlier.parse().unwrap();
                    earlier.reverse_complement().to_string()
                }
                (2, 1..) => {
                    let earlier = &rows[random.random_range(0..rows.len())];
                    format!("{}{fresh}", &earlier[earlier.len() / 2..])
                }
                _ => fresh,
            };
            rows.push(row);
        }
        let label = |row: usize| usize::from(row.is_multiple_of(3));
        rows.iter().enumerate().map(|(at, row)| format!("{row}\t{}\n", label(at))).collect()
    }

    #[test]
    fn classes_are_read_from_the_training_table() {
        assert_eq!(open("ACG\t2\nACG\t0\nACG\t1\n").unwrap().classes(), ["0", "1", "2"]);
        assert!(matches!(open("ACG\t0\nACG\t2\n"), Err(DataError::MissingClass { class: 1, .. })));
        assert!(matches!(open("ACG\t0\n"), Err(DataError::MissingClass { class: 1, .. })));
        let error = open("ACG\t0\nACG\tyes\n").unwrap_err();
        assert!(matches!(error, DataError::LabelNotNumber { line: 2, .. }), "{error}");
    }

    #[test]
    fn splits_of_one_table_share_no_kmer_and_no_sequence() {
        for seed in 0..8 {
            let split = SingleTableSplit { shared: 14, seed, ..SingleTableSplit::default() };
            let task = open_single(&table(seed), split).unwrap();
            let mut words = Vec::new();
            for split in SPLITS {
                let rows = task.examples(split).unwrap();
                let mut own = HashSet::new();
                for row in &rows {
                    let reverse = row.sequence.reverse_complement();
                    for strand in [row.sequence.as_bytes(), reverse.as_bytes()] {
                        own.insert(strand.to_vec());
                        own.extend(strand.windows(14).map(<[u8]>::to_vec));
                    }
                }
                words.push(own);
            }
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                assert!(words[one].is_disjoint(&words[other]), "seed {seed}");
            }
        }
    }

    #[test]
    fn every_row_is_in_one_split_and_each_class_has_its_fractions() {
        let text = table(3);
        let split =
            SingleTableSplit { dev: 0.2, test: 0.15, shared: 14, ..SingleTableSplit::default() };
        let task = open_single(&text, split).unwrap();
        let mut names = HashSet::new();
        for (split, fraction) in SPLITS.into_iter().zip([0.65, 0.2, 0.15]) {
            let rows = task.examples(split).unwrap();
            for (label, all) in [(0, 400.0), (1, 200.0)] {
                let found = rows.iter().filter(|row| row.label == label).count() as f64 / all;
                assert!((found - fraction).abs() < 0.04, "{split}, class {label}: {found}");
            }
            names.extend(rows.into_iter().map(|row| row.name));
        }
        assert_eq!(names.len(), 600);
    }

    #[test]
    fn the_same_table_and_settings_give_the_same_split() {
        let text = table(5);
        let test = |seed| {
            let split = SingleTableSplit { seed, ..SingleTableSplit::default() };
            open_single(&text, split).unwrap().examples(Split::Test).unwrap()
        };
        assert_eq!(test(1), test(1));
        assert_ne!(test(1), test(2));
        let json = serde_json::to_string(&SingleTableSplit::default()).unwrap();
        let read: SingleTableSplit = serde_json::from_str(&json).unwrap();
        assert_eq!(read, SingleTableSplit::default());
        assert_eq!(serde_json::from_str::<SingleTableSplit>("{}").unwrap(), read);
    }

    #[test]
    fn a_table_that_cannot_be_split_is_an_error_that_says_why() {
        let split = SingleTableSplit::default();
        assert!(matches!(open_single("", split), Err(DataError::Empty { .. })));
        assert!(matches!(
            open_single("ACG\t1\nACC\t1\n", split),
            Err(DataError::MissingClass { class: 0, .. })
        ));
        // Class 1 has 30 rows that all overlap.
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let repeated = bases(&mut random, 60);
        let row = |at: usize| format!("{}\t0\n{}\t1\n", bases(&mut random, 60), &repeated[at..]);
        let text: String = (0..30).map(row).collect();
        let error = open_single(&text, split).unwrap_err();
        assert!(
            matches!(error, DataError::ClassNotInSplit { rows: 30, clusters: 1, shared: 20, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("give train, dev and test as three tables"), "{error}");
        for (split, field) in [
            (SingleTableSplit { dev: 0.0, ..split }, "dev"),
            (SingleTableSplit { test: f64::NAN, ..split }, "test"),
            (SingleTableSplit { dev: 0.6, test: 0.4, ..split }, "dev + test"),
            (SingleTableSplit { shared: 0, ..split }, "shared"),
        ] {
            let error = open_single(&text, split).unwrap_err();
            assert!(
                matches!(error, DataError::Setting { field: found, .. } if found == field),
                "{error}"
            );
        }
    }
}
