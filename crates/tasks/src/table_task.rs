//! A task made of the user's own tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dnabert_core::{Example, Split, Task};

use crate::table::{label_row, read_rows};
use crate::{DataError, TableFormat};

/// Three tables, one for each split, as a task.
#[derive(Debug, Clone)]
pub struct TableTask {
    name: String,
    classes: Vec<String>,
    format: TableFormat,
    train: PathBuf,
    dev: PathBuf,
    test: PathBuf,
}

impl TableTask {
    /// A task whose classes are the whole numbers found as labels in the training table.
    ///
    /// # Errors
    ///
    /// [`DataError`] where the table cannot be read, a label is no whole number, or the numbers
    /// are not 0, 1, … without gap and at least two.
    pub fn open(
        name: impl Into<String>,
        [train, dev, test]: [PathBuf; 3],
        format: TableFormat,
    ) -> Result<Self, DataError> {
        let classes = numbered_classes(&train, &format)?;
        Ok(Self { name: name.into(), classes, format, train, dev, test })
    }

    /// A task with these classes; labels are their names or indices.
    pub fn with_classes(
        name: impl Into<String>,
        classes: Vec<String>,
        [train, dev, test]: [PathBuf; 3],
        format: TableFormat,
    ) -> Self {
        Self { name: name.into(), classes, format, train, dev, test }
    }
}

fn numbered_classes(path: &Path, format: &TableFormat) -> Result<Vec<String>, DataError> {
    let rows = read_rows(path, format, |label| label.parse::<usize>().is_ok())?;
    let mut labels = BTreeSet::new();
    for row in rows {
        let label = row.label.unwrap_or_default();
        let number: usize = label.parse().map_err(|_| DataError::LabelNotNumber {
            path: path.into(),
            line: row.line,
            label,
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
        let path = match split {
            Split::Train => &self.train,
            Split::Dev => &self.dev,
            Split::Test => &self.test,
        };
        let is_label = |label: &str| crate::table::find_class(label, &self.classes).is_some();
        read_rows(path, &self.format, is_label)?
            .into_iter()
            .map(|row| label_row(row, path, &self.format, &self.classes))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(train: &str) -> Result<TableTask, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.tsv");
        std::fs::write(&path, train).unwrap();
        TableTask::open("mine", [path.clone(), path.clone(), path], TableFormat::default())
    }

    #[test]
    fn classes_are_read_from_the_training_table() {
        assert_eq!(open("ACG\t2\nACG\t0\nACG\t1\n").unwrap().classes(), ["0", "1", "2"]);
        assert!(matches!(open("ACG\t0\nACG\t2\n"), Err(DataError::MissingClass { class: 1, .. })));
        assert!(matches!(open("ACG\t0\n"), Err(DataError::MissingClass { class: 1, .. })));
        let error = open("ACG\t0\nACG\tyes\n").unwrap_err();
        assert!(matches!(error, DataError::LabelNotNumber { line: 2, .. }), "{error}");
    }
}
