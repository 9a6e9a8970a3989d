//! Labelled data sets.

use crate::Sequence;

/// One labelled sequence, or pair of sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Where the example comes from, for messages and prediction tables (`prom300_test.tsv:17`).
    pub name: String,
    /// The sequence.
    pub sequence: Sequence,
    /// The second sequence of a pair task.
    pub pair: Option<Sequence>,
    /// The index of the class in [`Task::classes`].
    pub label: usize,
}

/// The part of a data set that an example belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// For fitting the weights.
    Train,
    /// For choosing the model, the epoch and the settings.
    Dev,
    /// For the final evaluation only; nothing is chosen on it.
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

/// A classification task: a name, its classes, and the examples of each split.
pub trait Task: Send + Sync {
    /// The error type.
    type Error: std::error::Error + Send + Sync + 'static;

    /// A short name, such as `fly-promoter-300`.
    fn name(&self) -> &str;

    /// The names of the classes; a label is an index into them.
    fn classes(&self) -> &[String];

    /// The examples of one split, in the order of their file.
    ///
    /// # Errors
    ///
    /// The error of the implementation, which names file and line.
    fn examples(&self, split: Split) -> Result<Vec<Example>, Self::Error>;
}

/// A reference to a task is one as well.
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

/// Boxed tasks of different types can be kept in one list.
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
