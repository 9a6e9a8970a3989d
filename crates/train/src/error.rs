//! Errors of training.

/// The error of a training run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A split has no examples.
    #[error("the {0} split is empty")]
    EmptySplit(&'static str),
    /// A setting has a value that cannot be used.
    #[error("training setting `{field}` is {value}: {reason}")]
    Setting {
        /// The name of the setting.
        field: &'static str,
        /// The value.
        value: String,
        /// What the value must be.
        reason: &'static str,
    },
    /// A label does not fit the outputs of the head.
    #[error(
        "example {index} of the {split} split has label {label}, but the head has {outputs} outputs"
    )]
    Label {
        /// The split.
        split: &'static str,
        /// 0-based index of the example.
        index: usize,
        /// The label.
        label: String,
        /// The number of outputs of the head.
        outputs: usize,
    },
    /// Balanced class weights need examples of every class, and a class has none.
    #[error("no training example has class {class} of {classes}")]
    MissingClass {
        /// The class.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// The operating system cannot start the worker threads.
    #[error("the worker threads cannot be started")]
    Workers(#[from] rayon::ThreadPoolBuildError),
    /// The loss or the gradient norm is NaN or infinite.
    #[error("the {what} is {value} at step {step}: lower the learning rate")]
    NotFinite {
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// The value.
        value: f64,
        /// The step, from 0.
        step: usize,
    },
    /// A row of the corpus cannot be read.
    #[error("row {number} of the corpus cannot be read")]
    Row {
        /// The number of the row.
        number: u64,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The mask plan hides no token in the rows of a step, so there is nothing to learn.
    #[error("step {step}: the mask plan hides no token in the rows of this step")]
    NothingHidden {
        /// The step, from 0.
        step: usize,
    },
    /// A checkpoint cannot be read or written.
    #[error("{}", path.display())]
    Checkpoint {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The checkpoint was made with other settings.
    #[error(
        "{}: made with other settings; use the same settings or another folder",
        path.display()
    )]
    OtherRun {
        /// The file with the settings of the checkpoint.
        path: std::path::PathBuf,
    },
}
