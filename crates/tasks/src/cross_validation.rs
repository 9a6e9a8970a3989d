//! Cross-validation without similar sequences in two folds.

use dnabert_core::{Example, Split, Task, derive_seed};

use crate::cluster::{deal, example_clusters};

/// All rows of a task, divided into folds, each of which is the test split once.
///
/// For data sets whose own test split is too small to compare methods. Rows that share a 20-mer, on
/// either strand, are in the same fold (see [`clusters`](crate::clusters)), and every fold has about
/// the same number of rows of each class. One eighth of the rows outside the test fold, as whole
/// clusters, is the dev split.
///
/// ```
/// use dnabert_core::{Split, Task};
/// use dnabert_tasks::{BindingSet, BindingTask, CrossValidation};
///
/// let task = BindingTask::new("../../datasets", BindingSet::CtcfGm12878);
/// let validation = CrossValidation::new(&task, 5, /* seed */ 1)?;
/// let mut rows = 0;
/// for fold in validation.folds() {
///     rows += fold.examples(Split::Test)?.len();
/// }
/// assert_eq!(rows, 1000); // every row is tested once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossValidation {
    name: String,
    classes: Vec<String>,
    examples: Vec<Example>,
    /// For each fold, the split of each example.
    splits: Vec<Vec<Split>>,
}

/// One fold of a [`CrossValidation`], as a task.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'a> {
    whole: &'a CrossValidation,
    fold: usize,
}

/// Why a task cannot be divided into folds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError<E: std::error::Error + 'static> {
    /// The task cannot be read.
    #[error(transparent)]
    Task(#[from] E),
    /// A split of a fold has no row of a class: the class has too few rows that are not similar.
    #[error("fold {fold} has no row of class {class} in its {split} split; use fewer folds")]
    Lacking {
        /// The fold, from 1.
        fold: usize,
        /// The split.
        split: Split,
        /// The class.
        class: String,
    },
}

/// Length of the k-mers that rows of two folds may not share.
const SHARED: usize = 20;

/// Fraction of the rows outside the test fold that go to the dev split.
const DEV: f64 = 0.125;

/// The random streams that deal the folds, and the dev split of each fold.
const FOLDS: u64 = 50;
const DEV_SPLIT: u64 = 51;

impl CrossValidation {
    /// Divides the rows of all splits of `task` into `folds` folds; another `seed` gives other folds.
    ///
    /// # Errors
    ///
    /// [`FoldError`] if the task cannot be read, or a split would have no row of a class.
    ///
    /// # Panics
    ///
    /// If `folds` is below 2.
    pub fn new<T: Task>(task: &T, folds: usize, seed: u64) -> Result<Self, FoldError<T::Error>> {
        assert!(folds >= 2, "{folds} folds: at least 2 are needed");
        let mut examples = Vec::new();
        for split in [Split::Train, Split::Dev, Split::Test] {
            examples.extend(task.examples(split)?);
        }
        let numbers = example_clusters(&examples, SHARED);
        let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
        let even = vec![1.0 / folds as f64; folds];
        let fold_of = deal(&numbers, &labels, &even, derive_seed(seed, &[FOLDS]));
        let splits = (0..folds)
            .map(|fold| {
                let rest: Vec<usize> =
                    (0..examples.len()).filter(|&row| fold_of[row] != fold).collect();
                let of_rest = |values: &[usize]| rest.iter().map(|&row| values[row]).collect();
                let (numbers, labels): (Vec<usize>, Vec<usize>) =
                    (of_rest(&numbers), of_rest(&labels));
                let seed = derive_seed(seed, &[DEV_SPLIT, fold as u64]);
                let parts = deal(&numbers, &labels, &[1.0 - DEV, DEV], seed);
                let mut splits = vec![Split::Test; examples.len()];
                for (row, part) in rest.into_iter().zip(parts) {
                    splits[row] = if part == 0 { Split::Train } else { Split::Dev };
                }
                splits
            })
            .collect();
        let (name, classes) = (task.name().to_owned(), task.classes().to_vec());
        let whole = Self { name, classes, examples, splits };
        whole.check()?;
        Ok(whole)
    }

    /// Checks that every split of every fold has rows of every class.
    fn check<E: std::error::Error>(&self) -> Result<(), FoldError<E>> {
        for (fold, splits) in self.splits.iter().enumerate() {
            for split in [Split::Train, Split::Dev, Split::Test] {
                for (label, class) in self.classes.iter().enumerate() {
                    let rows = self.examples.iter().zip(splits);
                    if !rows.into_iter().any(|(row, own)| *own == split && row.label == label) {
                        let class = class.clone();
                        return Err(FoldError::Lacking { fold: fold + 1, split, class });
                    }
                }
            }
        }
        Ok(())
    }

    /// The folds, each as a task.
    pub fn folds(&self) -> impl Iterator<Item = Fold<'_>> {
        (0..self.splits.len()).map(|fold| Fold { whole: self, fold })
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
        let rows = self.whole.examples.iter().zip(&self.whole.splits[self.fold]);
        let rows = rows.filter(|(_, own)| **own == split);
        Ok(rows.map(|(example, _)| example.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{BindingSet, BindingTask, PromoterSet, PromoterTask, SpliceSet, SpliceTask};

    #[test]
    fn every_row_is_tested_once_and_no_two_splits_share_a_kmer() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = SpliceTask::new(datasets, SpliceSet::Uci);
        let whole = CrossValidation::new(&task, 5, 1).unwrap();
        let mut tested = HashSet::new();
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
            tested.extend(test.into_iter().map(|row| row.name));
        }
        assert_eq!(tested.len(), 2989);
    }

    #[test]
    fn every_split_has_its_classes_beside_a_large_cluster_whose_fold_depends_on_the_seed() {
        // 78 negatives of this set form one cluster.
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = BindingTask::new(datasets, BindingSet::CtcfGm12878);
        let mut largest_fold = HashSet::new();
        for seed in 1..=6 {
            let whole = CrossValidation::new(&task, 5, seed).unwrap();
            for (number, fold) in whole.folds().enumerate() {
                let dev = fold.examples(Split::Dev).unwrap();
                let negatives = dev.iter().filter(|row| row.label == 0).count();
                assert!((20..=60).contains(&negatives), "seed {seed} fold {number}: {negatives}");
                let test = fold.examples(Split::Test).unwrap();
                let numbers = example_clusters(&test, SHARED);
                let size = |number| numbers.iter().filter(|other| **other == number).count();
                if (0..numbers.len()).any(|number| size(number) > 50) {
                    largest_fold.insert(number);
                }
            }
        }
        assert!(largest_fold.len() > 1, "{largest_fold:?}");
    }

    #[test]
    fn too_few_rows_of_a_class_are_an_error() {
        let datasets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");
        let task = PromoterTask::new(datasets, PromoterSet::Uci);
        // The negatives of this set overlap.
        let error = CrossValidation::new(&task, 30, 1).unwrap_err();
        assert!(matches!(error, FoldError::Lacking { .. }), "{error}");
    }

    #[test]
    fn the_seed_decides_the_folds() {
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
