//! The splice-site task on the shipped data sets.

use dnabert_core::Split;

use crate::{RowSource, ShippedSet, ShippedTask};

/// A shipped data set of splice sites; the exon-intron boundary is in the middle of every sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpliceSet {
    /// Fruit fly, 200 bp; sites against positions with the same GT or AG in the same genes.
    Fly,
    /// Primates, 60 bp (UCI), split by cluster.
    Uci,
    /// Human, 200 bp: only a test split, for models trained on [`Fly`](Self::Fly).
    Human,
    /// Human, 60 bp: only a test split, for windows of that width. It does not suit models trained on
    /// [`Uci`](Self::Uci), whose primates include humans: 236 rows share a 20-mer with that set.
    Human60,
}

impl SpliceSet {
    /// The shipped sets.
    pub const ALL: [Self; 4] = [Self::Fly, Self::Uci, Self::Human, Self::Human60];
}

impl ShippedSet for SpliceSet {
    const CLASSES: &'static [&'static str] = &["neither", "donor", "acceptor"];

    fn name(self) -> &'static str {
        match self {
            Self::Fly => "fly-splice",
            Self::Uci => "uci-splice",
            Self::Human => "human-splice",
            Self::Human60 => "human-splice-60",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Fly | Self::Human => 200,
            Self::Uci | Self::Human60 => 60,
        }
    }

    /// The human sets have only a test split.
    fn source(self, split: Split) -> RowSource {
        match (self, split) {
            (Self::Fly, _) => RowSource::table("fly_splice/splice200_", split),
            (Self::Uci, _) => RowSource::table("uci_splice/group_", split),
            (Self::Human, Split::Test) => RowSource::Table("human_splice/splice200.tsv.gz".into()),
            (Self::Human60, Split::Test) => RowSource::Table("human_splice/splice60.tsv.gz".into()),
            _ => RowSource::Nowhere,
        }
    }
}

/// Neither, donor or acceptor, on one shipped data set.
///
/// ```
/// use dnabert_core::{Split, Task};
/// use dnabert_tasks::{SpliceSet, SpliceTask};
///
/// let task = SpliceTask::new("../../datasets", SpliceSet::Human60);
/// assert_eq!(task.classes(), ["neither", "donor", "acceptor"]);
/// assert_eq!(task.examples(Split::Test)?.len(), 2568);
/// # Ok::<(), dnabert_tasks::DataError>(())
/// ```
pub type SpliceTask = ShippedTask<SpliceSet>;

#[cfg(test)]
mod tests {
    use super::*;
    use dnabert_core::Task;

    #[test]
    fn every_set_has_its_rows_and_sites_have_their_dinucleotide() {
        for (set, rows) in [
            (SpliceSet::Fly, [6809, 993, 1830]),
            (SpliceSet::Uci, [2391, 299, 299]),
            (SpliceSet::Human, [0, 0, 2568]),
            (SpliceSet::Human60, [0, 0, 2568]),
        ] {
            let task = SpliceTask::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"), set);
            let (mut right, mut sites) = (0, 0);
            for (split, rows) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(rows) {
                let examples = task.examples(split).unwrap();
                assert_eq!(examples.len(), rows, "{set:?} {split}");
                for example in examples {
                    let bases = example.sequence.as_bytes();
                    assert_eq!(bases.len(), set.length());
                    let middle = set.length() / 2;
                    sites += usize::from(example.label > 0);
                    right += usize::from(match example.label {
                        1 => bases[middle..].starts_with(b"GT"),
                        2 => bases[..middle].ends_with(b"AG"),
                        _ => false,
                    });
                }
            }
            assert!(right as f64 > 0.98 * sites as f64, "{set:?}: {right} of {sites}");
        }
    }
}
