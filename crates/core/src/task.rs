//! Labelled data sets.

use crate::Sequence;

/// One labelled sequence, or pair of sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Where it comes from, for messages and prediction tables (`prom300_test.tsv:17`).
    pub name: String,
    /// The sequence.
    pub sequence: Sequence,
    /// The second sequence of a pair task.
    pub pair: Option<Sequence>,
    /// The index of its class in [`Task::classes`].
    pub label: usize,
}

/// The part of a data set that an example belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Fits the weights.
    Train,
    /// Chooses the model, the epoch and the settings.
    Dev,
    /// Read once, at the end; chooses nothing.
    Test,
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        })
    }
}

/// A classification task: names, classes and examples per split.
pub trait Task: Send + Sync {
    /// What reading the examples can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// A short name (`fly-promoter-300`).
    fn name(&self) -> &str;

    /// Class names; a label is an index into them.
    fn classes(&self) -> &[String];

    /// The examples of one split, in the order of their file.
    ///
    /// # Errors
    ///
    /// The task's own error, naming file and line.
    fn examples(&self, split: Split) -> Result<Vec<Example>, Self::Error>;
}

/// A task can be lent.
impl<T: Task + ?Sized> Task for &T {
    type Error = T::Error;

    fn name(&self) -> &str {
        (**self).name()
    }

    fn classes(&self) -> &[String] {
        (**self).classes()
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, T::Error> {
        (**self).examples(split)
    }
}

/// Tasks of several types can stand in one list.
impl<T: Task + ?Sized> Task for Box<T> {
    type Error = T::Error;

    fn name(&self) -> &str {
        (**self).name()
    }

    fn classes(&self) -> &[String] {
        (**self).classes()
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, T::Error> {
        (**self).examples(split)
    }
}
