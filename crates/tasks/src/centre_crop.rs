//! Sites in narrower windows.

use dnabert_core::{Example, Split, Task};

/// A task whose sequences are cropped to their middle, so that models of long and of short windows
/// can learn the same sites.
#[derive(Debug, Clone)]
pub struct CentreCrop<T> {
    task: T,
    name: String,
    width: usize,
}

impl<T: Task> CentreCrop<T> {
    /// Crops every sequence to `width` bases around its middle, which is the boundary before base
    /// ⌊length / 2⌋ (base 100 of 200, from 0); ⌊`width` / 2⌋ bases before it are kept. Sequences of
    /// at most `width` bases, and the second sequences of pairs, are unchanged. The width is added to
    /// the task's name (`fly-splice-60`).
    ///
    /// # Panics
    ///
    /// If `width` is 0.
    ///
    /// ```
    /// use dnabert_core::{Split, Task};
    /// use dnabert_tasks::{CentreCrop, SpliceSet, SpliceTask};
    ///
    /// let task = CentreCrop::new(SpliceTask::new("../../datasets", SpliceSet::Uci), 40);
    /// assert_eq!(task.name(), "uci-splice-40");
    /// assert_eq!(task.examples(Split::Dev)?[0].sequence.len(), 40);
    /// # Ok::<(), dnabert_tasks::DataError>(())
    /// ```
    pub fn new(task: T, width: usize) -> Self {
        assert!(width > 0, "a width of 0");
        let name = format!("{}-{width}", task.name());
        Self { task, name, width }
    }
}

impl<T: Task> Task for CentreCrop<T> {
    type Error = T::Error;

    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> &[String] {
        self.task.classes()
    }

    /// The rows of the task, in the same order.
    fn examples(&self, split: Split) -> Result<Vec<Example>, T::Error> {
        let cut = |example: Example| {
            let len = example.sequence.len();
            if len <= self.width {
                return example;
            }
            let start = len / 2 - self.width / 2;
            Example { sequence: example.sequence.slice(start..start + self.width), ..example }
        };
        Ok(self.task.examples(split)?.into_iter().map(cut).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SpliceSet, SpliceTask};

    #[test]
    fn the_boundary_stays_in_the_middle() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Fly);
        let whole = task.examples(Split::Dev).unwrap();
        for width in [60, 61, 199] {
            let cut = CentreCrop::new(&task, width).examples(Split::Dev).unwrap();
            assert_eq!(cut.len(), whole.len());
            for (cut, whole) in cut.iter().zip(&whole) {
                let (bases, middle) = (cut.sequence.as_bytes(), width / 2);
                assert_eq!((bases.len(), cut.label, &cut.name), (width, whole.label, &whole.name));
                assert_eq!(bases[..], whole.sequence.as_bytes()[100 - middle..][..width]);
            }
        }
        assert_eq!(CentreCrop::new(&task, 300).examples(Split::Dev).unwrap(), whole);
    }
}
