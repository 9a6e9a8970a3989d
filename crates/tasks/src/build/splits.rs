//! Which split a window belongs to.

use dnabert_core::Split;
use dnabert_genome::Interval;

/// Deals windows to splits by where they lie, so that no two splits share sequence by overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splits {
    /// These chromosomes to dev and to test, all others to train.
    Chromosomes {
        /// Chromosomes of the dev split.
        dev: Vec<String>,
        /// Chromosomes of the test split.
        test: Vec<String>,
    },
    /// On every chromosome, what starts from this base on to dev, from that on to test.
    Position {
        /// The first base of dev, from 0.
        dev: usize,
        /// The first base of test, from 0.
        test: usize,
    },
}

impl Splits {
    /// The split of a window; `None` for one that lies across a border.
    pub fn of(&self, interval: &Interval) -> Option<Split> {
        match self {
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
    fn borders_divide_and_what_lies_across_belongs_nowhere() {
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
}
