//! Compares many methods on many draws of a task. Runs use all cores and are kept in a file, so
//! that none is done twice.

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
