//! A hash that identifies the examples of a task.

use dnabert_core::{Example, Split, Task};
use sha2::{Digest, Sha256};

use crate::ExperimentError;
use crate::baseline::examples;

/// SHA-256 over all sequences and labels of a task, in the order of train, dev and test.
///
/// ```
/// use dnabert_experiment::{Benchmark, Datasets, fingerprint};
///
/// let datasets = Datasets::find()?;
/// let of = |benchmark: Benchmark| fingerprint(&benchmark.task(&datasets));
/// assert_eq!(of(Benchmark::PromoterUci)?, of(Benchmark::PromoterUci)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ExperimentError`] for a split that is empty or cannot be read.
pub fn fingerprint<T: Task>(task: &T) -> Result<String, ExperimentError> {
    let [train, dev, test] =
        [Split::Train, Split::Dev, Split::Test].map(|split| examples(task, split));
    Ok(hash([&train?, &dev?, &test?]))
}

pub(crate) fn hash(splits: [&Vec<Example>; 3]) -> String {
    let mut hasher = Sha256::new();
    for example in splits.into_iter().flatten() {
        hasher.update(example.sequence.as_bytes());
        hasher.update(b"\t");
        hasher.update(example.pair.as_ref().map_or(&[][..], |pair| pair.as_bytes()));
        hasher.update(format!("\t{}\n", example.label));
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
