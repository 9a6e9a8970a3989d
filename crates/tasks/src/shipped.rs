//! Tasks on the data sets that the project ships.

use std::path::PathBuf;

use dnabert_core::{Example, Split, Task};

use crate::{DataError, TableFormat, read_examples};

/// The shipped data sets of one kind.
pub trait ShippedSet: Copy + Send + Sync {
    /// The classes of these sets.
    const CLASSES: &'static [&'static str];

    /// The name of the task on this set.
    fn name(self) -> &'static str;

    /// Length of every sequence in bases.
    fn length(self) -> usize;

    /// Where the rows of a split are.
    fn source(self, split: Split) -> RowSource;
}

/// Where the rows of a split are, in the project's `datasets` folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSource {
    /// All rows of this table.
    Table(String),
    /// Rows of a table without splits: within each class, the fourth of every five rows, in the
    /// order of the file, is for dev, the fifth for test, and the others are for train.
    Fifths(&'static str),
    /// The split has no rows.
    Nowhere,
}

impl RowSource {
    /// The table named `{prefix}{split}.tsv.gz`.
    pub(crate) fn table(prefix: &str, split: Split) -> Self {
        Self::Table(format!("{prefix}{split}.tsv.gz"))
    }
}

/// The task on a shipped data set.
#[derive(Debug, Clone)]
pub struct ShippedTask<S> {
    folder: PathBuf,
    set: S,
    classes: Vec<String>,
}

impl<S: ShippedSet> ShippedTask<S> {
    /// The task on `set`, in the project's `datasets` folder.
    pub fn new(datasets: impl Into<PathBuf>, set: S) -> Self {
        let classes = S::CLASSES.iter().map(|&class| class.to_owned()).collect();
        Self { folder: datasets.into(), set, classes }
    }
}

impl<S: ShippedSet> Task for ShippedTask<S> {
    type Error = DataError;

    fn name(&self) -> &str {
        self.set.name()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, DataError> {
        let read = |table: &str| {
            read_examples(self.folder.join(table), &TableFormat::default(), &self.classes)
        };
        match self.set.source(split) {
            RowSource::Table(table) => read(&table),
            RowSource::Fifths(table) => Ok(fifths(read(table)?, split, self.classes.len())),
            RowSource::Nowhere => Ok(Vec::new()),
        }
    }
}

fn fifths(examples: Vec<Example>, split: Split, classes: usize) -> Vec<Example> {
    let mut seen = vec![0_usize; classes];
    let mut split_of = |example: &Example| {
        let rows = &mut seen[example.label];
        *rows += 1;
        match (*rows - 1) % 5 {
            3 => Split::Dev,
            4 => Split::Test,
            _ => Split::Train,
        }
    };
    examples.into_iter().filter(|example| split_of(example) == split).collect()
}
