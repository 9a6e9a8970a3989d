//! The promoter task on the data sets that the project ships.

use std::path::PathBuf;

use dnabert_core::{Example, Split, Task};

use crate::DataError;
use crate::shipped::Shipped;

/// A shipped promoter data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromoterSet {
    /// Fruit fly, 300 bp: −249..+50 around the transcription start site (TSS).
    Fly300,
    /// Fruit fly, the core 70 bp: −34..+35.
    FlyCore,
    /// Fruit fly, 300 bp, promoters with a TATA box against windows with the same hexamer in place.
    FlyTata,
    /// *E. coli*, 57 bp: −50..+7 (UCI).
    Uci,
}

impl PromoterSet {
    /// The shipped sets.
    pub const ALL: [Self; 4] = [Self::Fly300, Self::FlyCore, Self::FlyTata, Self::Uci];

    /// The task's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fly300 => "fly-promoter-300",
            Self::FlyCore => "fly-promoter-core",
            Self::FlyTata => "fly-promoter-tata",
            Self::Uci => "uci-promoter",
        }
    }

    /// Length of every sequence in bases.
    pub fn length(self) -> usize {
        match self {
            Self::Fly300 | Self::FlyTata => 300,
            Self::FlyCore => 70,
            Self::Uci => 57,
        }
    }
}

/// Promoter or not, on one shipped data set.
#[derive(Debug, Clone)]
pub struct PromoterTask {
    data: Shipped,
    set: PromoterSet,
}

impl PromoterTask {
    /// The task on `set`, in the project's `datasets` folder.
    pub fn new(datasets: impl Into<PathBuf>, set: PromoterSet) -> Self {
        Self { data: Shipped::new(datasets, &["other", "promoter"]), set }
    }
}

impl Task for PromoterTask {
    type Error = DataError;

    fn name(&self) -> &str {
        self.set.name()
    }

    fn classes(&self) -> &[String] {
        self.data.classes()
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, DataError> {
        match self.set {
            PromoterSet::Fly300 => self.data.split("fly_promoters/prom300_", split),
            PromoterSet::FlyCore => self.data.split("fly_promoters/core70_", split),
            PromoterSet::FlyTata => self.data.split("fly_promoters/tata300_", split),
            PromoterSet::Uci => Ok(fifths(self.data.read("uci_promoters/all.tsv.gz")?, split)),
        }
    }
}

/// Splits a set that comes without splits: within each class, of every five rows in file order
/// the fourth goes to dev, the fifth to test, the others to train.
fn fifths(examples: Vec<Example>, split: Split) -> Vec<Example> {
    let mut seen = [0_usize; 2];
    let mut turn = |example: &Example| {
        let rows = &mut seen[example.label];
        *rows += 1;
        match (*rows - 1) % 5 {
            3 => Split::Dev,
            4 => Split::Test,
            _ => Split::Train,
        }
    };
    examples.into_iter().filter(|example| turn(example) == split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
