//! A random subset of a task's training data.

use dnabert_core::{Example, Split, Task, derive_seed};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A task with a random subset of the training split of another; dev and test are unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Subset<'a, T> {
    task: &'a T,
    fraction: f64,
    seed: u64,
}

impl<'a, T: Task> Subset<'a, T> {
    /// Keeps this fraction of the training examples of each class, and at least one; `seed` draws
    /// them. Their order is unchanged.
    ///
    /// # Panics
    ///
    /// Unless 0 < `fraction` ≤ 1.
    ///
    /// ```
    /// use dnabert_core::{Split, Task};
    /// use dnabert_tasks::{BindingSet, BindingTask, Subset};
    ///
    /// let task = BindingTask::new("../../datasets", BindingSet::CtcfGm12878);
    /// let tenth = Subset::new(&task, 0.1, /* seed */ 1);
    /// assert_eq!(task.examples(Split::Train)?.len(), 800);
    /// assert_eq!(tenth.examples(Split::Train)?.len(), 80);
    /// # Ok::<(), dnabert_tasks::DataError>(())
    /// ```
    pub fn new(task: &'a T, fraction: f64, seed: u64) -> Self {
        assert!(0.0 < fraction && fraction <= 1.0, "a fraction of {fraction} is not in (0, 1]");
        Self { task, fraction, seed }
    }
}

impl<T: Task> Task for Subset<'_, T> {
    type Error = T::Error;

    fn name(&self) -> &str {
        self.task.name()
    }

    fn classes(&self) -> &[String] {
        self.task.classes()
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, T::Error> {
        let examples = self.task.examples(split)?;
        if split != Split::Train || self.fraction == 1.0 {
            return Ok(examples);
        }
        let mut is_kept = vec![false; examples.len()];
        for class in 0..self.classes().len() {
            let of_class = examples.iter().enumerate().filter(|(_, row)| row.label == class);
            let mut places: Vec<usize> = of_class.map(|(place, _)| place).collect();
            let count = (self.fraction * places.len() as f64).round().max(1.0) as usize;
            let seed = derive_seed(self.seed, &[class as u64]);
            places.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            places.into_iter().take(count).for_each(|place| is_kept[place] = true);
        }
        let kept = examples.into_iter().zip(is_kept).filter(|(_, is_kept)| *is_kept);
        Ok(kept.map(|(example, _)| example).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SpliceSet, SpliceTask};

    #[test]
    fn each_class_keeps_its_fraction_and_the_seed_draws_the_rows() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Uci);
        let counts = |examples: &[Example]| {
            (0..3).map(|class| examples.iter().filter(|row| row.label == class).count()).collect()
        };
        let whole = task.examples(Split::Train).unwrap();
        let tenth = Subset::new(&task, 0.1, 1).examples(Split::Train).unwrap();
        let (all, some): (Vec<_>, Vec<_>) = (counts(&whole), counts(&tenth));
        for (all, some) in all.into_iter().zip(some) {
            assert_eq!(some, (all as f64 / 10.0).round() as usize);
        }
        let places = |examples: &[Example]| -> Vec<usize> {
            examples
                .iter()
                .map(|row| whole.iter().position(|other| other == row).unwrap())
                .collect()
        };
        assert!(places(&tenth).is_sorted());
        assert_eq!(tenth, Subset::new(&task, 0.1, 1).examples(Split::Train).unwrap());
        assert_ne!(tenth, Subset::new(&task, 0.1, 2).examples(Split::Train).unwrap());
        for split in [Split::Dev, Split::Test] {
            let same = Subset::new(&task, 0.1, 1).examples(split).unwrap();
            assert_eq!(same, task.examples(split).unwrap());
        }
    }
}
