//! One table, split by sequence similarity.

use std::path::Path;

use dnabert_core::{Example, Split, derive_seed};
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::cluster::{deal, example_clusters};

/// How the rows of one table are divided into train, dev and test.
///
/// Rows that share a k-mer of `shared` bases, on either strand, are in the same split. A sequence
/// without such a k-mer, because it is shorter or has too many ambiguous letters, is in the same
/// split as its exact duplicates and their reverse complements. Each class is divided in the wanted
/// proportions, as far as the sizes of the clusters allow. The same rows and settings always give
/// the same split.
///
/// ```
/// use dnabert_tasks::SingleTableSplit;
///
/// let split = SingleTableSplit { test: 0.2, ..SingleTableSplit::default() };
/// split.check()?;
/// assert!(SingleTableSplit { dev: 0.0, ..split }.check().is_err());
/// # Ok::<(), dnabert_tasks::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SingleTableSplit {
    /// Fraction of the rows of each class that go to the dev split.
    pub dev: f64,
    /// Fraction of the rows of each class that go to the test split.
    pub test: f64,
    /// Length of the k-mers that rows of two splits may not share, on either strand.
    pub shared: usize,
    /// Decides where clusters go that fit several splits equally well.
    pub seed: u64,
}

impl Default for SingleTableSplit {
    /// A tenth for dev, a tenth for test, no shared 20-mer, seed 1.
    fn default() -> Self {
        Self { dev: 0.1, test: 0.1, shared: 20, seed: 1 }
    }
}

/// The random stream that divides a single table.
const SINGLE_TABLE: u64 = 60;

impl SingleTableSplit {
    /// Checks that every split gets rows and that `shared` is a k-mer length.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] unless `dev` and `test` are above 0, their sum is below 1, and `shared`
    /// is at least 1.
    pub fn check(&self) -> Result<(), DataError> {
        let failed = |field, value, reason| Err(DataError::Setting { field, value, reason });
        for (field, fraction) in [("dev", self.dev), ("test", self.test)] {
            if !(fraction > 0.0 && fraction < 1.0) {
                return failed(field, fraction, "must be above 0 and below 1");
            }
        }
        if self.dev + self.test >= 1.0 {
            let reason = "dev and test together must leave rows to train on";
            return failed("dev + test", self.dev + self.test, reason);
        }
        if self.shared == 0 {
            return failed("shared", 0.0, "must be at least 1");
        }
        Ok(())
    }

    /// The split of each row of the table at `path`.
    pub(crate) fn splits(
        &self,
        examples: &[Example],
        classes: &[String],
        path: &Path,
    ) -> Result<Vec<Split>, DataError> {
        self.check()?;
        let clusters = example_clusters(examples, self.shared);
        let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
        let fractions = [1.0 - self.dev - self.test, self.dev, self.test];
        let bins = deal(&clusters, &labels, &fractions, derive_seed(self.seed, &[SINGLE_TABLE]));
        let splits = [Split::Train, Split::Dev, Split::Test];
        for (bin, split) in splits.into_iter().enumerate() {
            for (label, class) in classes.iter().enumerate() {
                if labels.iter().zip(&bins).any(|row| row == (&label, &bin)) {
                    continue;
                }
                let of_class = labels.iter().zip(&clusters).filter(|(own, _)| **own == label);
                let mut clusters: Vec<usize> = of_class.map(|(_, cluster)| *cluster).collect();
                let rows = clusters.len();
                clusters.sort_unstable();
                clusters.dedup();
                return Err(DataError::ClassNotInSplit {
                    path: path.into(),
                    split,
                    class: class.clone(),
                    rows,
                    clusters: clusters.len(),
                    shared: self.shared,
                });
            }
        }
        Ok(bins.into_iter().map(|bin| splits[bin]).collect())
    }
}
