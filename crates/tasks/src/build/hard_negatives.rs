//! Hard negatives replace easy ones.

use std::collections::HashSet;

use dnabert_core::Split;
use dnabert_genome::Interval;

use super::{BuildError, Built, Splits, Window};

/// The counts of [`Built::mine_hard_negatives`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HardNegatives {
    /// Negatives (class 0) of the training split.
    pub negatives: usize,
    /// How many of them were replaced by hard ones.
    pub replaced: usize,
}

impl Built {
    /// Replaces negatives (class 0) of the training split by the windows that `find` returns, such as
    /// those of [`adversarial_non_sites`](super::adversarial_non_sites).
    ///
    /// `find` is given the number of negatives of the training split, and a function that says whether
    /// a window is in that split. Dev and test are unchanged: rows that were chosen to be hard for
    /// one model would not evaluate others fairly.
    ///
    /// # Errors
    ///
    /// The error of `find`, or [`BuildError::HardInClusters`]; then nothing is changed.
    pub fn mine_hard_negatives(
        &mut self,
        splits: &Splits,
        find: impl FnOnce(usize, &dyn Fn(&Window) -> bool) -> Result<Vec<Window>, BuildError>,
    ) -> Result<HardNegatives, BuildError> {
        if matches!(splits, Splits::Clusters { .. }) {
            // New windows would change the clusters.
            return Err(BuildError::HardInClusters);
        }
        let in_train = |windows: &[Window]| -> Vec<bool> {
            splits.deal(windows).into_iter().map(|split| split == Some(Split::Train)).collect()
        };
        let of_train = in_train(&self.windows);
        let negatives: Vec<usize> =
            (0..of_train.len()).filter(|&at| of_train[at] && self.windows[at].label == 0).collect();
        let is_of_train = |window: &Window| in_train(std::slice::from_ref(window)) == [true];
        let found = find(negatives.len(), &is_of_train)?;
        let is_usable = in_train(&found);
        let mut known: HashSet<Interval> =
            self.windows.iter().map(|window| window.interval.clone()).collect();
        let hard = found
            .into_iter()
            .zip(is_usable)
            .filter(|(window, usable)| *usable && window.label == 0)
            .filter(|(window, _)| known.insert(window.interval.clone()));
        let mut outcome = HardNegatives { negatives: negatives.len(), replaced: 0 };
        for (at, (window, _)) in negatives.into_iter().rev().zip(hard) {
            self.windows[at] = window;
            outcome.replaced += 1;
        }
        Ok(outcome)
    }
}
