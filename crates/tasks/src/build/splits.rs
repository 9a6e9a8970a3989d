//! The split of each window.

use dnabert_core::Split;
use dnabert_genome::{Genome, Interval};

use super::{BuildError, Window};
use crate::cluster::{clusters, deal};

/// How windows are divided into splits, so that windows of two splits do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splits {
    /// By chromosome: these are for dev and test, all others for train.
    Chromosomes {
        /// Chromosomes of the dev split.
        dev: Vec<String>,
        /// Chromosomes of the test split.
        test: Vec<String>,
    },
    /// By position on every chromosome: train, then dev, then test.
    Position {
        /// The first base of dev, from 0.
        dev: usize,
        /// The first base of test, from 0.
        test: usize,
    },
    /// By similarity: windows that share a k-mer are in one split, wherever they are. Eight of ten
    /// windows are for train, one for dev and one for test.
    Clusters {
        /// Length of the k-mers that windows of two splits may not share, on either strand.
        shared: usize,
        /// Decides between splits that fit a cluster equally well.
        seed: u64,
    },
}

impl Splits {
    /// Splits by chromosome, by any name that `genome` accepts for them.
    ///
    /// # Errors
    ///
    /// [`BuildError::Genome`] if the genome does not have a chromosome, and
    /// [`BuildError::InTwoSplits`].
    pub fn chromosomes(
        genome: &Genome,
        dev: &[String],
        test: &[String],
    ) -> Result<Self, BuildError> {
        let names = |names: &[String]| -> Result<Vec<String>, BuildError> {
            names.iter().map(|name| Ok(genome.chromosome(name)?.0.to_owned())).collect()
        };
        let (dev, test) = (names(dev)?, names(test)?);
        match dev.iter().find(|name| test.contains(name)) {
            Some(name) => Err(BuildError::InTwoSplits { name: name.clone() }),
            None => Ok(Self::Chromosomes { dev, test }),
        }
    }

    /// The split of each window; `None` for a window across a border.
    pub fn deal(&self, windows: &[Window]) -> Vec<Option<Split>> {
        let Self::Clusters { shared, seed } = self else {
            return windows.iter().map(|window| self.of(&window.interval)).collect();
        };
        let numbers = clusters(windows.iter().map(|window| &window.sequence), *shared);
        let labels: Vec<usize> = windows.iter().map(|window| window.label).collect();
        let bins = deal(&numbers, &labels, &[0.8, 0.1, 0.1], *seed);
        let splits = [Split::Train, Split::Dev, Split::Test];
        bins.into_iter().map(|bin| Some(splits[bin])).collect()
    }

    /// The split of an interval, by its chromosome or position.
    fn of(&self, interval: &Interval) -> Option<Split> {
        match self {
            Self::Clusters { .. } => None,
            Self::Chromosomes { dev, test } => {
                let is_in =
                    |names: &[String]| names.iter().any(|name| name == interval.chromosome());
                Some(if is_in(test) {
                    Split::Test
                } else if is_in(dev) {
                    Split::Dev
                } else {
                    Split::Train
                })
            }
            Self::Position { dev, test } => {
                let at = |base: usize| {
                    if base >= *test {
                        Split::Test
                    } else if base >= *dev {
                        Split::Dev
                    } else {
                        Split::Train
                    }
                };
                let last = interval.end().max(interval.start() + 1) - 1;
                let split = at(interval.start());
                (split == at(last)).then_some(split)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dnabert_genome::Strand;

    use super::*;

    #[test]
    fn windows_across_a_border_are_in_no_split() {
        let splits = Splits::Position { dev: 100, test: 200 };
        let of = |start, end| splits.of(&Interval::new("c", start, end, Strand::Forward).unwrap());
        assert_eq!(of(90, 100), Some(Split::Train));
        assert_eq!(of(90, 101), None);
        assert_eq!(of(100, 200), Some(Split::Dev));
        assert_eq!(of(50, 250), None);
        assert_eq!(of(200, 300), Some(Split::Test));
        let splits = Splits::Chromosomes { dev: vec!["2".into()], test: vec!["3".into()] };
        let of = |name: &str| splits.of(&Interval::new(name, 0, 9, Strand::Forward).unwrap());
        let found = ["1", "2", "3"].map(of);
        assert_eq!(found, [Some(Split::Train), Some(Split::Dev), Some(Split::Test)]);
    }

    #[test]
    fn similar_windows_are_in_one_split_wherever_they_are() {
        let bases = |row: u64| -> String {
            let base = |place| b"ACGT"[dnabert_core::derive_seed(row, &[place]) as usize % 4];
            String::from_utf8((0..30).map(base).collect()).unwrap()
        };
        // Every second window shares half of its bases with the one before.
        let window = |row: u64| {
            let text = bases(row / 2);
            let text = if row.is_multiple_of(2) {
                text
            } else {
                text[15..].to_owned() + &bases(row)[15..]
            };
            let start = row as usize * 1000;
            let interval = Interval::new("c", start, start + 30, Strand::Forward).unwrap();
            Window { interval, label: (row / 2 % 2) as usize, sequence: text.parse().unwrap() }
        };
        let windows: Vec<Window> = (0..100).map(window).collect();
        let dealt = Splits::Clusters { shared: 12, seed: 3 }.deal(&windows);
        assert!(dealt.chunks(2).all(|pair| pair[0] == pair[1] && pair[0].is_some()));
        for (split, rows) in [(Split::Train, 80), (Split::Dev, 10), (Split::Test, 10)] {
            let found = dealt.iter().filter(|found| **found == Some(split)).count();
            assert!(found.abs_diff(rows) <= 4, "{split}: {found}");
        }
    }
}
