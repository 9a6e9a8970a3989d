//! Negatives a few bases off a site, for models that scan a sequence.

use dnabert_core::{Example, Split, Task, derive_seed};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A task of sites that also asks where the site is.
///
/// Every sequence loses `reach` bases at each end. Every site (any class but the first) gets a second
/// row of the first class, in which it is 1 to `reach` bases off the middle.
///
/// Decoys have the same bases in the middle as sites, such as GT. A model that is trained on sites
/// and decoys alone has not learned other windows, and a scan over a sequence meets mostly those.
#[derive(Debug, Clone)]
pub struct OffsetNegatives<T> {
    task: T,
    name: String,
    reach: usize,
    seed: u64,
}

impl<T: Task> OffsetNegatives<T> {
    /// Offsets sites by 1 to `reach` bases, drawn from `seed` for each row. Sequences of at most
    /// 2 × `reach` bases are left out, because no base would remain. The reach is added to the task's
    /// name (`fly-splice-beside-20`).
    ///
    /// # Panics
    ///
    /// If `reach` is 0.
    ///
    /// ```
    /// use dnabert_core::{Split, Task};
    /// use dnabert_tasks::{OffsetNegatives, SpliceSet, SpliceTask};
    ///
    /// let task = SpliceTask::new("../../datasets", SpliceSet::Uci);
    /// let sites = task.examples(Split::Dev)?.iter().filter(|row| row.label > 0).count();
    /// let offset = OffsetNegatives::new(&task, 5, /* seed */ 1).examples(Split::Dev)?;
    /// assert_eq!(offset.len(), task.examples(Split::Dev)?.len() + sites);
    /// assert_eq!(offset[0].sequence.len(), 50);
    /// # Ok::<(), dnabert_tasks::DataError>(())
    /// ```
    pub fn new(task: T, reach: usize, seed: u64) -> Self {
        assert!(reach > 0, "a reach of 0");
        let name = format!("{}-beside-{reach}", task.name());
        Self { task, name, reach, seed }
    }
}

impl<T: Task> Task for OffsetNegatives<T> {
    type Error = T::Error;

    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> &[String] {
        self.task.classes()
    }

    /// The rows in their order, the second row of a site after the first.
    fn examples(&self, split: Split) -> Result<Vec<Example>, T::Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(self.seed, &[split as u64]));
        let mut rows = Vec::new();
        for example in self.task.examples(split)? {
            let moved = rng.random_range(1..=2 * self.reach);
            let Some(width) =
                example.sequence.len().checked_sub(2 * self.reach).filter(|width| *width > 0)
            else {
                continue;
            };
            let window = |start: usize, label: usize| Example {
                sequence: example.sequence.slice(start..start + width),
                label,
                ..example.clone()
            };
            rows.push(window(self.reach, example.label));
            if example.label > 0 {
                // 1 to reach bases to the left or to the right, but not 0.
                rows.push(window(if moved <= self.reach { moved - 1 } else { moved }, 0));
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SpliceSet, SpliceTask};

    #[test]
    fn every_site_is_once_in_the_middle_and_once_off_it() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Uci);
        let whole = task.examples(Split::Dev).unwrap();
        let offset = OffsetNegatives::new(&task, 5, 1);
        let rows = offset.examples(Split::Dev).unwrap();
        let sites = whole.iter().filter(|row| row.label > 0).count();
        assert_eq!(rows.len(), whole.len() + sites);
        let mut rest = rows.iter();
        let mut places = std::collections::BTreeSet::new();
        for row in &whole {
            let own = rest.next().unwrap();
            assert_eq!((&own.sequence, own.label), (&row.sequence.slice(5..55), row.label));
            if row.label > 0 {
                let moved = rest.next().unwrap();
                assert_eq!((moved.label, moved.sequence.len()), (0, 50));
                let place = (0..=10).find(|&at| row.sequence.slice(at..at + 50) == moved.sequence);
                places.insert(place.unwrap());
                assert_ne!(moved.sequence, own.sequence);
            }
        }
        assert_eq!(places.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
        assert_eq!(rows, offset.examples(Split::Dev).unwrap());
        assert_ne!(rows, OffsetNegatives::new(&task, 5, 2).examples(Split::Dev).unwrap());
    }
}
