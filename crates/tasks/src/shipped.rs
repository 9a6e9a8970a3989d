//! What the tasks on shipped data sets have in common.

use std::path::{Path, PathBuf};

use dnabert_core::{Example, Split};

use crate::{DataError, TableFormat, read_examples};

/// A folder of shipped data sets, and the classes of one of them.
#[derive(Debug, Clone)]
pub(crate) struct Shipped {
    folder: PathBuf,
    classes: Vec<String>,
}

impl Shipped {
    pub(crate) fn new(datasets: impl Into<PathBuf>, classes: &[&str]) -> Self {
        Self { folder: datasets.into(), classes: classes.iter().map(|&c| c.to_owned()).collect() }
    }

    pub(crate) fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The rows of one table.
    pub(crate) fn read(&self, file: impl AsRef<Path>) -> Result<Vec<Example>, DataError> {
        read_examples(self.folder.join(file), &TableFormat::default(), &self.classes)
    }

    /// The rows of the table whose name is `prefix`, the split, and `.tsv.gz`.
    pub(crate) fn split(&self, prefix: &str, split: Split) -> Result<Vec<Example>, DataError> {
        self.read(format!("{prefix}{split}.tsv.gz"))
    }
}
