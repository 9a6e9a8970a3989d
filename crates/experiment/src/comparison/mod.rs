//! Many methods on many draws of a task: on all cores, kept in a file, and never run twice.

mod combine;
mod difference;
mod jobs;
mod run;
mod summary;

pub use combine::combine;
pub use difference::{Difference, over_folds, over_seeds};
pub use jobs::{Completed, Failure, Job, JobError, MethodResult, Progress, complete};
pub use run::{Run, RunKey, Scores};
pub use summary::{Spread, Summary};
