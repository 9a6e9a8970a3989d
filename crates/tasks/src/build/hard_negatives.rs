//! Hard negatives in the place of easy ones.

use std::collections::HashSet;

use dnabert_core::Split;
use dnabert_genome::Interval;

use super::{BuildError, Built, Splits, Window};

/// What [`Built::mine_hard_negatives`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HardNegatives {
    /// Negatives of the training split, of class 0.
    pub negatives: usize,
    /// How many of them are hard ones now.
    pub replaced: usize,
}

impl Built {
    /// Puts windows that `find` gives, such as [`adversarial_non_sites`](super::adversarial_non_sites), in the place of as
    /// many others of class 0 of the training split; it is asked for as many as there are, and told which windows lie in that
    /// split. Dev and test stay as they are: rows that were chosen against one model judge no other fairly.
    ///
    /// # Errors
    ///
    /// What `find` says, and [`BuildError::HardInClusters`]; then nothing is changed.
    pub fn mine_hard_negatives(
        &mut self,
        splits: &Splits,
        find: impl FnOnce(usize, &dyn Fn(&Window) -> bool) -> Result<Vec<Window>, BuildError>,
    ) -> Result<HardNegatives, BuildError> {
        if matches!(splits, Splits::Clusters { .. }) {
            // New windows would make other clusters.
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
