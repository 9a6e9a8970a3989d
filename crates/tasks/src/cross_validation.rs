//! A task dealt anew to train, dev and test.

use dnabert_core::{Example, Split, Task, derive_seed};

use crate::cluster::{clusters, deal};

/// All rows of a task in as many folds: each is the test split once. For sets whose own test split is
/// too small to tell methods apart.
///
/// Rows that share a 20-mer on either strand stay together, and every fold has about the same number
/// of rows of each class. Of the rows outside the test fold an eighth, whole clusters, goes to dev.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    name: String,
    classes: Vec<String>,
    examples: Vec<Example>,
    /// The fold of each example, and the part of all rows that decides whether it may go to dev.
    parts: Vec<(usize, usize)>,
    folds: usize,
}

/// One fold of a [`CrossValidation`], as a task.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'a> {
    whole: &'a CrossValidation,
    fold: usize,
}

/// Rows that share a stretch of this many bases stay together.
const SHARED: usize = 20;

/// Of the rows that are not judged, one in so many parts goes to dev.
const PARTS: usize = 8;

impl CrossValidation {
    /// Deals the rows of all splits of `task` to `folds` folds, in the way that `seed` decides.
    ///
    /// # Errors
    ///
    /// The task's own.
    ///
    /// # Panics
    ///
    /// If there are fewer than 2 folds.
    pub fn new<T: Task>(task: &T, folds: usize, seed: u64) -> Result<Self, T::Error> {
        assert!(folds >= 2, "{folds} folds leave nothing to learn from, or to judge");
        let mut examples = Vec::new();
        for split in [Split::Train, Split::Dev, Split::Test] {
            examples.extend(task.examples(split)?);
        }
        let numbers = clusters(examples.iter().map(|example| &example.sequence), SHARED);
        let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
        let even = |parts: usize| vec![1.0 / parts as f64; parts];
        let in_fold = deal(&numbers, &labels, &even(folds), derive_seed(seed, &[50]));
        let in_part = deal(&numbers, &labels, &even(PARTS), derive_seed(seed, &[51]));
        let parts = in_fold.into_iter().zip(in_part).collect();
        let classes = task.classes().to_vec();
        Ok(Self { name: task.name().to_owned(), classes, examples, parts, folds })
    }

    /// The folds, each as a task.
    pub fn folds(&self) -> impl Iterator<Item = Fold<'_>> {
        (0..self.folds).map(|fold| Fold { whole: self, fold })
    }
}

impl Fold<'_> {
    fn split(&self, (fold, part): (usize, usize)) -> Split {
        if fold == self.fold {
            Split::Test
        } else if part == 0 {
            Split::Dev
        } else {
            Split::Train
        }
    }
}

impl Task for Fold<'_> {
    type Error = std::convert::Infallible;

    fn name(&self) -> &str {
        &self.whole.name
    }

    fn classes(&self) -> &[String] {
        &self.whole.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, Self::Error> {
        let rows = self.whole.examples.iter().zip(&self.whole.parts);
        let rows = rows.filter(|(_, part)| self.split(**part) == split);
        Ok(rows.map(|(example, _)| example.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{BindingSet, BindingTask, SpliceSet, SpliceTask};

    #[test]
    fn every_row_is_judged_once_and_no_fold_shares_a_stretch_with_another() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Uci);
        let whole = CrossValidation::new(&task, 5, 1).unwrap();
        let mut judged = HashSet::new();
        for fold in whole.folds() {
            let [train, dev, test] =
                [Split::Train, Split::Dev, Split::Test].map(|split| fold.examples(split).unwrap());
            assert_eq!(train.len() + dev.len() + test.len(), 2989);
            assert!((580..=620).contains(&test.len()), "{}", test.len());
            assert!((270..=330).contains(&dev.len()), "{}", dev.len());
            let donors = test.iter().filter(|row| row.label == 1).count();
            assert!((130..=170).contains(&donors), "{donors}");
            let kmers: HashSet<&[u8]> =
                train.iter().flat_map(|row| row.sequence.as_bytes().windows(SHARED)).collect();
            for row in dev.iter().chain(&test) {
                let reverse = row.sequence.reverse_complement();
                let strands = [row.sequence.as_bytes(), reverse.as_bytes()];
                assert!(!strands.iter().any(|s| s.windows(SHARED).any(|k| kmers.contains(k))));
            }
            judged.extend(test.into_iter().map(|row| row.name));
        }
        assert_eq!(judged.len(), 2989);
    }

    #[test]
    fn another_seed_deals_otherwise_and_the_same_one_alike() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = BindingTask::new(datasets, BindingSet::CtcfGm12878);
        let first = |seed| {
            let whole = CrossValidation::new(&task, 5, seed).unwrap();
            whole.folds().next().unwrap().examples(Split::Test).unwrap()
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
