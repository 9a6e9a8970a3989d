//! The promoter task on the shipped data sets.

use dnabert_core::Split;

use crate::{RowSource, ShippedSet, ShippedTask};

/// A shipped promoter data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromoterSet {
    /// Fruit fly, 300 bp: −249..+50 around the transcription start site (TSS).
    Fly300,
    /// Fruit fly, the core 70 bp: −34..+35.
    FlyCore,
    /// Fruit fly, 300 bp: promoters with a TATA box against windows with the same hexamer at the same
    /// position.
    FlyTata,
    /// *E. coli*, 57 bp: −50..+7 (UCI).
    Uci,
}

impl PromoterSet {
    /// The shipped sets.
    pub const ALL: [Self; 4] = [Self::Fly300, Self::FlyCore, Self::FlyTata, Self::Uci];
}

impl ShippedSet for PromoterSet {
    const CLASSES: &'static [&'static str] = &["other", "promoter"];

    fn name(self) -> &'static str {
        match self {
            Self::Fly300 => "fly-promoter-300",
            Self::FlyCore => "fly-promoter-core",
            Self::FlyTata => "fly-promoter-tata",
            Self::Uci => "uci-promoter",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Fly300 | Self::FlyTata => 300,
            Self::FlyCore => 70,
            Self::Uci => 57,
        }
    }

    fn source(self, split: Split) -> RowSource {
        match self {
            Self::Fly300 => RowSource::table("fly_promoters/prom300_", split),
            Self::FlyCore => RowSource::table("fly_promoters/core70_", split),
            Self::FlyTata => RowSource::table("fly_promoters/tata300_", split),
            Self::Uci => RowSource::Fifths("uci_promoters/all.tsv.gz"),
        }
    }
}

/// Promoter or not, on one shipped data set.
///
/// ```
/// use dnabert_core::{Split, Task};
/// use dnabert_tasks::{PromoterSet, PromoterTask};
///
/// let task = PromoterTask::new("../../datasets", PromoterSet::Uci);
/// assert_eq!(task.classes(), ["other", "promoter"]);
/// assert_eq!(task.examples(Split::Train)?.len(), 66);
/// # Ok::<(), dnabert_tasks::DataError>(())
/// ```
pub type PromoterTask = ShippedTask<PromoterSet>;

#[cfg(test)]
mod tests {
    use super::*;
    use dnabert_core::Task;
    use std::collections::HashSet;

    fn task(set: PromoterSet) -> PromoterTask {
        PromoterTask::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"), set)
    }

    #[test]
    fn every_set_has_its_rows_and_lengths() {
        let rows = |set| {
            [Split::Train, Split::Dev, Split::Test].map(|split| {
                let examples = task(set).examples(split).unwrap();
                assert!(examples.iter().all(|example| example.sequence.len() == set.length()));
                let positive = examples.iter().filter(|example| example.label == 1).count();
                assert_eq!(2 * positive, examples.len(), "balanced");
                examples.len()
            })
        };
        assert_eq!(rows(PromoterSet::Fly300), [4114, 650, 1576]);
        assert_eq!(rows(PromoterSet::FlyCore), [4114, 650, 1576]);
        assert_eq!(rows(PromoterSet::FlyTata), [322, 82, 62]);
        assert_eq!(rows(PromoterSet::Uci), [66, 20, 20]);
    }

    #[test]
    fn no_sequence_is_in_two_splits() {
        for set in PromoterSet::ALL {
            let mut seen = HashSet::new();
            for split in [Split::Train, Split::Dev, Split::Test] {
                let sequences: HashSet<_> =
                    task(set).examples(split).unwrap().into_iter().map(|e| e.sequence).collect();
                let shared: Vec<_> = sequences.intersection(&seen).collect();
                assert!(shared.is_empty(), "{set:?}, {split}: {shared:?}");
                seen.extend(sequences);
            }
        }
    }
}
