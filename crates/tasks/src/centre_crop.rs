//! Sites with fewer bases around them.

use dnabert_core::{Example, Split, Task};

/// A task of sites in the middle of their sequences, of which only so many bases are kept: the middle stays the middle, so
/// that a model of long windows and one of short ones can learn the same sites.
#[derive(Debug, Clone)]
pub struct CentreCrop<T> {
    task: T,
    name: String,
    width: usize,
}

impl<T: Task> CentreCrop<T> {
    /// `width` bases of each sequence: half of them, of an odd number the smaller half, before the base in the middle (base
    /// 100, from 0, of 200). Sequences of at most `width` bases stay as they are, and so do the second sequences of pairs. The
    /// width stands behind the task's name (`fly-splice-60`).
    ///
    /// # Panics
    ///
    /// Where `width` is 0.
    pub fn new(task: T, width: usize) -> Self {
        assert!(width > 0, "no base");
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

    /// The rows of the task, each in its place.
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
