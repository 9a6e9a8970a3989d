//! Why a training run cannot start or go on.

/// Why training stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A split without examples.
    #[error("the {0} split is empty")]
    EmptySplit(&'static str),
    /// A setting that makes no sense.
    #[error("training setting `{field}` is {value}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        reason: &'static str,
    },
    /// A label that the head has no output for.
    #[error(
        "example {index} of the {split} split has label {label}, and the head has {outputs} outputs"
    )]
    Label {
        /// The split.
        split: &'static str,
        /// 0-based index of the example.
        index: usize,
        /// Its label.
        label: String,
        /// Outputs of the head.
        outputs: usize,
    },
    /// A class that no training example has.
    #[error("no training example has class {class} of {classes}")]
    MissingClass {
        /// The class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Threads that the system does not give.
    #[error("the workers' threads cannot be started")]
    Workers(#[from] rayon::ThreadPoolBuildError),
    /// A loss or gradient that is NaN or infinite.
    #[error("the {what} is {value} at step {step}: lower the learning rate")]
    NotFinite {
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// The value.
        value: f64,
        /// The step, counted from 0.
        step: usize,
    },
    /// A row of the corpus that cannot be read.
    #[error("row {number} of the corpus cannot be read")]
    Row {
        /// Its number.
        number: u64,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A step that would teach nothing.
    #[error("step {step}: no token of its rows is hidden")]
    NothingHidden {
        /// The step, from 0.
        step: usize,
    },
    /// A checkpoint that cannot be read or written.
    #[error("{}", path.display())]
    Checkpoint {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A checkpoint that was made with other settings.
    #[error(
        "{}: made with other settings; give the same ones, or another folder",
        path.display()
    )]
    OtherRun {
        /// Its settings.
        path: std::path::PathBuf,
    },
}
