//! The task of transcription-factor binding on the shipped data sets.

use dnabert_core::Split;

use crate::{RowSource, ShippedSet, ShippedTask};

/// A shipped data set of binding sites of a transcription factor: 101 bp, ChIP-seq peaks against
/// windows of the genome with the same GC content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingSet {
    /// TAp73-alpha in human Saos-2 cells (Koeppel et al. 2011, doi 10.1093/nar/gkr028).
    Tap73Alpha,
    /// CTCF in human GM12878 cells (ENCODE 2012, doi 10.1038/nature11247).
    CtcfGm12878,
}

impl BindingSet {
    /// The shipped sets.
    pub const ALL: [Self; 2] = [Self::Tap73Alpha, Self::CtcfGm12878];
}

impl ShippedSet for BindingSet {
    const CLASSES: &'static [&'static str] = &["other", "bound"];

    fn name(self) -> &'static str {
        match self {
            Self::Tap73Alpha => "tap73alpha-binding",
            Self::CtcfGm12878 => "ctcf-binding",
        }
    }

    fn length(self) -> usize {
        101
    }

    fn source(self, split: Split) -> RowSource {
        match self {
            Self::Tap73Alpha => RowSource::table("tap73alpha/", split),
            Self::CtcfGm12878 => RowSource::table("ctcf_gm12878/", split),
        }
    }
}

/// Bound or not, on one shipped data set.
///
/// ```
/// use dnabert_core::{Split, Task};
/// use dnabert_tasks::{BindingSet, BindingTask};
///
/// let task = BindingTask::new("../../datasets", BindingSet::Tap73Alpha);
/// assert_eq!(task.classes(), ["other", "bound"]);
/// assert_eq!(task.examples(Split::Train)?[0].sequence.len(), 101);
/// # Ok::<(), dnabert_tasks::DataError>(())
/// ```
pub type BindingTask = ShippedTask<BindingSet>;

#[cfg(test)]
mod tests {
    use super::*;
    use dnabert_core::Task;

    #[test]
    fn every_set_has_its_rows() {
        for (set, rows) in
            [(BindingSet::Tap73Alpha, [1600, 200, 200]), (BindingSet::CtcfGm12878, [800, 100, 100])]
        {
            let task =
                BindingTask::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"), set);
            for (split, rows) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(rows) {
                let examples = task.examples(split).unwrap();
                assert_eq!(examples.len(), rows, "{set:?} {split}");
                assert!(examples.iter().all(|example| example.sequence.len() == set.length()));
                let bound = examples.iter().filter(|example| example.label == 1).count();
                assert!((2 * bound).abs_diff(rows) < rows / 5, "{bound} of {rows} are bound");
            }
        }
    }
}
