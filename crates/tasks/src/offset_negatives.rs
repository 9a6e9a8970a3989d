//! Places beside sites, for models that are led along a sequence.

use dnabert_core::{Example, Split, Task, derive_seed};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A task of sites in the middle of their sequences that asks for the place, too: every sequence loses `reach` bases at
/// each end, and every site (any class but the first) has a second row, in which it stands 1 to `reach` bases
/// beside the middle, of the first class.
///
/// Decoys of sites have what the sites have in the middle, such as GT. A model that has seen nothing else does not
/// know what to say of other windows, and there are more of them where it is led along a sequence.
#[derive(Debug, Clone)]
pub struct OffsetNegatives<T> {
    task: T,
    name: String,
    reach: usize,
    seed: u64,
}

impl<T: Task> OffsetNegatives<T> {
    /// Moves sites by up to `reach` bases, drawn from `seed` for each row. Sequences of no more than 2 × `reach`
    /// bases are left out: nothing would be left of them. The reach stands behind the task's name (`fly-splice-beside-20`).
    ///
    /// # Panics
    ///
    /// Where `reach` is 0.
    pub fn new(task: T, reach: usize, seed: u64) -> Self {
        assert!(reach > 0, "sites are moved by one base at least");
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

    /// Each row in its turn, a site's second row behind its own.
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
                // 1 to reach bases to the left or to the right: the middle is passed over.
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
    fn every_site_stands_once_in_the_middle_and_once_beside() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Uci);
        let whole = task.examples(Split::Dev).unwrap();
        let beside = OffsetNegatives::new(&task, 5, 1);
        let rows = beside.examples(Split::Dev).unwrap();
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
        assert_eq!(rows, beside.examples(Split::Dev).unwrap());
        assert_ne!(rows, OffsetNegatives::new(&task, 5, 2).examples(Split::Dev).unwrap());
    }
}
